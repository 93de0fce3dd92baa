import { toRecord } from '../../core/json.ts'
import { type ApiResponse, describeResponse, type KubernetesApi } from '../../kubernetes/api.ts'
import { type ReadResult, readable, unreadable } from './reading.ts'

/** For each request alone; they go out side by side. */
export const requestDeadlineMs = 10_000
const pageSize = 500
/** More objects than that are a mistake, or more than a person can act on. */
const maxPages = 200

export const toUnreadable = (answer: ApiResponse) =>
  unreadable(describeResponse(answer), answer.kind === 'response' ? answer.status : null)

/** One object; null when it does not exist. */
export async function getObject(api: KubernetesApi, path: string): Promise<ReadResult<unknown>> {
  const answer = await api.request({ method: 'GET', path, deadlineMs: requestDeadlineMs })
  if (answer.kind === 'response' && answer.status === 200) return readable(answer.body)
  return answer.kind === 'response' && answer.status === 404 ? readable(null) : toUnreadable(answer)
}

/** All objects of a collection, in pages. A list that breaks off is not read. */
export async function listObjects(
  api: KubernetesApi,
  path: string,
  labelSelector?: string,
): Promise<ReadResult<readonly unknown[]>> {
  const items: unknown[] = []
  let next = ''
  for (let page = 0; page < maxPages; page++) {
    const query = new URLSearchParams({
      limit: String(pageSize),
      ...(labelSelector !== undefined && { labelSelector }),
      ...(next !== '' && { continue: next }),
    })
    const answer = await api.request({ method: 'GET', path: `${path}?${query}`, deadlineMs: requestDeadlineMs })
    if (answer.kind === 'failed' || answer.status !== 200) return toUnreadable(answer)
    const body = toRecord(answer.body)
    if (!Array.isArray(body.items)) return unreadable(`${path}: the answer is no list`, 200)
    items.push(...body.items)
    const { continue: more } = toRecord(body.metadata)
    if (typeof more !== 'string' || more === '') return readable(items)
    next = more
  }
  return unreadable(`${path}: more than ${pageSize * maxPages} objects`)
}
