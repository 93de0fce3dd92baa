import { type ApiResponse, describeResponse, isFromApiServer } from './api.ts'

/** The result of a write. `conflict`: the object has changed since the decision, which must be made again. */
export type WriteResult =
  | { readonly kind: 'ok' }
  | { readonly kind: 'conflict' }
  | {
      readonly kind: 'failed'
      readonly detail: string
      readonly retryAfterMs: number
      /** The write may have taken effect. */
      readonly outcomeUnknown?: boolean
      /** The API server does not allow it, so a retry does not help. */
      readonly forbidden?: boolean
    }

/** The worse result of two writes that belong together. Of two failures, the one with the longer delay. */
export function worseResult(a: WriteResult, b: WriteResult): WriteResult {
  if (a.kind === 'failed' && b.kind === 'failed') return b.retryAfterMs > a.retryAfterMs ? b : a
  return rank[b.kind] > rank[a.kind] ? b : a
}

const rank = { ok: 0, conflict: 1, failed: 2 } as const satisfies Record<WriteResult['kind'], number>

/** `accepted`: further statuses that count as success, such as 404 for a deletion. */
export function toWriteResult(response: ApiResponse, accepted: readonly number[]): WriteResult {
  if (response.kind === 'response') {
    const { status, retryAfterMs = 0 } = response
    // A proxy between the client and the API server may send any response.
    if (!isFromApiServer(response))
      return { kind: 'failed', detail: describeResponse(response), retryAfterMs, outcomeUnknown: true }
    if ((status >= 200 && status < 300) || accepted.includes(status)) return { kind: 'ok' }
    if (status === 404 || status === 409) return { kind: 'conflict' }
    const failure = { kind: 'failed', detail: describeResponse(response), retryAfterMs } as const
    if (status >= 500) return { ...failure, outcomeUnknown: true }
    return status === 429 ? failure : { ...failure, forbidden: true }
  }
  return { kind: 'failed', detail: response.detail, retryAfterMs: 0, outcomeUnknown: true }
}

/** The detail of a failure as a field of a log line. */
export const failureDetail = (result: WriteResult) => (result.kind === 'failed' ? { detail: result.detail } : {})
