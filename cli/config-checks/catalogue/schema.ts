import { change } from '../../findings/remedies.ts'
import type { StaticRule } from '../../static-checks/run.ts'

/** Findings about the object in the file, compared with the CRDs of its operator. */
export const schemaChecks = {
  apiVersion: {
    id: 'SPN-VALIDATE-API-VERSION',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The operator does not serve this version or kind',
    detail: '{path} is {given}; it must be {form}',
    meaning:
      'kubectl reports that there are no matches for the kind. No other field was checked, because a version defines its own fields.',
    remedies: [change('Set {path} to {form}')],
  },
  schema: {
    id: 'SPN-VALIDATE-SCHEMA',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'A field does not fit the CRD of the operator',
    detail: '{path} {problem}',
    meaning:
      'The API server rejects a missing required field and a value outside the range of its field. kubectl also rejects an unknown field; other clients create the object without it.',
    remedies: [change('Change it to {corrected}')],
  },
  unquoted: {
    id: 'SPN-VALIDATE-UNQUOTED',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'A field of the SparkApplication has the wrong type',
    detail: '{path} is {actual} {value}; it must be {form}',
    meaning:
      'The API server rejects a value of another type than the CRD defines. YAML reads 1, true and 1e3 without quotes as numbers and booleans.',
    remedies: [change('Change it to {corrected}')],
  },
  duplicateKey: {
    id: 'SPN-VALIDATE-DUPLICATE-KEY',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'A key occurs twice in one map of the file',
    detail: '{key} occurs in line {earlier} and again in line {line}, whose value applies',
    meaning: 'kubectl, Helm and Argo CD silently use the last value. Other YAML parsers reject the file.',
    remedies: [change('Keep one of them')],
  },
} as const satisfies Readonly<Record<string, StaticRule>>
