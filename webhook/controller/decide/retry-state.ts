import { exponentialDelayMs, withJitter } from '../../../core/backoff.ts'
import type { Performed } from '../../../kubernetes/write-result.ts'
import { type Choice, isOfDeletion } from './choose-action.ts'

/** What did not succeed, and until when, by a clock that no one sets, it is not tried again. */
export interface Setback {
  readonly untilMs: number
  /** How often in a row. */
  readonly times: number
}

/** A pod that changed in between is known anew by then. */
const firstMs = 500
/** With a watch that is frozen it is not. */
const maxOutdatedMs = 10_000
const maxFailedMs = 120_000

/** The one that comes after `before`; `random` is from 0 to 1. Pure. */
export function setbackOf(
  performed: Exclude<Performed, { readonly kind: 'done' }>,
  before: Setback | undefined,
  nowMs: number,
  random: number,
): Setback {
  const times = (before?.times ?? 0) + 1
  const waitMs =
    performed.kind === 'outdated'
      ? exponentialDelayMs(times - 1, { baseMs: firstMs, capMs: maxOutdatedMs })
      : Math.max(
          performed.retryAfterMs,
          withJitter(exponentialDelayMs(times, { baseMs: firstMs, capMs: maxFailedMs }), random),
        )
  return { untilMs: nowMs + waitMs, times }
}

/** After a bug of ours. */
export const setbackOfBug = (nowMs: number): Setback => ({ untilMs: nowMs + 60_000, times: 1 })

/** By what did not succeed. */
export type Setbacks = Map<Choice['kind'], Setback>

/**
 * Until when a choice is not carried out; 0: it may be. While a deletion waits, others may take its place in the budget:
 * that it is withheld for that is not told, or what is told would change to and fro.
 */
export function putOffUntilMs(setbacks: Setbacks, choice: Choice): number {
  const untilMs = (kind: Choice['kind']) => setbacks.get(kind)?.untilMs ?? 0
  return Math.max(untilMs(choice.kind), isOfDeletion(choice) ? untilMs('delete-pod') : 0)
}

/** What is not to be done any more begins anew when it is. */
export function forgetSetbacks(setbacks: Setbacks, tasks: readonly { readonly choice: Choice }[]): void {
  for (const kind of setbacks.keys()) {
    const isThere = tasks.some(({ choice }) => choice.kind === kind || (kind === 'delete-pod' && isOfDeletion(choice)))
    if (!isThere) setbacks.delete(kind)
  }
}
