/** What the journal knows about the recorded deletion of one pod. */
export type JournalState =
  /** Nothing is known: no deletion is recorded, or an earlier leader recorded one. */
  | { readonly kind: 'none' }
  /** The deletion is recorded, or is being recorded. Its outcome is not known yet. */
  | { readonly kind: 'intent-recorded' }
  /** The last attempt did not delete the pod. `refused`: the API server said so, but may have received the request twice. */
  | { readonly kind: 'not-deleted'; readonly cause: 'not-sent' | 'refused' }
  /** A response was lost, so that the pod may be deleted yet. No later attempt's outcome changes that. */
  | { readonly kind: 'outcome-unknown'; readonly sinceMs: number }

export type JournalEvent =
  /** The deletion is about to be recorded. */
  | { readonly kind: 'intent' }
  | {
      readonly kind: 'outcome'
      readonly outcome: DeletionOutcome
      readonly isPodPresent: boolean
      readonly nowMs: number
    }
  | {
      readonly kind: 'no-longer-needed'
      readonly isTerminating: boolean
      /** Whether the SparkApplication, as it is known, records the deletion. */
      readonly isOnRecord: boolean
      readonly nowMs: number
      /** When this leader began: an earlier one may have sent a request just before. */
      readonly leadingSinceMs: number
    }
  | { readonly kind: 'pod-gone' }

/**
 * The outcome of an attempt to delete a pod. `not-sent`: no request was sent. `refused`: the API server did not accept the
 * request, although it may have accepted a duplicate that a proxy sent a moment before (observed: 409 after 200).
 * `unanswered`: the response was lost, so that the pod may be deleted.
 */
export type DeletionOutcome = 'not-sent' | 'refused' | 'unanswered'

/** What to do about the record. `revoke-if-pod-stays`: only if the API server shows that the pod is not terminating. */
export type JournalEffect = 'none' | 'revoke' | 'revoke-if-pod-stays'

export interface JournalTransition {
  readonly state: JournalState
  readonly effect: JournalEffect
}

/** An API server cancels a request after one minute (`--request-timeout`), and the client cancels it earlier. */
const requestMayRunForMs = 120_000
const checkAgainAfterMs = 60_000

const unknownToJournal: JournalState = { kind: 'none' }

/** Pure. Times are of one monotonic clock. */
export function nextJournalState(state: JournalState, event: JournalEvent): JournalTransition {
  switch (event.kind) {
    case 'intent':
      return unchanged(state.kind === 'outcome-unknown' ? state : { kind: 'intent-recorded' })
    case 'outcome':
      return afterOutcome(state, event)
    case 'no-longer-needed':
      return afterNoLongerNeeded(state, event)
    case 'pod-gone': {
      const isNotSent = state.kind === 'not-deleted' && state.cause === 'not-sent'
      return { state: unknownToJournal, effect: isNotSent ? 'revoke' : 'none' }
    }
  }
}

const unchanged = (state: JournalState): JournalTransition => ({ state, effect: 'none' })

function afterOutcome(
  state: JournalState,
  { outcome, isPodPresent, nowMs }: Extract<JournalEvent, { kind: 'outcome' }>,
): JournalTransition {
  if (outcome === 'unanswered') return unchanged({ kind: 'outcome-unknown', sinceMs: nowMs })
  if (state.kind === 'outcome-unknown') return unchanged(state)
  if (isPodPresent) return unchanged({ kind: 'not-deleted', cause: outcome })
  return outcome === 'not-sent' ? { state: unknownToJournal, effect: 'revoke' } : unchanged(state)
}

function afterNoLongerNeeded(
  state: JournalState,
  { isTerminating, isOnRecord, nowMs, leadingSinceMs }: Extract<JournalEvent, { kind: 'no-longer-needed' }>,
): JournalTransition {
  if (state.kind === 'not-deleted' && state.cause === 'not-sent') return { state: unknownToJournal, effect: 'revoke' }
  if (isTerminating) return unchanged(state)
  if (state.kind === 'not-deleted') return { state: unknownToJournal, effect: 'revoke-if-pod-stays' }
  if (!isOnRecord) return unchanged(state)
  const sinceMs = state.kind === 'outcome-unknown' ? Math.max(leadingSinceMs, state.sinceMs) : leadingSinceMs
  if (nowMs - sinceMs < requestMayRunForMs) return unchanged(state)
  // Dated back, so that the pod is checked again after `checkAgainAfterMs`.
  const checkedMs = nowMs - requestMayRunForMs + checkAgainAfterMs
  return { state: { kind: 'outcome-unknown', sinceMs: checkedMs }, effect: 'revoke-if-pod-stays' }
}
