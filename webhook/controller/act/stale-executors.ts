import { parseTimeMs, toRecord, toRecords, toStringOrEmpty } from '../../../core/json.ts'
import { describeResponse, type KubernetesApi } from '../../../kubernetes/api.ts'
import { parsePage, requestPage } from '../../../kubernetes/list-page.ts'
import { createPageSize } from '../../../kubernetes/page-size.ts'
import { podsPath } from '../../../kubernetes/paths.ts'
import type { Driver } from '../driver/driver.ts'
import type { PodVersion } from './cluster-writer.ts'

/** The part of an executor pod that is read. */
export interface Executor extends PodVersion {
  readonly createdMs: number
  readonly applicationId: string
  readonly ownerUid: string
  readonly terminating: boolean
}

/** The assumed maximum difference between the clocks of a node and of the API server. */
const marginMs = 60_000
/** The margin if the application ids differ between restarts, so that only a rare fault makes the time matter. */
const numberedMarginMs = 5_000

/**
 * Finds the executors that earlier drivers in the same pod left behind. Such an executor is owned by this pod, was created
 * before the running driver started, and has another application id than that driver. Spark creates no executor within its
 * first seconds, and its ids end in `-2`, `-3` and so on after each restart. If the webhook was not available, the ids are
 * equal, and only the time decides; the start is by the node's clock. A stale executor that is not found exits by itself
 * when it loses its driver.
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
    resourceVersion: toStringOrEmpty(metadata.resourceVersion),
    createdMs,
    applicationId: toStringOrEmpty(toRecord(metadata.labels)['spark-app-selector']),
    ownerUid: toStringOrEmpty(toRecords(metadata.ownerReferences).find(({ kind }) => kind === 'Pod')?.uid),
    terminating: metadata.deletionTimestamp !== undefined,
  }
}

/** Lists the executors of all drivers that ran in this pod, by the application ids in their labels. */
export async function listExecutors(
  api: KubernetesApi,
  { namespace, applicationId, driver }: Driver,
): Promise<{ readonly executors: readonly Executor[] } | { readonly problem: string }> {
  const ids = Array.from({ length: driver.restarts + 1 }, (_, index) =>
    index === 0 ? applicationId : `${applicationId}-${index + 1}`,
  )
  // The length of a path is limited. After many restarts no executor of the first drivers is left.
  const selector = `spark-role=executor,spark-app-selector in (${[...ids.slice(0, 1), ...ids.slice(1).slice(-20)].join(',')})`
  const executors: Executor[] = []
  const request = {
    path: podsPath(namespace),
    selector: `&labelSelector=${encodeURIComponent(selector)}`,
    deadlineMs: 10_000,
  }
  const pageSize = createPageSize(250)
  let continueToken = ''
  do {
    const response = await requestPage(api, { ...request, continueToken }, pageSize)
    const page = response.kind === 'response' && response.status === 200 ? parsePage(response.body) : undefined
    if (page === undefined) return { problem: describeResponse(response) }
    executors.push(...page.items.flatMap((item) => parseExecutor(item) ?? []))
    continueToken = page.continueToken
  } while (continueToken !== '')
  return { executors }
}
