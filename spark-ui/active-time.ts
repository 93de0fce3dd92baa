/** A span may take this much longer than planned. Beyond that, the process counts as frozen or throttled. */
const lateSlackMs = 1_000

/**
 * How much of `elapsedMs` was active time, in a span planned to take at most `plannedMs`. Time in which the process did not
 * run (SIGSTOP, a cgroup freezer, an overloaded node) proves nothing about the driver and must not count towards a deadline.
 */
export function computeActiveMs(elapsedMs: number, plannedMs: number): number {
  return Math.max(0, Math.min(elapsedMs, plannedMs + lateSlackMs))
}

/** Whether a request with this timeout took so long that the process itself cannot have been running all the time. */
export function isLate(tookMs: number, timeoutMs: number): boolean {
  return tookMs > timeoutMs + lateSlackMs
}
