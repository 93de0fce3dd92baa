import { toRecord, toText } from '../core/json.ts'

/** The narrow edge to the Kubernetes API: JSON over a path, with deadlines. Nothing here throws for what can be expected. */
export interface KubernetesApi {
  request(request: ApiRequest): Promise<ApiResponse>
  /** The lines of a watch, parsed; ends when the server ends it, when nothing came for `idleMs`, or on abort. */
  watch(path: string, idleMs: number, signal: AbortSignal): AsyncIterable<WatchItem>
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  readonly contentType?: 'application/json' | 'application/merge-patch+json' | 'application/strategic-merge-patch+json'
  /** For everything together. */
  readonly deadlineMs: number
  /** Gets the body of a 200 piece by piece, as for a log, and `body` is null then; false: that is enough. */
  readonly onBytes?: (bytes: Uint8Array) => boolean
}

export type ApiResponse =
  | {
      readonly kind: 'response'
      readonly status: number
      readonly body: unknown
      /** The server's clock when it answered, to the second (`Date`). */
      readonly dateMs?: number
      /** What a 429 or 503 asks for (`Retry-After`), at most an hour. */
      readonly retryAfterMs?: number
    }
  /** No answer, or none that can be read. */
  | { readonly kind: 'failed'; readonly detail: string }

export type WatchItem =
  | { readonly kind: 'event'; readonly event: unknown }
  /** The last of its kind: refused, cut off, idle too long. */
  | {
      readonly kind: 'failed'
      readonly status: number | null
      readonly detail: string
      readonly retryAfterMs?: number
    }

/** Whether it is the API server that answers, and nothing in between: all that it gives has a kind. */
export const isFromApiServer = (answer: ApiResponse): boolean =>
  answer.kind === 'response' && typeof toRecord(answer.body).kind === 'string'

/** What the API says of a refusal (`Status.message`), for a log line. */
export function describeResponse(answer: ApiResponse): string {
  if (answer.kind === 'failed') return answer.detail
  const { body, status } = answer
  const message = typeof body === 'object' && body !== null && 'message' in body ? toText(body.message) : ''
  return message === '' ? `HTTP ${status}` : `HTTP ${status}: ${message.slice(0, 300)}`
}
