import { change } from '../../findings/remedies.ts'
import type { StaticRule } from '../../static-checks/run.ts'

const table = 'https://spark.apache.org/docs/latest/configuration.html'

/** Findings about the keys of settings, and the Spark releases that support them. */
export const keysChecks = {
  spelling: {
    id: 'SPN-VALIDATE-SPELLING',
    cause: 'config',
    severity: 'warning',
    confidence: 'medium',
    title: 'A key is probably misspelled',
    detail: '{key} is not a setting of Spark; did you mean {nearest}?',
    meaning:
      'Spark accepts any key and ignores those that it does not know. A misspelled key has no effect and causes no error.',
    remedies: [change('Use {nearest}, or ignore this finding if one of your libraries reads the key')],
  },
  unknownKey: {
    id: 'SPN-VALIDATE-UNKNOWN-KEY',
    cause: 'config',
    severity: 'warning',
    confidence: 'medium',
    title: 'An unknown key starts with spark.kubernetes.',
    detail: '{key} is not a setting of Spark, so it has no effect',
    meaning: 'Only Spark reads keys that start with spark.kubernetes., and it ignores those that it does not know.',
    remedies: [change('Look up the key: https://spark.apache.org/docs/latest/running-on-kubernetes.html')],
  },
  notSpark: {
    id: 'SPN-VALIDATE-NOT-SPARK',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'A key does not start with spark.',
    detail: '{key} does not start with spark., so spark-submit ignores it',
    meaning: 'spark-submit ignores other keys and logs “Ignoring non-Spark config property” (SparkSubmitArguments).',
    remedies: [change('Start the key with spark., or with spark.hadoop. if it is a key of Hadoop')],
  },
  foreign: {
    id: 'SPN-VALIDATE-OTHER-MANAGER',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'A setting belongs to another cluster manager',
    detail: '{key} is a setting of {manager} and has no effect on Kubernetes',
    meaning: 'Only that cluster manager reads the setting.',
    remedies: [change('Remove it, or use the corresponding setting for Kubernetes')],
  },
  deprecated: {
    id: 'SPN-VALIDATE-DEPRECATED',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'A setting is deprecated',
    detail: '{key} is deprecated since Spark {since}{instead}',
    meaning: 'Spark may still read it, under its new name if it has one. A later release may remove it.',
    remedies: [change(`Use the replacement; all settings: ${table}`)],
  },
  removed: {
    id: 'SPN-VALIDATE-REMOVED',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'A setting no longer exists in this version of Spark',
    detail: 'Spark {version} no longer has {key}{why}',
    meaning:
      'Spark ignores keys that it does not know. For removed settings of Spark SQL, it only accepts the value that is now permanent (SQLConf.removedSQLConfigs).',
    remedies: [change('Remove it: https://spark.apache.org/docs/latest/core-migration-guide.html')],
  },
  tooNew: {
    id: 'SPN-VALIDATE-TOO-NEW',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'A setting is newer than this version of Spark',
    detail: '{key} requires Spark {since} and has no effect in {version}',
    meaning: 'Spark ignores keys that it does not know.',
    remedies: [change('Use Spark {since} or newer, or remove the key')],
  },
} as const satisfies Readonly<Record<string, StaticRule>>
