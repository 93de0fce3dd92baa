import { toRecord, toText } from '../core/json.ts'

/** The Kubernetes API: JSON requests to a path, with deadlines. Expected failures are values, not exceptions. */
export interface KubernetesApi {
  request(request: ApiRequest): Promise<ApiResponse>
  /** The parsed lines of a watch. It ends when the server ends it, after `idleMs` without data, or on abort. */
  watch(path: string, idleMs: number, signal: AbortSignal): AsyncIterable<WatchItem>
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  readonly contentType?: 'application/json' | 'application/merge-patch+json' | 'application/strategic-merge-patch+json'
  /** For the whole request, from connecting to the end of the response. */
  readonly deadlineMs: number
  /** A larger response is not read to its end; it is a failure then. Without it, the bound of the client counts. */
  readonly maxBytes?: number
  /** Receives the body of a 200 in chunks, as for a log; `body` is null then. If it returns false, the rest is not read. */
  readonly onBytes?: (bytes: Uint8Array) => boolean
}

export type ApiResponse =
  | {
      readonly kind: 'response'
      readonly status: number
      readonly body: unknown
      /** The size of the body, if it was read. */
      readonly bytes?: number
      /** The server's clock at the response, with a resolution of a second (`Date`). */
      readonly dateMs?: number
      /** The delay that a 429 or 503 requests (`Retry-After`), at most an hour. */
      readonly retryAfterMs?: number
    }
  /** There was no response, or it could not be read. `isTooLarge`: it has more than {@link ApiRequest.maxBytes}. */
  | { readonly kind: 'failed'; readonly detail: string; readonly isTooLarge?: boolean }

export type WatchItem =
  | { readonly kind: 'event'; readonly event: unknown }
  /** The last item of a watch that was rejected, interrupted, or idle for too long. */
  | {
      readonly kind: 'failed'
      readonly status: number | null
      readonly detail: string
      readonly retryAfterMs?: number
    }

/** Whether the API server responded, and not a proxy in front of it: every body of the API server has a kind. */
export const isFromApiServer = (response: ApiResponse): boolean =>
  response.kind === 'response' && typeof toRecord(response.body).kind === 'string'

/** Why a request failed (`Status.message`), for a log line. */
export function describeResponse(response: ApiResponse): string {
  if (response.kind === 'failed') return response.detail
  const { body, status } = response
  const message = typeof body === 'object' && body !== null && 'message' in body ? toText(body.message) : ''
  return message === '' ? `HTTP ${status}` : `HTTP ${status}: ${message.slice(0, 300)}`
}
