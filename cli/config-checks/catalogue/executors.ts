import { change } from '../../findings/remedies.ts'
import type { StaticRule } from '../../static-checks/run.ts'

/** How many executors, and what they need of one another. */
export const executorsChecks = {
  dynamicInstances: {
    id: 'SPN-VALIDATE-DYNAMIC-INSTANCES',
    cause: 'config',
    severity: 'warning',
    confidence: 'high',
    title: 'A fixed number of executors is given with dynamic allocation',
    detail: 'spark.executor.instances={instances} is only where dynamic allocation begins{bounds}',
    meaning:
      'With spark.dynamicAllocation.enabled the number begins at the largest of initialExecutors, minExecutors and spark.executor.instances, and then follows the load.',
    remedies: [change('Set spark.dynamicAllocation.initialExecutors instead, or turn dynamic allocation off')],
  },
  dynamicBounds: {
    id: 'SPN-VALIDATE-DYNAMIC-BOUNDS',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'The bounds of dynamic allocation contradict each other',
    detail: 'spark.dynamicAllocation.{problem}',
    meaning: 'Spark ends when the context starts (ExecutorAllocationManager.validateSettings).',
    remedies: [change('Make minExecutors at most maxExecutors, and maxExecutors at least 1')],
  },
  dynamicShuffle: {
    id: 'SPN-VALIDATE-DYNAMIC-SHUFFLE',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'Dynamic allocation has nothing that keeps shuffle data',
    detail: 'dynamic allocation needs spark.dynamicAllocation.shuffleTracking.enabled=true: {why}',
    meaning:
      'Without an external shuffle service, which Kubernetes has not, Spark wants shuffle tracking or the decommissioning of shuffle blocks (ExecutorAllocationManager.validateSettings).',
    remedies: [change('Set spark.dynamicAllocation.shuffleTracking.enabled=true')],
  },
  heartbeat: {
    id: 'SPN-VALIDATE-HEARTBEAT',
    cause: 'network',
    severity: 'error',
    confidence: 'high',
    title: 'Executors beat less often than they may be silent',
    detail: 'spark.network.timeout ({timeout} ms) is not longer than spark.executor.heartbeatInterval ({heartbeat} ms)',
    meaning: 'Spark refuses to start (SparkConf.validateSettings).',
    remedies: [change('Make spark.network.timeout several times the heartbeat')],
  },
  encryption: {
    id: 'SPN-VALIDATE-ENCRYPTION',
    cause: 'network',
    severity: 'error',
    confidence: 'high',
    title: 'Encryption is on without authentication',
    detail: '{key} is true and spark.authenticate is not',
    meaning: 'Spark refuses to start (SparkConf.validateSettings): the keys are agreed on by its authentication.',
    remedies: [change('Set spark.authenticate=true too')],
  },
  taskCpus: {
    id: 'SPN-VALIDATE-TASK-CPUS',
    cause: 'config',
    severity: 'error',
    confidence: 'high',
    title: 'A task needs more cores than an executor has',
    detail: 'spark.task.cpus={task} is more than spark.executor.cores={executor}',
    meaning: 'No task could ever run; Spark refuses to start.',
    remedies: [change('Raise spark.executor.cores to spark.task.cpus or more')],
  },
} as const satisfies Readonly<Record<string, StaticRule>>
