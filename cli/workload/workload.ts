import { toRecord } from '../../core/json.ts'
import type { Pod } from '../../core/kubernetes/pod.ts'
import { createConfLookup } from '../spark-conf/effective-conf.ts'
import type { Input } from '../static-checks/input.ts'
import { driverPod, executorPod } from './spark-pods.ts'

/** What a submission will make of the cluster. */
export interface Workload {
  readonly namespace: string
  /** Name of the application; null in a configuration that gives none. */
  readonly name: string | null
  readonly driver: Pod
  readonly executor: Pod
  readonly executors: ExecutorCount
  /** Null: the operator's own default. */
  readonly serviceAccount: string | null
}

/** How many executors there will be. */
export interface ExecutorCount {
  /** From the start. */
  readonly first: number
  /** Infinity: dynamic allocation without an upper bound. */
  readonly most: number
}

/** Spark's SchedulerBackendUtils.DEFAULT_NUMBER_EXECUTORS. */
const defaultExecutors = 2

/** `namespace` outweighs what the input says. Undefined: a size in it cannot be read, and Spark refuses the submission. */
export function computeWorkload(
  input: Input,
  namespace: string | undefined,
  contextNamespace: string,
): Workload | undefined {
  const value = createConfLookup(input.conf)
  const metadata = input.kind === 'application' ? toRecord(input.object.metadata) : {}
  const own = typeof metadata.namespace === 'string' ? metadata.namespace : undefined
  const where = namespace ?? own ?? value('spark.kubernetes.namespace') ?? contextNamespace
  const name = typeof metadata.name === 'string' ? metadata.name : (value('spark.app.name') ?? null)
  const [driver, executor] = [driverPod(input, where, name), executorPod(input, where)]
  if (driver === undefined || executor === undefined) return undefined
  const account =
    value('spark.kubernetes.authenticate.driver.serviceAccountName') ??
    value('spark.kubernetes.authenticate.serviceAccountName') ??
    toRecord(driver.spec).serviceAccountName
  return {
    namespace: where,
    name,
    driver,
    executor,
    executors: executorCount(value),
    serviceAccount: typeof account === 'string' ? account : isApache(input) ? null : 'default',
  }
}

const isApache = (input: Input) => input.kind === 'application' && input.operator === 'apache'

function executorCount(value: (key: string) => string | undefined): ExecutorCount {
  const number = (key: string) => {
    const text = value(key)
    return text !== undefined && /^\d+$/.test(text.trim()) ? Number(text) : undefined
  }
  const instances = number('spark.executor.instances')
  if (value('spark.dynamicAllocation.enabled')?.toLowerCase() !== 'true') {
    const count = instances ?? defaultExecutors
    return { first: count, most: count }
  }
  const min = number('spark.dynamicAllocation.minExecutors') ?? 0
  const first = Math.max(min, number('spark.dynamicAllocation.initialExecutors') ?? min, instances ?? 0)
  return { first, most: number('spark.dynamicAllocation.maxExecutors') ?? Number.POSITIVE_INFINITY }
}
