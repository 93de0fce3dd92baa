import { exponentialDelayMs, withJitter } from '../../../core/backoff.ts'
import type { WriteResult } from '../../../kubernetes/write-result.ts'
import { type Choice, concernsDeletion } from './choose-action.ts'

/** The state of a failed action. `untilMs`: no retry before this time of a monotonic clock. */
export interface RetryState {
  readonly untilMs: number
  /** Consecutive failures. */
  readonly attempts: number
}

/** By then the watch shows the change that caused a conflict. */
const firstMs = 500
/** The limit for a frozen watch, which does not show the change. */
const maxOutdatedMs = 10_000
const maxFailedMs = 120_000

/** The state after another failure; `random` is from 0 to 1. Pure. */
export function nextRetryState(
  result: Exclude<WriteResult, { readonly kind: 'ok' }>,
  before: RetryState | undefined,
  nowMs: number,
  random: number,
): RetryState {
  const attempts = (before?.attempts ?? 0) + 1
  const waitMs =
    result.kind === 'conflict'
      ? exponentialDelayMs(attempts - 1, { baseMs: firstMs, capMs: maxOutdatedMs })
      : Math.max(
          result.retryAfterMs,
          withJitter(exponentialDelayMs(attempts, { baseMs: firstMs, capMs: maxFailedMs }), random),
        )
  return { untilMs: nowMs + waitMs, attempts }
}

/** The state after an exception, which is a bug. */
export const retryAfterUnexpectedError = (nowMs: number): RetryState => ({ untilMs: nowMs + 60_000, attempts: 1 })

/** Retry states, by the kind of choice that failed. */
export type RetryStates = Map<Choice['kind'], RetryState>

/**
 * When a choice may be carried out; 0 if it may now. While a deletion waits for a retry, others may use up the budget.
 * Its block reason is not reported in that time, because the reports would alternate.
 */
export function retryAtMs(retries: RetryStates, choice: Choice): number {
  const untilMs = (kind: Choice['kind']) => retries.get(kind)?.untilMs ?? 0
  return Math.max(untilMs(choice.kind), concernsDeletion(choice) ? untilMs('delete-pod') : 0)
}

/** Removes the state of choices that are no longer made, so that they start without a delay. */
export function clearObsoleteRetries(retries: RetryStates, tasks: readonly { readonly choice: Choice }[]): void {
  for (const kind of retries.keys()) {
    const isChosen = tasks.some(
      ({ choice }) => choice.kind === kind || (kind === 'delete-pod' && concernsDeletion(choice)),
    )
    if (!isChosen) retries.delete(kind)
  }
}
