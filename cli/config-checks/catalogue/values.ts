import { change } from '../../findings/remedies.ts'
import type { StaticRule } from '../../static-checks/run.ts'

const table = 'https://spark.apache.org/docs/latest/configuration.html'

/** Values, and which of several holds. */
export const valuesChecks = {
  value: {
    id: 'SPN-VALIDATE-VALUE',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'A setting has a value that Spark does not take',
    detail: '{key} is {value}; it must be {form}',
    meaning:
      'Spark converts a setting when it is first read: some at submission, some when the context or the first query starts. It ends with the first that it cannot convert.',
    remedies: [change(`Correct the value; all settings: ${table}`)],
  },
  unit: {
    id: 'SPN-VALIDATE-UNIT',
    cause: 'config',
    severity: 'warning',
    confidence: 'medium',
    title: 'A size or time without a unit is far from usual',
    detail: '{key}={value} has no unit and is {amount}; the default is {usual}',
    meaning:
      'A bare number counts in the unit of the setting: bytes or milliseconds of one, MiB or seconds of another.',
    remedies: [change('Write the unit too')],
  },
  unquoted: {
    id: 'SPN-VALIDATE-UNQUOTED',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'A field of the SparkApplication has another type than its definition asks for',
    detail: '{path} is {actual} {value}; it must be {form}',
    meaning:
      'YAML reads 1, true and 1e3 without quotes as numbers and booleans. The API server rejects them where the definition of the kind says string, and the other way round.',
    remedies: [change('Write it as {corrected}')],
  },
  outweighed: {
    id: 'SPN-VALIDATE-OUTWEIGHED',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'A setting is given twice with different values',
    detail: '{key} is {loser} in {loserSource} and {winner} in {winnerSource}, which holds',
    meaning:
      'On spark-submit’s command line the later one holds, and a file is outweighed by the command line. The kubeflow operator puts the fields of driver and executor after sparkConf.',
    remedies: [change('Keep one of them')],
  },
  setting: {
    id: 'SPN-VALIDATE-SETTING',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'An annotation of spark-nanny is not what it should be',
    detail: '{message}',
    meaning: 'A bad value never blocks a job: the next weaker source holds for that key.',
    remedies: [change('Correct it; docs/settings.md has all keys and forms')],
  },
} as const satisfies Readonly<Record<string, StaticRule>>
