import { isRecord, toList, toRecord } from '../../core/json.ts'

/**
 * The part of a CRD's `openAPIV3Schema` that decides whether the API server accepts a value. Structural schemas are a small
 * subset of JSON Schema with extensions of Kubernetes, so that a validator of JSON Schema would fit neither its unknown
 * fields nor `x-kubernetes-int-or-string`.
 */
export interface StructuralSchema {
  /** Undefined if any type is accepted. */
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array' | 'int-or-string'
  readonly nullable?: true
  /** Whether fields that `properties` does not name are kept. */
  readonly open?: true
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly pattern?: string
  readonly properties?: Readonly<Record<string, StructuralSchema>>
  /** Without the properties that have a default. */
  readonly required?: readonly string[]
  readonly items?: StructuralSchema
  /** The schema of the values of a map. */
  readonly values?: StructuralSchema
}

/** Parses the `openAPIV3Schema` of a CRD. What the check does not use, such as descriptions, is left out. */
export function parseStructuralSchema(schema: Readonly<Record<string, unknown>>): StructuralSchema {
  const { properties, items, additionalProperties, nullable } = schema
  const required = parseRequired(schema)
  const type = parseType(schema)
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true || additionalProperties === true
  return {
    ...(type !== undefined && { type }),
    ...(nullable === true && { nullable }),
    ...(isOpen && { open: true }),
    ...(Array.isArray(schema.enum) && { enum: schema.enum }),
    ...parseBounds(schema),
    ...(isRecord(properties) && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, part]) => [name, parseStructuralSchema(toRecord(part))]),
      ),
    }),
    ...(required.length > 0 && { required }),
    ...(isRecord(items) && { items: parseStructuralSchema(items) }),
    ...(isRecord(additionalProperties) && { values: parseStructuralSchema(additionalProperties) }),
  }
}

function parseType(schema: Readonly<Record<string, unknown>>): StructuralSchema['type'] {
  if (schema['x-kubernetes-int-or-string'] === true) return 'int-or-string'
  return types.find((type) => type === schema.type)
}

const types = ['string', 'integer', 'number', 'boolean', 'object', 'array'] as const

/** The API server sets defaults before it validates, so that a property with a default is never missing. */
function parseRequired({ required, properties }: Readonly<Record<string, unknown>>): readonly string[] {
  const parts = toRecord(properties)
  return toList(required)
    .filter((name) => typeof name === 'string')
    .filter((name) => toRecord(parts[name]).default === undefined)
}

function parseBounds(schema: Readonly<Record<string, unknown>>): Partial<StructuralSchema> {
  const bounds = Object.fromEntries(
    ['minimum', 'maximum', 'minLength', 'maxLength', 'minItems'].flatMap((name) => {
      const value = schema[name]
      return typeof value === 'number' ? [[name, value]] : []
    }),
  )
  return { ...bounds, ...(typeof schema.pattern === 'string' && { pattern: schema.pattern }) }
}
