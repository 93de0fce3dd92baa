import { type ApiResponse, describeResponse, isFromApiServer } from './api.ts'

/** The result of a write. `outdated`: the object has changed since the decision; decide again. */
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

/** Of two writes that belong together, the result that needs more of a retry: a failure, the longest delay. */
export function worseResult(a: WriteResult, b: WriteResult): WriteResult {
  if (a.kind === 'failed' && b.kind === 'failed') return b.retryAfterMs > a.retryAfterMs ? b : a
  return rank[b.kind] > rank[a.kind] ? b : a
}

const rank = { ok: 0, conflict: 1, failed: 2 } as const satisfies Record<WriteResult['kind'], number>

export function toWriteResult(answer: ApiResponse, fine: readonly number[]): WriteResult {
  if (answer.kind === 'response') {
    const { status, retryAfterMs = 0 } = answer
    // A proxy between the client and the API server may answer anything.
    if (!isFromApiServer(answer))
      return { kind: 'failed', detail: describeResponse(answer), retryAfterMs, outcomeUnknown: true }
    if ((status >= 200 && status < 300) || fine.includes(status)) return { kind: 'ok' }
    if (status === 404 || status === 409) return { kind: 'conflict' }
    const failure = { kind: 'failed', detail: describeResponse(answer), retryAfterMs } as const
    if (status >= 500) return { ...failure, outcomeUnknown: true }
    return status === 429 ? failure : { ...failure, forbidden: true }
  }
  return { kind: 'failed', detail: answer.detail, retryAfterMs: 0, outcomeUnknown: true }
}

export const failureDetail = (performed: WriteResult) =>
  performed.kind === 'failed' ? { detail: performed.detail } : {}
