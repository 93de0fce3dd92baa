import { formatDuration } from '../../core/duration.ts'
import { parseItems, textField, toRecord } from '../../core/json.ts'
import { type ApiResponse, describeResponse, type KubernetesApi } from '../../kubernetes/api.ts'
import { absent, type EvidenceReading, valueIn } from '../evidence/evidence.ts'

/** Read requests to the API server that share one deadline. */
export interface ClusterReader {
  /** Reads one object: absent for HTTP 404, unreadable for any other status than 200. Takes at most `most` ms. */
  get(path: string, source: string, most?: number): Promise<EvidenceReading<unknown>>
  /** Reads all pages of a list. If a page fails, the list is unreadable. */
  list(path: string, source: string): Promise<EvidenceReading<unknown>>
  /** Sends a GET request and returns the response without interpretation. */
  ask(path: string, most?: number): Promise<ApiResponse>
  /** Passes each chunk of the body to `onBytes`. */
  stream(path: string, onBytes: (bytes: Uint8Array) => boolean): Promise<ApiResponse>
}

/** Limit for one request, so that it cannot use up the shared deadline. */
const mostMs = 15_000

const pageSize = 500
const maxPages = 100

export function createClusterReader(api: KubernetesApi, untilMs: number, nowMs: () => number): ClusterReader {
  const left = (most: number) => Math.max(1, Math.min(most, untilMs - nowMs()))
  const request = async (path: string, deadlineMs: number, onBytes?: (bytes: Uint8Array) => boolean) => {
    const response = await api.request({ method: 'GET', path, deadlineMs, ...(onBytes !== undefined && { onBytes }) })
    // The message of an aborted request does not help a user.
    if (response.kind !== 'failed' || !/abort|timeout/i.test(response.detail)) return response
    return { kind: 'failed', detail: `no response within ${formatDuration(deadlineMs)}` } as const
  }
  const ask = (path: string, most = mostMs) => request(path, left(most))
  const get = async (path: string, source: string, most?: number) => toReading(await ask(path, most), source)
  return {
    ask,
    get,
    list: async (path, source) => {
      const first = await get(toPagePath(path, ''), source)
      const items = [...parseItems(valueIn(first))]
      let next = findContinueToken(first)
      for (let page = 1; next !== null; page++) {
        if (page === maxPages) return { kind: 'unreadable', source, why: `more than ${pageSize * maxPages} objects` }
        const more = await get(toPagePath(path, next), source)
        if (more.kind !== 'read') return more
        items.push(...parseItems(more.value))
        next = findContinueToken(more)
      }
      return first.kind === 'read' ? { ...first, value: { ...toRecord(first.value), items } } : first
    },
    stream: (path, onBytes) => request(path, left(mostMs * 3), onBytes),
  }
}

const toPagePath = (path: string, next: string): string =>
  `${path}${path.includes('?') ? '&' : '?'}limit=${pageSize}${next === '' ? '' : `&continue=${encodeURIComponent(next)}`}`

const findContinueToken = (list: EvidenceReading<unknown>): string | null =>
  textField(toRecord(valueIn(list)).metadata, 'continue') || null

export function toReading(response: ApiResponse, source: string): EvidenceReading<unknown> {
  if (response.kind === 'response' && response.status === 200) return { kind: 'read', value: response.body, source }
  if (response.kind === 'response' && response.status === 404) return absent
  return { kind: 'unreadable', source, why: describeResponse(response) }
}

/** `/api/v1/namespaces/NS/pods/NAME`, with each part URL-encoded. */
export function namespacedPath(namespace: string, plural: string, name?: string, api = '/api/v1'): string {
  const parts = ['namespaces', namespace, plural, ...(name === undefined ? [] : [name])]
  return `${api}/${parts.map(encodeURIComponent).join('/')}`
}
