import { executorsChecks } from './catalogue/executors.ts'
import { keysChecks } from './catalogue/keys.ts'
import { kubernetesChecks } from './catalogue/kubernetes.ts'
import { memoryChecks } from './catalogue/memory.ts'
import { valuesChecks } from './catalogue/values.ts'

/**
 * What can be wrong with the configuration of an application. Sources: Spark's own registry (spark-conf/keys.json), and
 * where named in the meaning.
 */
export const validateChecks = {
  ...valuesChecks,
  ...keysChecks,
  ...executorsChecks,
  ...memoryChecks,
  ...kubernetesChecks,
} as const

export type ValidateCheck = keyof typeof validateChecks
