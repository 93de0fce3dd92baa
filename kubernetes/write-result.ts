import { type ApiResponse, describeResponse, isFromApiServer } from './api.ts'

/** The result of a write. `outdated`: the object has changed since the decision; decide again. */
export type Performed =
  | { readonly kind: 'done' }
  | { readonly kind: 'outdated' }
  | {
      readonly kind: 'failed'
      readonly detail: string
      readonly retryAfterMs: number
      /** The write may have taken effect. */
      readonly unanswered?: boolean
      /** The API server does not allow it, so a retry does not help. */
      readonly refused?: boolean
    }

/** Of two writes that belong together, the result that needs more of a retry: a failure, the longest delay. */
export function worseOf(a: Performed, b: Performed): Performed {
  if (a.kind === 'failed' && b.kind === 'failed') return b.retryAfterMs > a.retryAfterMs ? b : a
  return rank[b.kind] > rank[a.kind] ? b : a
}

const rank = { done: 0, outdated: 1, failed: 2 } as const satisfies Record<Performed['kind'], number>

export function performed(answer: ApiResponse, fine: readonly number[]): Performed {
  if (answer.kind === 'response') {
    const { status, retryAfterMs = 0 } = answer
    // A proxy between the client and the API server may answer anything.
    if (!isFromApiServer(answer))
      return { kind: 'failed', detail: describeResponse(answer), retryAfterMs, unanswered: true }
    if ((status >= 200 && status < 300) || fine.includes(status)) return { kind: 'done' }
    if (status === 404 || status === 409) return { kind: 'outdated' }
    const failure = { kind: 'failed', detail: describeResponse(answer), retryAfterMs } as const
    if (status >= 500) return { ...failure, unanswered: true }
    return status === 429 ? failure : { ...failure, refused: true }
  }
  return { kind: 'failed', detail: answer.detail, retryAfterMs: 0, unanswered: true }
}

export const detailOf = (performed: Performed) => (performed.kind === 'failed' ? { detail: performed.detail } : {})
