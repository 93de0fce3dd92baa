import pLimit from 'p-limit'
import { sidecarPort } from '../../../../core/contract/pod-contract.ts'
import type { KubernetesApi } from '../../../../kubernetes/api.ts'
import { type ApiReading, readable, unreadable } from '../../../cluster/reading.ts'
import { listObjects, requestDeadlineMs, toUnreadable } from '../../../cluster/requests.ts'
import { type CheckedDriver, parseCheckedDriver, summarizeSidecarStatus } from '../driver.ts'

/** Maximum number of sidecars whose status is requested. Only drivers that are not Ready can be hung. */
const maxStatusRequests = 20

/** The pending and running drivers of these namespaces. Uses one list of all namespaces if that is permitted. */
export async function collectDrivers(
  api: KubernetesApi,
  namespaces: readonly string[],
): Promise<ApiReading<readonly CheckedDriver[]>> {
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
      const driver = parseCheckedDriver(object)
      if (driver !== undefined && wanted.has(driver.namespace)) drivers.push(driver)
    }
  }
  const notReady = drivers
    .filter(
      ({ phase, injected, notReadySinceMs }) => phase === 'Running' && injected !== null && notReadySinceMs !== null,
    )
    .slice(0, maxStatusRequests)
  const statuses = await pLimit(8).map(notReady, (driver) => readSidecarStatus(api, driver))
  return readable(
    drivers.map((driver) => {
      const index = notReady.indexOf(driver)
      return index < 0 ? driver : { ...driver, status: statuses[index] ?? null }
    }),
  )
}

/** Uses the API server's proxy, because the caller's machine may be unable to reach pods. */
async function readSidecarStatus(
  api: KubernetesApi,
  { namespace, name }: CheckedDriver,
): Promise<CheckedDriver['status']> {
  const path = `/api/v1/namespaces/${namespace}/pods/${name}:${sidecarPort}/proxy/status`
  const response = await api.request({ method: 'GET', path, deadlineMs: requestDeadlineMs })
  if (response.kind === 'failed' || response.status !== 200) return toUnreadable(response)
  const status = summarizeSidecarStatus(response.body)
  return status === undefined ? unreadable('the response is not the status of a sidecar', 200) : readable(status)
}
