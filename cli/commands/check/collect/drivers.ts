import pLimit from 'p-limit'
import { sidecarPort } from '../../../../core/contract/pod-contract.ts'
import type { KubernetesApi } from '../../../../kubernetes/api.ts'
import { type ReadResult, readable, unreadable } from '../../../cluster/reading.ts'
import { listObjects, requestDeadlineMs, toUnreadable } from '../../../cluster/requests.ts'
import { type CheckedDriver, parseDriver, summarizeSidecarStatus } from '../driver.ts'

/** Sidecars that are asked: of drivers that are not Ready, which a hung one is not. */
const maxAsked = 20

/** The drivers of these namespaces that have not ended; by one list of all namespaces, where that is allowed. */
export async function collectDrivers(
  api: KubernetesApi,
  namespaces: readonly string[],
): Promise<ReadResult<readonly CheckedDriver[]>> {
  if (namespaces.length === 0) return readable([])
  const selector = 'spark-role=driver'
  const everywhere = await listObjects(api, '/api/v1/pods', selector)
  const lists =
    everywhere.kind === 'unreadable' && everywhere.status === 403
      ? await pLimit(8).map(namespaces, (name) => listObjects(api, `/api/v1/namespaces/${name}/pods`, selector))
      : [everywhere]
  const wanted = new Set(namespaces)
  const drivers: CheckedDriver[] = []
  for (const list of lists) {
    if (list.kind === 'unreadable') return list
    for (const object of list.value) {
      const driver = parseDriver(object)
      if (driver !== undefined && wanted.has(driver.namespace)) drivers.push(driver)
    }
  }
  const asked = drivers
    .filter(
      ({ phase, injected, notReadySinceMs }) => phase === 'Running' && injected !== null && notReadySinceMs !== null,
    )
    .slice(0, maxAsked)
  const statuses = await pLimit(8).map(asked, (driver) => askSidecar(api, driver))
  return readable(
    drivers.map((driver) => {
      const index = asked.indexOf(driver)
      return index < 0 ? driver : { ...driver, status: statuses[index] ?? null }
    }),
  )
}

/** Through the API server's proxy: the caller's machine may not reach pods. */
async function askSidecar(api: KubernetesApi, { namespace, name }: CheckedDriver): Promise<CheckedDriver['status']> {
  const path = `/api/v1/namespaces/${namespace}/pods/${name}:${sidecarPort}/proxy/status`
  const answer = await api.request({ method: 'GET', path, deadlineMs: requestDeadlineMs })
  if (answer.kind === 'failed' || answer.status !== 200) return toUnreadable(answer)
  const status = summarizeSidecarStatus(answer.body)
  return status === undefined ? unreadable('the answer is not a sidecar’s', 200) : readable(status)
}
