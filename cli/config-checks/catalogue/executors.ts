import { change } from '../../findings/remedies.ts'
import type { StaticRule } from '../../static-checks/run.ts'

/** Findings about the number of executors and their settings. */
export const executorsChecks = {
  dynamicInstances: {
    id: 'SPN-VALIDATE-DYNAMIC-INSTANCES',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'A fixed number of executors is set with dynamic allocation',
    detail: 'spark.executor.instances={instances} is only the initial number of dynamic allocation{bounds}',
    meaning:
      'With spark.dynamicAllocation.enabled, the initial number is the largest of initialExecutors, minExecutors and spark.executor.instances. It then follows the load.',
    remedies: [change('Set spark.dynamicAllocation.initialExecutors instead, or disable dynamic allocation')],
  },
  dynamicBounds: {
    id: 'SPN-VALIDATE-DYNAMIC-BOUNDS',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The bounds of dynamic allocation contradict each other',
    detail: 'spark.dynamicAllocation.{problem}',
    meaning: 'Spark exits when the context starts (ExecutorAllocationManager.validateSettings).',
    remedies: [change('Set minExecutors to at most maxExecutors, and maxExecutors to at least 1')],
  },
  dynamicShuffle: {
    id: 'SPN-VALIDATE-DYNAMIC-SHUFFLE',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'Dynamic allocation is enabled without a way to keep shuffle data',
    detail: 'dynamic allocation needs spark.dynamicAllocation.shuffleTracking.enabled=true: {why}',
    meaning:
      'There is no external shuffle service on Kubernetes. Spark therefore requires shuffle tracking or the decommissioning of shuffle blocks (ExecutorAllocationManager.validateSettings).',
    remedies: [change('Set spark.dynamicAllocation.shuffleTracking.enabled=true')],
  },
  heartbeat: {
    id: 'SPN-VALIDATE-HEARTBEAT',
    cause: 'network',
    severity: 'error',
    confidence: 'high',
    title: 'The heartbeat interval of executors is not shorter than the network timeout',
    detail: 'spark.network.timeout ({timeout} ms) is not longer than spark.executor.heartbeatInterval ({heartbeat} ms)',
    meaning: 'Spark refuses to start (SparkConf.validateSettings).',
    remedies: [change('Set spark.network.timeout to several times the heartbeat interval')],
  },
  encryption: {
    id: 'SPN-VALIDATE-ENCRYPTION',
    cause: 'network',
    severity: 'error',
    confidence: 'high',
    title: 'Encryption is enabled without authentication',
    detail: '{key} is true, but spark.authenticate is not',
    meaning: 'Spark refuses to start, because its authentication negotiates the keys (SparkConf.validateSettings).',
    remedies: [change('Set spark.authenticate=true too')],
  },
  taskCpus: {
    id: 'SPN-VALIDATE-TASK-CPUS',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'A task needs more cores than an executor has',
    detail: 'spark.task.cpus={task} is greater than spark.executor.cores={executor}',
    meaning: 'No task could run, so Spark refuses to start.',
    remedies: [change('Set spark.executor.cores to at least spark.task.cpus')],
  },
} as const satisfies Readonly<Record<string, StaticRule>>
