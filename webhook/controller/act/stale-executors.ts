import { toRecord } from '../../../core/json.ts'
import { describeResponse, type KubernetesApi } from '../../../kubernetes/api.ts'
import { parsePage } from '../../../kubernetes/list-page.ts'
import { podsPath } from '../../../kubernetes/paths.ts'
import type { Driver } from '../driver/driver.ts'
import { parseList, parseText, parseTimeMs } from '../driver/parse-container.ts'
import type { PodVersion } from './cluster-writer.ts'

/** What is read of an executor's pod. */
export interface Executor extends PodVersion {
  readonly createdMs: number
  readonly applicationId: string
  readonly ownerUid: string
  readonly terminating: boolean
}

/** How far the clocks of a node and of the API server may lie apart. */
const marginMs = 60_000
/** Where a rare fault is needed besides. */
const numberedMarginMs = 5_000

/**
 * The executors of the drivers that ran in this pod before: of this pod by their owner, made before the driver that runs
 * now was started, and not under the application id that it has. Spark makes none within its first seconds, and its ids
 * end in `-2`, `-3`, … with each restart, unless the webhook process was away; then the time alone tells, by two clocks:
 * the start is of the node's. One that is left too many ends by itself when it misses its driver.
 */
export function findStaleExecutors(
  { uid, applicationId, driver, numbered }: Driver,
  executors: readonly Executor[],
): readonly Executor[] {
  const { state, restarts } = driver
  if (state.kind !== 'running' || restarts === 0 || applicationId === null) return []
  const currentId = `${applicationId}-${restarts + 1}`
  const beforeMs = state.startedMs - (numbered ? numberedMarginMs : marginMs)
  return executors.filter(
    (executor) =>
      executor.ownerUid === uid &&
      !executor.terminating &&
      executor.applicationId !== currentId &&
      executor.createdMs < beforeMs,
  )
}

export function parseExecutor(object: unknown): Executor | undefined {
  const metadata = toRecord(toRecord(object).metadata)
  const { name, namespace, uid } = metadata
  const createdMs = parseTimeMs(metadata.creationTimestamp)
  if (typeof name !== 'string' || typeof namespace !== 'string' || typeof uid !== 'string' || createdMs === null) {
    return undefined
  }
  return {
    name,
    namespace,
    uid,
    resourceVersion: parseText(metadata.resourceVersion),
    createdMs,
    applicationId: parseText(toRecord(metadata.labels)['spark-app-selector']),
    ownerUid: parseText(parseList(metadata.ownerReferences).find(({ kind }) => kind === 'Pod')?.uid),
    terminating: metadata.deletionTimestamp !== undefined,
  }
}

/** All executors of the drivers of this pod, by the ids that Spark labels them with. */
export async function listExecutors(
  api: KubernetesApi,
  { namespace, applicationId, driver }: Driver,
): Promise<{ readonly executors: readonly Executor[] } | { readonly problem: string }> {
  const ids = Array.from({ length: driver.restarts + 1 }, (_, index) =>
    index === 0 ? applicationId : `${applicationId}-${index + 1}`,
  )
  // A path has its bounds; who was restarted so often has none left of the first drivers.
  const selector = `spark-role=executor,spark-app-selector in (${[...ids.slice(0, 1), ...ids.slice(1).slice(-20)].join(',')})`
  const executors: Executor[] = []
  let next = ''
  do {
    const path = `${podsPath(namespace)}?limit=250&labelSelector=${encodeURIComponent(selector)}${next}`
    const answer = await api.request({ method: 'GET', path, deadlineMs: 10_000 })
    const page = answer.kind === 'response' && answer.status === 200 ? parsePage(answer.body) : undefined
    if (page === undefined) return { problem: describeResponse(answer) }
    executors.push(...page.items.flatMap((item) => parseExecutor(item) ?? []))
    next = page.next === '' ? '' : `&continue=${encodeURIComponent(page.next)}`
  } while (next !== '')
  return { executors }
}
