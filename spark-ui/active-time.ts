/** The part of a span by which it may take longer than planned. Beyond that, the process counts as frozen or throttled. */
const lateShare = 0.1
/** The least of these allowances: timers and the event loop of a healthy process are this late. */
const minLateMs = 100

const computeSlackMs = (plannedMs: number) => Math.max(minLateMs, plannedMs * lateShare)

/**
 * How much of `elapsedMs` was active time, in a span planned to take at most `plannedMs`. Time in which the process did not
 * run (SIGSTOP, a cgroup freezer, an overloaded node) proves nothing about the driver and must not count towards a deadline.
 */
export function computeActiveMs(elapsedMs: number, plannedMs: number): number {
  return Math.max(0, Math.min(elapsedMs, plannedMs + computeSlackMs(plannedMs)))
}

/** How many times its timeout a request may take, so that it ends even if this process hardly runs. */
const maxStretch = 4

/** What to do about a request that has not been answered yet. */
export type WaitDecision =
  | { readonly kind: 'wait'; readonly forMs: number }
  /** The other side had the whole timeout, in which this process ran and would have read an answer. */
  | { readonly kind: 'timed-out' }
  /** This process has hardly run, so that nothing is known. */
  | { readonly kind: 'inconclusive' }

/**
 * The timeout of a request counts the time in which this process ran: `lagMs` of the `elapsedMs` do not count. A process that is
 * throttled all the time, perhaps because a client floods it, waits a little longer and still learns what it asked for. A pause
 * may have stopped the other side as well, for which the wait makes up.
 */
export function decideWait(elapsedMs: number, lagMs: number, timeoutMs: number): WaitDecision {
  const leftMs = timeoutMs - (elapsedMs - lagMs)
  if (elapsedMs > timeoutMs * maxStretch) return { kind: 'inconclusive' }
  return leftMs > 0 ? { kind: 'wait', forMs: Math.ceil(leftMs) } : { kind: 'timed-out' }
}

/** Whether a pause of this process was so long that the other side may have taken it for the end of the connection. */
export function isLongPause(pauseMs: number, timeoutMs: number): boolean {
  return pauseMs > computeSlackMs(timeoutMs)
}

/** Measures for how long the event loop did not run. */
export interface Heartbeat {
  /** The time by which the beats were late, up to now, in milliseconds. */
  lagMs(): number
  /** The most by which one beat was late, up to now, in milliseconds. */
  longestPauseMs(): number
  stop(): void
}

/**
 * Starts a timer that beats twenty times in `spanMs`, but at most a hundred times a second. A process that is frozen or
 * throttled, or whose own work holds the loop, finds its beats late.
 */
export function startHeartbeat(spanMs: number): Heartbeat {
  const periodMs = Math.max(10, spanMs / 20)
  let lastMs = performance.now()
  let lagMs = 0
  let longestMs = 0
  const measureLateMs = (nowMs: number) => Math.max(0, nowMs - lastMs - periodMs)
  const beat = () => {
    const nowMs = performance.now()
    const lateMs = measureLateMs(nowMs)
    lagMs += lateMs
    longestMs = Math.max(longestMs, lateMs)
    lastMs = nowMs
  }
  const timer = setInterval(beat, periodMs)
  return {
    lagMs: () => lagMs + measureLateMs(performance.now()),
    longestPauseMs: () => Math.max(longestMs, measureLateMs(performance.now())),
    stop: () => clearInterval(timer),
  }
}
