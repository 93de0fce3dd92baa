/** What the requests of the kubelet show of the driver's container: with `probe-handler: http`, nothing else does. */
export type ProbePath = '/startedz' | '/readyz'

export interface ProbeRequests {
  readonly made: boolean
  /** The last response to /startedz. `confirmed`: a later request of /readyz shows that the kubelet has received a 200. */
  readonly startup: 'none' | 'failed' | 'passed' | 'confirmed'
  readonly startupMs: number
  /** Whether the startup probe has begun again since this was last taken. */
  readonly hasRepeated: boolean
}

export const noProbeRequests: ProbeRequests = { made: false, startup: 'none', startupMs: 0, hasRepeated: false }

/**
 * A kubelet that has not received the 200 asks again sooner: the timeout of our startup probe is 10 s, its period 1 s. A
 * container with a readiness probe of its own never has /readyz requested.
 */
const longestRetryMs = 30_000

/**
 * The state after one more request. The kubelet requests /readyz only after /startedz has passed, and then no longer requests
 * /startedz of that container. A request of /readyz by another client while the startup probe fails shows nothing.
 */
export function recordProbeRequest(
  before: ProbeRequests,
  path: ProbePath,
  passes: boolean,
  nowMs: number,
): ProbeRequests {
  const { startup, startupMs } = before
  if (path === '/readyz') return { ...before, made: true, startup: startup === 'failed' ? 'failed' : 'confirmed' }
  const hasPassed = startup === 'confirmed' || (startup === 'passed' && nowMs - startupMs > longestRetryMs)
  return {
    made: true,
    startup: passes ? 'passed' : 'failed',
    startupMs: nowMs,
    hasRepeated: before.hasRepeated || hasPassed,
  }
}

/** Keeps what the requests have shown, for the server that receives them and the enforcer that uses it. */
export interface ProbeWitness {
  onRequest(path: ProbePath, passes: boolean): void
  /** Whether the kubelet has requested /startedz, or /readyz: a sidecar that starts after the startup probe has passed sees only the latter. */
  driverWasProbed(): boolean
  /** Whether the startup probe has begun again since the last call, after it had passed. */
  takeRepeatedStartup(): boolean
}

/** `nowMs`: milliseconds of a monotonic clock. */
export function createProbeWitness(nowMs: () => number): ProbeWitness {
  let requests = noProbeRequests
  return {
    onRequest(path, passes) {
      requests = recordProbeRequest(requests, path, passes, nowMs())
    },
    driverWasProbed: () => requests.made,
    takeRepeatedStartup() {
      const { hasRepeated } = requests
      requests = { ...requests, hasRepeated: false }
      return hasRepeated
    },
  }
}
