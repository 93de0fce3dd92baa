import { change } from '../../findings/remedies.ts'
import type { StaticRule } from '../../static-checks/run.ts'

const table = 'https://spark.apache.org/docs/latest/configuration.html'

/** Names of settings, and releases that know them. */
export const keysChecks = {
  spelling: {
    id: 'SPN-VALIDATE-SPELLING',
    cause: 'config',
    severity: 'warning',
    confidence: 'medium',
    title: 'A key looks misspelt',
    detail: '{key} is not a setting of Spark; did you mean {nearest}?',
    meaning: 'Spark takes any key and reads only those it knows: a misspelt one has no effect, and nothing says so.',
    remedies: [change('Write {nearest}, or leave the key out when a library of yours reads it')],
  },
  unknownKey: {
    id: 'SPN-VALIDATE-UNKNOWN-KEY',
    cause: 'config',
    severity: 'warning',
    confidence: 'medium',
    title: 'A key below spark.kubernetes. is known to no release of Spark',
    detail: '{key} is not a setting of Spark, so it has no effect',
    meaning: 'Keys below spark.kubernetes. are Spark’s own. spark-submit passes over those that it does not know.',
    remedies: [change('Look the key up: https://spark.apache.org/docs/latest/running-on-kubernetes.html')],
  },
  notSpark: {
    id: 'SPN-VALIDATE-NOT-SPARK',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'A key does not begin with spark.',
    detail: '{key} does not begin with spark. and is passed over by spark-submit',
    meaning: 'spark-submit drops other keys with “Ignoring non-Spark config property” (SparkSubmitArguments).',
    remedies: [change('Begin the key with spark., or with spark.hadoop. when it is one of Hadoop’s')],
  },
  foreign: {
    id: 'SPN-VALIDATE-OTHER-MANAGER',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'A setting is of another cluster manager',
    detail: '{key} is a setting of {manager} and has no effect on Kubernetes',
    meaning: 'Only the cluster manager of that name reads it.',
    remedies: [change('Leave it out, or set its counterpart of Kubernetes')],
  },
  deprecated: {
    id: 'SPN-VALIDATE-DEPRECATED',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'A setting is deprecated',
    detail: '{key} is deprecated since Spark {since}{instead}',
    meaning: 'It may still be read, under its new name if it has one, and a later release may drop it.',
    remedies: [change(`Use the setting that took its place; all settings: ${table}`)],
  },
  removed: {
    id: 'SPN-VALIDATE-REMOVED',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'A setting is not there any more in this version of Spark',
    detail: '{key} is not there any more in Spark {version}{why}',
    meaning:
      'Spark ignores keys that it does not know. For removed settings of Spark SQL, it only accepts the value that is now permanent (SQLConf.removedSQLConfigs).',
    remedies: [change('Leave it out: https://spark.apache.org/docs/latest/core-migration-guide.html')],
  },
  tooNew: {
    id: 'SPN-VALIDATE-TOO-NEW',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'A setting is newer than this version of Spark',
    detail: '{key} came with Spark {since} and has no effect in {version}',
    meaning: 'A release that does not know a key takes it without a word.',
    remedies: [change('Use Spark {since} or newer, or leave the key out')],
  },
} as const satisfies Readonly<Record<string, StaticRule>>
