/**
 * A span that may take this much longer than planned before the rest counts as time in which the sidecar was frozen or
 * throttled.
 */
export const lateSlackMs = 1_000

/**
 * How much of `elapsedMs` was watched, of a span planned to take at most `plannedMs`. Time in which the sidecar did not
 * run (SIGSTOP, a cgroup freezer, a starved node) says nothing of the driver and must not count towards a deadline.
 */
export function computeActiveMs(elapsedMs: number, plannedMs: number): number {
  return Math.max(0, Math.min(elapsedMs, plannedMs + lateSlackMs))
}

/** Whether an answer awaited for `timeoutMs` came so late that the sidecar itself must have been kept from running. */
export function isLate(tookMs: number, timeoutMs: number): boolean {
  return tookMs > timeoutMs + lateSlackMs
}
