import { change } from '../../findings/remedies.ts'
import type { StaticRule } from '../../static-checks/run.ts'

const table = 'https://spark.apache.org/docs/latest/configuration.html'

/** Findings about values, and their order of precedence. */
export const valuesChecks = {
  value: {
    id: 'SPN-VALIDATE-VALUE',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'A setting has an invalid value',
    detail: '{key} is {value}; it must be {form}',
    meaning:
      'Spark converts a setting when it first reads it: at submission, or when the context or the first query starts. It exits at the first value that it cannot convert.',
    remedies: [change(`Correct the value; all settings: ${table}`)],
  },
  unit: {
    id: 'SPN-VALIDATE-UNIT',
    cause: 'config',
    severity: 'warning',
    confidence: 'medium',
    title: 'A size or time without a unit is far from its default',
    detail: '{key}={value} has no unit and is {amount}; the default is {usual}',
    meaning: 'A number without a unit has the unit of its setting, such as bytes, MiB, milliseconds or seconds.',
    remedies: [change('Add the unit')],
  },
  overridden: {
    id: 'SPN-VALIDATE-OVERRIDDEN',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'A setting is set twice with different values',
    detail: '{key} is {loser} in {loserSource} and {winner} in {winnerSource}, which takes precedence',
    meaning:
      'On spark-submit’s command line, the last value takes precedence. The command line takes precedence over a file. With the kubeflow operator, the fields of driver and executor take precedence over sparkConf.',
    remedies: [change('Keep one of them')],
  },
  setting: {
    id: 'SPN-VALIDATE-SETTING',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'An annotation of spark-nanny is invalid',
    detail: '{message}',
    meaning: 'An invalid value never blocks a job. The source with the next lower precedence applies to that key.',
    remedies: [change('Correct it; see docs/settings.md for all keys and formats')],
  },
} as const satisfies Readonly<Record<string, StaticRule>>
