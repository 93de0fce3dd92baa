import { toRecord } from '../../core/json.ts'
import type { Pod } from '../../core/kubernetes/pod.ts'
import { createConfLookup } from '../spark-conf/effective-conf.ts'
import type { Input } from '../static-checks/input.ts'
import { driverPod, executorPod } from './spark-pods.ts'

/** The pods that a submission will create. */
export interface Workload {
  readonly namespace: string
  /** Name of the application. Null if a configuration sets none. */
  readonly name: string | null
  readonly driver: Pod
  readonly executor: Pod
  readonly executors: ExecutorCount
  /** Service account of the driver. Null if the operator uses its default. */
  readonly serviceAccount: string | null
}

/** Number of executors. */
export interface ExecutorCount {
  /** Number at the start. */
  readonly first: number
  /** Maximum number. Infinity for dynamic allocation without an upper bound. */
  readonly most: number
}

/** Spark's SchedulerBackendUtils.DEFAULT_NUMBER_EXECUTORS. */
const defaultExecutors = 2

/** `namespace` takes precedence over the input. Undefined if a size is invalid, in which case Spark rejects the submission. */
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
  return {
    namespace: where,
    name,
    driver,
    executor,
    executors: countExecutors(value),
    serviceAccount: findServiceAccount(input, driver),
  }
}

function findServiceAccount(input: Input, driver: Pod): string | null {
  const value = createConfLookup(input.conf)
  const account =
    value('spark.kubernetes.authenticate.driver.serviceAccountName') ??
    value('spark.kubernetes.authenticate.serviceAccountName') ??
    toRecord(driver.spec).serviceAccountName
  if (typeof account === 'string') return account
  return isApache(input) ? null : 'default'
}

const isApache = (input: Input) => input.kind === 'application' && input.operator === 'apache'

function countExecutors(value: (key: string) => string | undefined): ExecutorCount {
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
