import { executorsChecks } from './catalogue/executors.ts'
import { keysChecks } from './catalogue/keys.ts'
import { kubernetesChecks } from './catalogue/kubernetes.ts'
import { memoryChecks } from './catalogue/memory.ts'
import { schemaChecks } from './catalogue/schema.ts'
import { startUpChecks } from './catalogue/start-up.ts'
import { valuesChecks } from './catalogue/values.ts'

/**
 * All findings about the configuration of an application. Sources: Spark's own registry (spark-conf/keys.json), and the
 * places that a meaning names.
 */
export const validateChecks = {
  ...schemaChecks,
  ...valuesChecks,
  ...keysChecks,
  ...executorsChecks,
  ...memoryChecks,
  ...kubernetesChecks,
  ...startUpChecks,
} as const

export type ValidateCheck = keyof typeof validateChecks
