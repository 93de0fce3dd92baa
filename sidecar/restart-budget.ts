import { exponentialDelayMs } from '../core/backoff.ts'
import type { RestartBudget } from '../core/settings/driver-policy.ts'

export interface Restart {
  /** Milliseconds of the wall clock. */
  readonly atMs: number
  readonly reason: string
}

/** The restarts so far. `total` also counts restarts that are no longer in the list. */
export interface RestartHistory {
  readonly restarts: readonly Restart[]
  readonly total: number
}

/** `used` restarts of at most `max` count at the moment. `max` is null if the number is unlimited. */
export type BudgetState =
  | { readonly kind: 'free'; readonly used: number; readonly max: number | null }
  | { readonly kind: 'backoff'; readonly used: number; readonly max: number | null; readonly untilMs: number }
  | { readonly kind: 'spent'; readonly used: number; readonly max: number; readonly restarts: readonly Restart[] }

const usualLongestBackoffMs = 300_000

/** Whether one more restart is allowed at `nowMs` of the wall clock. No restart of `history` may lie after `nowMs`. */
export function computeBudgetState(budget: RestartBudget, history: RestartHistory, nowMs: number): BudgetState {
  const { maxRestarts: max, windowMs } = budget
  const restarts = history.restarts.filter(({ atMs }) => windowMs === null || nowMs - atMs < windowMs)
  const used = windowMs === null ? Math.max(history.total, restarts.length) : restarts.length
  if (max !== null && used >= max) return { kind: 'spent', used, max, restarts }
  const last = history.restarts.at(-1)
  const untilMs = last === undefined ? nowMs : last.atMs + computeBackoffMs(budget, used)
  return untilMs > nowMs ? { kind: 'backoff', used, max, untilMs } : { kind: 'free', used, max }
}

/**
 * The minimum time between the last restart and the next one. It doubles with each used restart, up to 5 minutes, or up to
 * the configured backoff if that is longer.
 */
export function computeBackoffMs({ backoffMs: first }: RestartBudget, used: number): number {
  if (used === 0) return 0
  return exponentialDelayMs(used - 1, { baseMs: first, capMs: Math.max(usualLongestBackoffMs, first) })
}

/**
 * Moves restarts that lie in the future to `nowMs`: the wall clock may have been set back since they were recorded.
 * Otherwise a restart would count for longer than its window, or delay the next one for longer than its backoff.
 */
export function clampToNow(restarts: readonly Restart[], nowMs: number): readonly Restart[] {
  return restarts.map((restart) => (restart.atMs > nowMs ? { ...restart, atMs: nowMs } : restart))
}
