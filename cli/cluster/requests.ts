import { toRecord } from '../../core/json.ts'
import { type ApiResponse, describeResponse, type KubernetesApi } from '../../kubernetes/api.ts'
import { type ApiReading, readable, unreadable } from './reading.ts'

/** Deadline of each request. Requests run concurrently. */
export const requestDeadlineMs = 10_000
const pageSize = 500
/** A longer list (more than 100,000 objects) is reported as unreadable. */
const maxPages = 200

export const toUnreadable = (response: ApiResponse) =>
  unreadable(describeResponse(response), response.kind === 'response' ? response.status : null)

/** Reads one object. The value is null if the object does not exist. */
export async function getObject(api: KubernetesApi, path: string): Promise<ApiReading<unknown>> {
  const response = await api.request({ method: 'GET', path, deadlineMs: requestDeadlineMs })
  if (response.kind === 'response' && response.status === 200) return readable(response.body)
  return response.kind === 'response' && response.status === 404 ? readable(null) : toUnreadable(response)
}

/** Reads all pages of a list. If one page fails, the whole list is unreadable. */
export async function listObjects(
  api: KubernetesApi,
  path: string,
  labelSelector?: string,
): Promise<ApiReading<readonly unknown[]>> {
  const items: unknown[] = []
  let next = ''
  for (let page = 0; page < maxPages; page++) {
    const query = new URLSearchParams({
      limit: String(pageSize),
      ...(labelSelector !== undefined && { labelSelector }),
      ...(next !== '' && { continue: next }),
    })
    const response = await api.request({ method: 'GET', path: `${path}?${query}`, deadlineMs: requestDeadlineMs })
    if (response.kind === 'failed' || response.status !== 200) return toUnreadable(response)
    const body = toRecord(response.body)
    if (!Array.isArray(body.items)) return unreadable(`${path}: the response is not a list`, 200)
    items.push(...body.items)
    const { continue: more } = toRecord(body.metadata)
    if (typeof more !== 'string' || more === '') return readable(items)
    next = more
  }
  return unreadable(`${path}: more than ${pageSize * maxPages} objects`)
}
