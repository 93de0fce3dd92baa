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

/** Whether a request with this timeout took so long that the process itself cannot have been running all the time. */
export function isLate(tookMs: number, timeoutMs: number): boolean {
  return tookMs > timeoutMs + computeSlackMs(timeoutMs)
}

/** Measures for how long the event loop did not run. */
export interface Heartbeat {
  /** The time by which the beats were late, up to now, in milliseconds. */
  lagMs(): number
  /** Whether the loop stood still for more than a tenth of `timeoutMs`: then an answer may have waited unread. */
  wasHeldUp(timeoutMs: number): boolean
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
  const beat = () => {
    const nowMs = performance.now()
    lagMs += Math.max(0, nowMs - lastMs - periodMs)
    lastMs = nowMs
  }
  const timer = setInterval(beat, periodMs)
  const measureLagMs = () => lagMs + Math.max(0, performance.now() - lastMs - periodMs)
  return {
    lagMs: measureLagMs,
    wasHeldUp: (timeoutMs) => measureLagMs() > computeSlackMs(timeoutMs),
    stop: () => clearInterval(timer),
  }
}
