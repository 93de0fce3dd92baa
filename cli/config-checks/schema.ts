import { showValue, toRecord, toText } from '../../core/json.ts'
import { findSparkApplicationApi } from '../../core/spark/application.ts'
import { findOperatorSchemas, findServedVersions } from '../operator-schemas/operator-schemas.ts'
import { findSchemaProblems, formatPath, type SchemaProblem } from '../operator-schemas/schema-problems.ts'
import type { StructuralSchema } from '../operator-schemas/structural-schema.ts'
import type { ConfOrigin } from '../spark-conf/application-conf.ts'
import type { ApplicationInput, ResourceInput } from '../static-checks/input.ts'
import { formatValue } from '../static-checks/shown-value.ts'
import type { ValidationViolations } from './subject.ts'

/** The schema of a cluster's own CRD. Null if it is unknown: the schemas of all releases are then tried. */
export type ClusterSchema = StructuralSchema | null

/** The result of comparing an object with the operator's definition of its kind. */
export type SchemaCheck =
  /** No release serves this version or kind, so that nothing else can be said about its fields. */
  | {
      readonly kind: 'not-served'
      readonly field: 'apiVersion' | 'kind'
      readonly given: string
      readonly form: string
    }
  | { readonly kind: 'checked'; readonly problems: readonly SchemaProblem[] }

/** Compares an object with the schemas of all releases of its operator, or with the one of the cluster. */
export function checkSchema(
  { written, operator }: Pick<ApplicationInput, 'written' | 'operator'>,
  schema: ClusterSchema,
): SchemaCheck {
  return compare(written, findSparkApplicationApi(operator).group, schema)
}

/** As {@link checkSchema}, for another kind of an operator's API group. */
export function checkResource({ object }: ResourceInput): SchemaCheck {
  const [group = ''] = toText(object.apiVersion).split('/')
  return compare(object, group, null)
}

function compare(object: Readonly<Record<string, unknown>>, group: string, schema: ClusterSchema): SchemaCheck {
  const kind = toText(object.kind)
  const given = object.apiVersion === undefined ? 'not set' : showValue(object.apiVersion, 128)
  const versions = findServedVersions(group, kind)
  if (versions.length === 0) {
    return { kind: 'not-served', field: 'kind', given: showValue(kind, 128), form: `a kind of ${group}` }
  }
  const [ownGroup, version = ''] = toText(object.apiVersion ?? '').split('/')
  if (ownGroup !== group || !versions.includes(version)) {
    const form = versions.map((one) => `${group}/${one}`).join(' or ')
    return { kind: 'not-served', field: 'apiVersion', given, form }
  }
  const schemas = schema === null ? findOperatorSchemas(group, version, kind).map((one) => one.schema) : [schema]
  return { kind: 'checked', problems: findSchemaProblems(schemas, object) }
}

/** The violations of a check, with the paths and lines of the file. */
export function describeSchema(check: SchemaCheck, origin: ConfOrigin): ValidationViolations {
  if (check.kind === 'not-served') {
    const { field, given, form } = check
    const evidence = { source: origin.source, line: origin.lineAt([field]), excerpt: `${field}: ${given}`, count: 1 }
    return [{ check: 'apiVersion', details: { path: field, given, form }, evidence: [evidence] }]
  }
  return check.problems.map((problem) => describeProblem(problem, origin))
}

function describeProblem(problem: SchemaProblem, origin: ConfOrigin): ValidationViolations[number] {
  const path = formatPath(problem.path)
  const name = toText(problem.path.at(-1) ?? '')
  const shown = problem.value === undefined ? '' : formatValue(name, showValue(problem.value, 128))
  const evidence = {
    source: origin.source,
    line: origin.lineAt(problem.path),
    excerpt: shown === '' ? path : `${path}: ${shown}`,
    count: 1,
  }
  const corrected = problem.corrected === undefined ? problem.form : formatValue(name, problem.corrected)
  const details = { path, value: shown, form: problem.form, corrected }
  switch (problem.kind) {
    case 'type':
      return { check: 'unquoted', details: { ...details, actual: describeActual(problem.value) }, evidence: [evidence] }
    case 'value':
      return {
        check: 'schema',
        details: { ...details, problem: `is ${shown}; it must be ${problem.form}` },
        evidence: [evidence],
      }
    case 'required': {
      const form = problem.form === 'set' ? '' : `; it must be ${problem.form}`
      return { check: 'schema', details: { ...details, problem: `is not set${form}` }, evidence: [evidence] }
    }
    case 'unknown': {
      const kind = toText(origin.kind)
      return {
        check: 'schema',
        details: {
          ...details,
          corrected: 'a field that the CRD defines',
          problem: `is not a field of ${kind}${problem.form}`,
        },
        evidence: [evidence],
      }
    }
  }
}

function describeActual(value: unknown): string {
  if (Array.isArray(value)) return 'the list'
  if (value === null) return 'the value'
  return `the ${typeof value}`
}

/** Whether the schema check found a problem at the path of a SparkApplication, or below it. */
export function hasSchemaProblem(check: SchemaCheck | null, path: readonly string[]): boolean {
  if (check?.kind !== 'checked') return check !== null
  return check.problems.some((problem) => {
    const own = problem.path.filter((part, index) => !(index === 1 && part === 'template'))
    return path.every((part, index) => own[index] === part)
  })
}

/** The name of an object, to distinguish the findings of a file with several. */
export const findName = (object: Readonly<Record<string, unknown>>): string =>
  toText(toRecord(object.metadata).name ?? '(no name)')
