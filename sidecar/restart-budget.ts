import { exponentialDelayMs } from '../core/backoff.ts'
import type { RestartBudget } from '../core/settings/driver-policy.ts'

export interface Restart {
  /** Wall clock. */
  readonly atMs: number
  readonly reason: string
}

/** What is known of the restarts so far. `total` counts also those that are no longer listed. */
export interface RestartHistory {
  readonly restarts: readonly Restart[]
  readonly total: number
}

/** `used` restarts of `max` (null: no end) count now. */
export type BudgetState =
  | { readonly kind: 'free'; readonly used: number; readonly max: number | null }
  | { readonly kind: 'backoff'; readonly used: number; readonly max: number | null; readonly untilMs: number }
  | { readonly kind: 'spent'; readonly used: number; readonly max: number; readonly restarts: readonly Restart[] }

const usualLongestBackoffMs = 300_000

/** Whether one more restart is allowed at `nowMs` of the wall clock. Expects a history clamped to it. */
export function computeBudgetState(budget: RestartBudget, history: RestartHistory, nowMs: number): BudgetState {
  const { maxRestarts: max, windowMs } = budget
  const restarts = history.restarts.filter(({ atMs }) => windowMs === null || nowMs - atMs < windowMs)
  const used = windowMs === null ? Math.max(history.total, restarts.length) : restarts.length
  if (max !== null && used >= max) return { kind: 'spent', used, max, restarts }
  const last = history.restarts.at(-1)
  const untilMs = last === undefined ? nowMs : last.atMs + computeBackoffMs(budget, used)
  return untilMs > nowMs ? { kind: 'backoff', used, max, untilMs } : { kind: 'free', used, max }
}

/** Least time between the last restart and the next: doubles with each of `used`, up to 5m or to itself when longer. */
export function computeBackoffMs({ backoffMs: first }: RestartBudget, used: number): number {
  if (used === 0) return 0
  return exponentialDelayMs(used - 1, { baseMs: first, capMs: Math.max(usualLongestBackoffMs, first) })
}

/**
 * The restarts as a wall clock may have seen them that was set back meanwhile: none lies in the future. Else a restart
 * would count for longer than its window, or hold back the next for longer than its backoff.
 */
export function clampToNow(restarts: readonly Restart[], nowMs: number): readonly Restart[] {
  return restarts.map((restart) => (restart.atMs > nowMs ? { ...restart, atMs: nowMs } : restart))
}
