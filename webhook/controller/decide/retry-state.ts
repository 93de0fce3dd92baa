import { exponentialDelayMs, withJitter } from '../../../core/backoff.ts'
import type { WriteResult } from '../../../kubernetes/write-result.ts'
import { type Choice, concernsDeletion } from './choose-action.ts'

/** What did not succeed, and until when, by a clock that no one sets, it is not tried again. */
export interface RetryState {
  readonly untilMs: number
  /** How often in a row. */
  readonly attempts: number
}

/** A pod that changed in between is known anew by then. */
const firstMs = 500
/** With a watch that is frozen it is not. */
const maxOutdatedMs = 10_000
const maxFailedMs = 120_000

/** The one that comes after `before`; `random` is from 0 to 1. Pure. */
export function nextRetryState(
  performed: Exclude<WriteResult, { readonly kind: 'ok' }>,
  before: RetryState | undefined,
  nowMs: number,
  random: number,
): RetryState {
  const times = (before?.attempts ?? 0) + 1
  const waitMs =
    performed.kind === 'conflict'
      ? exponentialDelayMs(times - 1, { baseMs: firstMs, capMs: maxOutdatedMs })
      : Math.max(
          performed.retryAfterMs,
          withJitter(exponentialDelayMs(times, { baseMs: firstMs, capMs: maxFailedMs }), random),
        )
  return { untilMs: nowMs + waitMs, attempts: times }
}

/** After a bug of ours. */
export const retryAfterUnexpectedError = (nowMs: number): RetryState => ({ untilMs: nowMs + 60_000, attempts: 1 })

/** By what did not succeed. */
export type RetryStates = Map<Choice['kind'], RetryState>

/**
 * Until when a choice is not carried out; 0: it may be. While a deletion waits, others may take its place in the budget:
 * that it is withheld for that is not told, or what is told would change to and fro.
 */
export function retryAtMs(setbacks: RetryStates, choice: Choice): number {
  const untilMs = (kind: Choice['kind']) => setbacks.get(kind)?.untilMs ?? 0
  return Math.max(untilMs(choice.kind), concernsDeletion(choice) ? untilMs('delete-pod') : 0)
}

/** What is not to be done any more begins anew when it is. */
export function clearObsoleteRetries(setbacks: RetryStates, tasks: readonly { readonly choice: Choice }[]): void {
  for (const kind of setbacks.keys()) {
    const isThere = tasks.some(
      ({ choice }) => choice.kind === kind || (kind === 'delete-pod' && concernsDeletion(choice)),
    )
    if (!isThere) setbacks.delete(kind)
  }
}
