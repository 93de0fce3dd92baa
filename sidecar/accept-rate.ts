import type { Server } from 'node:net'

export interface AcceptRate {
  readonly perSecond: number
  /** How many connections may come at once. */
  readonly burst: number
}

/** Tests inject their own. */
export interface AcceptClock {
  nowMs(): number
  /** Stops the whole process for so long. */
  sleep(ms: number): void
}

const never = new Int32Array(new SharedArrayBuffer(4))
const systemClock: AcceptClock = {
  nowMs: () => performance.now(),
  sleep: (ms) => void Atomics.wait(never, 0, 0, ms),
}

/**
 * Accepts no more connections than `rate`, whoever opens them. Above it, the whole process sleeps until the next one is due, at
 * most `1 / perSecond`: Node accepts one connection in each turn of the event loop, and cannot be asked to wait. Meanwhile new
 * connections wait in the kernel, at no cost to this process, and are served in their order. Without it, clients that reconnect
 * all the time would use up the CPU limit of the sidecar, which then stops for a tenth of a second again and again. To refuse
 * connections, or to stop listening, would keep out the kubelet as well.
 */
export function limitAcceptRate(
  server: Server,
  { perSecond, burst }: AcceptRate,
  clock: AcceptClock = systemClock,
): void {
  const intervalMs = 1_000 / perSecond
  /** When the next connection would be due if they came at the rate. It lies in the past by at most the burst. */
  let dueMs = Number.NEGATIVE_INFINITY
  server.prependListener('connection', () => {
    const nowMs = clock.nowMs()
    if (dueMs > nowMs) clock.sleep(Math.min(intervalMs, dueMs - nowMs))
    dueMs = Math.max(dueMs, nowMs - (burst - 1) * intervalMs) + intervalMs
  })
}
