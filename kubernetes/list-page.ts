import { isRecord, toRecord, toStringOrEmpty } from '../core/json.ts'
import type { ApiResponse, KubernetesApi } from './api.ts'
import type { PageSize } from './page-size.ts'

/** One page of a list of the Kubernetes API. */
export interface ListPage {
  readonly items: readonly unknown[]
  /** The token that continues the list. Empty on the last page. */
  readonly continueToken: string
  readonly resourceVersion: string
}

/** Returns undefined if the body is not a list. */
export function parsePage(body: unknown): ListPage | undefined {
  if (!isRecord(body) || !Array.isArray(body.items)) return undefined
  const metadata = toRecord(body.metadata)
  return {
    items: body.items,
    continueToken: toStringOrEmpty(metadata.continue),
    resourceVersion: toStringOrEmpty(metadata.resourceVersion),
  }
}

export interface PageRequest {
  /** Of the collection, without a query. */
  readonly path: string
  /** The selectors, each with a leading `&`; empty if there are none. */
  readonly selector: string
  /** The token of the page before; empty for the first page. */
  readonly continueToken: string
  readonly deadlineMs: number
}

/** Requests one page. A page that is too large is requested again with fewer objects: the token does not depend on their number. */
export async function requestPage(
  api: Pick<KubernetesApi, 'request'>,
  { path, selector, continueToken, deadlineMs }: PageRequest,
  size: PageSize,
): Promise<ApiResponse> {
  const continuation = continueToken === '' ? '' : `&continue=${encodeURIComponent(continueToken)}`
  for (;;) {
    const query = `?limit=${size.limit}${selector}${continuation}`
    const response = await api.request({ method: 'GET', path: path + query, deadlineMs, maxBytes: size.maxBytes })
    if (response.kind === 'failed' && response.isTooLarge === true && size.shrink()) continue
    if (response.kind === 'response' && response.status === 200) {
      size.adapt(parsePage(response.body)?.items.length ?? 0, response.bytes ?? 0)
    }
    return response
  }
}
