import { executorsChecks } from './catalogue/executors.ts'
import { keysChecks } from './catalogue/keys.ts'
import { kubernetesChecks } from './catalogue/kubernetes.ts'
import { memoryChecks } from './catalogue/memory.ts'
import { valuesChecks } from './catalogue/values.ts'

/**
 * All findings about the configuration of an application. Sources: Spark's own registry (spark-conf/keys.json), and the
 * places that a meaning names.
 */
export const validateChecks = {
  ...valuesChecks,
  ...keysChecks,
  ...executorsChecks,
  ...memoryChecks,
  ...kubernetesChecks,
} as const

export type ValidateCheck = keyof typeof validateChecks
