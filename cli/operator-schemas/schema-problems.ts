import { distance } from 'fastest-levenshtein'
import { isRecord, showValue } from '../../core/json.ts'
import { suggestCorrection } from './corrections.ts'
import type { StructuralSchema } from './structural-schema.ts'

/** The names and indexes that lead to a field, from the object. */
export type FieldPath = readonly (string | number)[]

/** A field for which the API server rejects the object. */
export interface SchemaProblem {
  readonly kind: 'type' | 'required' | 'unknown' | 'value'
  readonly path: FieldPath
  /** The offending value. Undefined if the field is missing or unknown. */
  readonly value?: unknown
  /** What the field must be or have, phrased to follow "must be", or the field that was probably meant. */
  readonly form: string
  /** What to write instead, in YAML. */
  readonly corrected?: string
}

/**
 * The problems of an object in the schema that accepts the most of it, which is the newest one if several do. Releases of an
 * operator differ, and offline it is unknown which of them is installed. Empty if at least one accepts the object.
 */
export function findSchemaProblems(
  schemas: readonly StructuralSchema[],
  object: Readonly<Record<string, unknown>>,
): readonly SchemaProblem[] {
  let best: readonly SchemaProblem[] | undefined
  for (const schema of schemas.toReversed()) {
    const problems = findProblems(toRootSchema(schema), object)
    if (best === undefined || weigh(problems) < weigh(best)) best = problems
    if (best.length === 0) break
  }
  return best ?? []
}

/** A release that lacks a field says less about the object than one that knows it and misses another. */
const weigh = (problems: readonly SchemaProblem[]): number =>
  problems.reduce((sum, { kind }) => sum + (kind === 'unknown' ? 100 : 1), 0)

const string = { type: 'string' } as const
const strings = { type: 'object', values: string } as const

/** ObjectMeta, which a CRD cannot define. Fields that only the API server sets are accepted as they are. */
const metadataSchema: StructuralSchema = {
  type: 'object',
  properties: {
    name: string,
    generateName: string,
    namespace: string,
    labels: strings,
    annotations: strings,
    finalizers: { type: 'array', items: string },
    ...Object.fromEntries(
      [
        ...['creationTimestamp', 'deletionGracePeriodSeconds', 'deletionTimestamp', 'generation', 'managedFields'],
        ...['ownerReferences', 'resourceVersion', 'selfLink', 'uid'],
      ].map((name) => [name, {}]),
    ),
  },
}

/** The schema of a whole object. Its status is not what the user wrote. */
function toRootSchema(schema: StructuralSchema): StructuralSchema {
  const { properties = {} } = schema
  return {
    ...schema,
    type: 'object',
    properties: { ...properties, apiVersion: string, kind: string, metadata: metadataSchema, status: {} },
  }
}

interface Place {
  readonly path: FieldPath
  /** The schema of the whole object, to find where a misplaced field belongs. */
  readonly root: StructuralSchema
}

function findProblems(root: StructuralSchema, object: Readonly<Record<string, unknown>>): readonly SchemaProblem[] {
  return check(root, object, { path: [], root })
}

function check(schema: StructuralSchema, value: unknown, place: Place): readonly SchemaProblem[] {
  if (value === null)
    return schema.nullable === true || schema.type === undefined ? [] : [wrongType(schema, value, place)]
  if (!hasType(schema, value)) return [wrongType(schema, value, place)]
  if (Array.isArray(value)) return checkList(schema, value, place)
  if (isRecord(value)) return checkObject(schema, value, place)
  const form = findForm(schema, value)
  if (form === undefined) return []
  const corrected = suggestCorrection(schema, value)
  return [{ kind: 'value', path: place.path, value, form, ...(corrected !== undefined && { corrected }) }]
}

function hasType({ type }: StructuralSchema, value: unknown): boolean {
  switch (type) {
    case 'string':
    case 'boolean':
    case 'number':
      return typeof value === type
    case 'integer':
      return Number.isInteger(value)
    case 'int-or-string':
      return typeof value === 'string' || Number.isInteger(value)
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isRecord(value)
    default:
      return true
  }
}

function wrongType(schema: StructuralSchema, value: unknown, { path }: Place): SchemaProblem {
  const corrected = suggestCorrection(schema, value)
  return { kind: 'type', path, value, form: describeType(schema), ...(corrected !== undefined && { corrected }) }
}

const typeNames = {
  string: 'a string',
  integer: 'a whole number without quotes',
  number: 'a number without quotes',
  boolean: 'true or false, without quotes',
  object: 'an object',
  array: 'a list',
  'int-or-string': 'a whole number or a string',
} as const

/** The type, phrased to follow "must be". */
export function describeType({ type, enum: choices, items, values }: StructuralSchema): string {
  if (choices !== undefined) return describeChoices(choices)
  if (type === 'array' && items?.type !== undefined && items.type !== 'array') return `a list of ${plurals[items.type]}`
  if (type === 'object' && values?.type === 'string') return 'a map of strings'
  return type === undefined ? 'a value' : typeNames[type]
}

const plurals = {
  string: 'strings',
  integer: 'whole numbers',
  number: 'numbers',
  boolean: 'booleans',
  object: 'objects',
  'int-or-string': 'numbers or strings',
} as const

const describeChoices = (choices: readonly unknown[]) =>
  `one of ${choices.map((choice) => (typeof choice === 'string' ? choice || '""' : showValue(choice))).join(', ')}`

/** The form that a scalar of the right type must have. Undefined if it has it. */
function findForm(schema: StructuralSchema, value: unknown): string | undefined {
  const { enum: choices } = schema
  if (choices !== undefined) return choices.includes(value) ? undefined : describeChoices(choices)
  if (typeof value === 'number') return findNumberForm(schema, value)
  return typeof value === 'string' ? findStringForm(schema, value) : undefined
}

function findNumberForm({ minimum, maximum }: StructuralSchema, value: number): string | undefined {
  if (minimum !== undefined && value < minimum) return `at least ${minimum}`
  return maximum !== undefined && value > maximum ? `at most ${maximum}` : undefined
}

function findStringForm(schema: StructuralSchema, value: string): string | undefined {
  const { minLength = 0, maxLength, pattern } = schema
  if (value.length < minLength) return minLength === 1 ? 'set' : `at least ${minLength} characters long`
  if (maxLength !== undefined && value.length > maxLength) return `at most ${maxLength} characters long`
  return pattern === undefined || matches(pattern, value) ? undefined : describePattern(schema)
}

/** No value of Kubernetes with a pattern is longer. A longer one is not worth the time that a pattern may take. */
const maxMatched = 1024

function matches(pattern: string, value: string): boolean {
  if (value.length > maxMatched) return true
  try {
    return new RegExp(pattern, 'u').test(value)
  } catch {
    // Go and JavaScript differ in rare constructs. The API server decides then.
    return true
  }
}

/** The only pattern of the operators' schemas for a number or string is the one of amounts. */
const describePattern = ({ type, pattern }: StructuralSchema) =>
  type === 'int-or-string' && pattern?.includes('([KMGTPE]i)') === true
    ? 'an amount such as 2, 500m or 1Gi'
    : `of the form ${pattern}`

function checkList(schema: StructuralSchema, list: readonly unknown[], place: Place): readonly SchemaProblem[] {
  const { items, minItems = 0 } = schema
  if (list.length < minItems) {
    return [{ kind: 'value', path: place.path, value: list, form: `a list with at least ${minItems} items` }]
  }
  if (items === undefined) return []
  return list.flatMap((item, index) => check(items, item, { ...place, path: [...place.path, index] }))
}

function checkObject(
  schema: StructuralSchema,
  object: Readonly<Record<string, unknown>>,
  place: Place,
): readonly SchemaProblem[] {
  const { properties = {}, required = [] } = schema
  const missing = required.filter((name) => object[name] === undefined || object[name] === null)
  return [
    ...Object.entries(object).flatMap(([name, value]) => checkField(schema, name, value, place)),
    ...missing.map((name) => {
      const part = properties[name]
      const form = part === undefined ? 'set' : describeType(part)
      return { kind: 'required', path: [...place.path, name], form } as const
    }),
  ]
}

function checkField(schema: StructuralSchema, name: string, value: unknown, place: Place): readonly SchemaProblem[] {
  const { properties = {}, values } = schema
  const part = Object.hasOwn(properties, name) ? properties[name] : values
  const path = [...place.path, name]
  // The API server removes a null from a field that is not nullable.
  if (part !== undefined) return value === null ? [] : check(part, value, { ...place, path })
  if (schema.open === true || isShapeless(schema)) return []
  return [{ kind: 'unknown', path, form: suggestField(name, schema, place) }]
}

/** Whether the schema says nothing, as for `status` and for the fields of ObjectMeta that the API server sets. */
const isShapeless = ({ properties, type }: StructuralSchema) => properties === undefined && type === undefined

/** Fields of other objects of Kubernetes and of Spark that are written for one of an operator. */
const synonyms: Readonly<Record<string, string>> = {
  args: 'arguments',
  conf: 'sparkConf',
  count: 'instances',
  cpu: 'cores',
  cpus: 'cores',
  mainclass: 'mainClass',
  mainfile: 'mainApplicationFile',
  numexecutors: 'instances',
  replicas: 'instances',
  serviceaccountname: 'serviceAccount',
}

/** `; did you mean NAME?`, or where a field of that name is. Empty if nothing is near. */
function suggestField(name: string, { properties = {} }: StructuralSchema, { path, root }: Place): string {
  const names = Object.keys(properties)
  const synonym = synonyms[name.toLowerCase()]
  const near = names
    .map((candidate) => ({ candidate, edits: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= Math.max(1, Math.floor(candidate.length / 4)))
    .toSorted((a, b) => a.edits - b.edits)[0]?.candidate
  const meant = near ?? (synonym !== undefined && names.includes(synonym) ? synonym : undefined)
  if (meant !== undefined) return `; did you mean ${meant}?`
  const elsewhere = findElsewhere(root, name, [], 4).filter((found) => found !== formatPath([...path, name]))
  return elsewhere.length === 0 ? '' : `; did you mean ${elsewhere.slice(0, 2).join(' or ')}?`
}

/** The paths of fields with the name, through at most `depth` objects. */
function findElsewhere(schema: StructuralSchema, name: string, path: FieldPath, depth: number): readonly string[] {
  if (depth === 0) return []
  return Object.entries(schema.properties ?? {})
    .filter(([field]) => path.length > 0 || field === 'spec')
    .flatMap(([field, part]) => [
      ...(field.toLowerCase() === name.toLowerCase() ? [formatPath([...path, field])] : []),
      ...findElsewhere(part, name, [...path, field], depth - 1),
    ])
}

/** `spec.volumes[0].name`; a name with other characters is quoted: `metadata.labels["a.b/c"]`. */
export function formatPath(path: FieldPath): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`
      if (!/^[A-Za-z_][\w-]*$/.test(part)) return `[${showValue(part, 128)}]`
      return index === 0 ? part : `.${part}`
    })
    .join('')
}
