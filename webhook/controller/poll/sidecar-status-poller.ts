import { parseSidecarStatus } from '../../../core/contract/sidecar-status.ts'
import { parseJson } from '../../../core/json.ts'
import type { UiRequest, UiResult } from '../../../spark-ui/http-get.ts'
import type { Hang } from '../assess/assess.ts'
import { type Driver, isRunning } from '../driver/driver.ts'

/** A kubelet fails the pod within 30 seconds of the verdict, and Spark's grace period is 30 more. */
const kubeletActsWithinMs = 120_000
const againMs = 30_000
const timeoutMs = 5_000

/**
 * When the sidecar of a driver is to be asked for its verdict: when the driver is not Ready any more, or not yet though its
 * startup deadline has passed, for so long that a kubelet that could act would have. Null: a Ready driver's never.
 */
export function nextRequestAtMs(driver: Driver, startupDeadlineMs: number): number | null {
  const { sidecar, ready, readySinceMs } = driver
  const { state } = driver.driver
  if (sidecar === null || sidecar.bypass !== null || sidecar.statusPort === null || driver.podIp === null) return null
  // A sidecar that does not run cannot respond.
  if (sidecar.state.kind !== 'running') return null
  if (ready || !isRunning(driver) || state.kind !== 'running') return null
  // Not Ready ever since its container started: it has yet to be.
  const isStarting = readySinceMs === null || readySinceMs <= state.startedMs
  return (isStarting ? state.startedMs + startupDeadlineMs : readySinceMs) + kubeletActsWithinMs
}

/** The verdict in the sidecar's `/status`, when it stands for long and the kubelet was to act on it; undefined: none. */
export function currentVerdict(body: string, nowMs: number): Hang | undefined {
  const status = parseSidecarStatus(parseJson(body))
  if (status === undefined || status.state !== 'hung' || status.action.now !== 'fail') return undefined
  const { sinceMs, reason, detail } = status
  if (sinceMs === null || nowMs - sinceMs < kubeletActsWithinMs) return undefined
  const text = `${reason}: ${detail}`.slice(0, 300)
  return { by: 'sidecar', reason: 'kubelet-did-not-act', sinceMs, detail: text }
}

export interface SidecarStatusPoller {
  /** Polls if a request is due. Returns the date at which to call again, or null if that is not needed. */
  pollIfDue(driver: Driver, startupDeadlineMs: number): number | null
  /** Polls immediately. Resolves, at most the timeout later, when {@link verdict} returns the result. */
  pollNow(driver: Driver): Promise<void>
  verdict(uid: string): Hang | undefined
  forget(uid: string): void
}

export interface SidecarStatusPollerDeps {
  get(get: UiRequest): Promise<UiResult>
  nowMs(): number
  /** Of a clock that no one sets. */
  monotonicMs(): number
  /** After each answer. */
  answered(driver: Driver): void
}

/** Asks sidecars at their pods' addresses; the API is not involved. */
export function createSidecarStatusPoller({
  get,
  nowMs,
  monotonicMs,
  answered,
}: SidecarStatusPollerDeps): SidecarStatusPoller {
  const known = new Map<string, { readonly hang: Hang | undefined; readonly askedMs: number }>()
  const ask = async (driver: Driver): Promise<void> => {
    const reply = await get({
      address: { scheme: 'http', host: driver.podIp ?? '', port: driver.sidecar?.statusPort ?? 0 },
      path: '/status',
      timeoutMs,
      maxBodyBytes: 262_144,
    })
    if (!known.has(driver.uid)) return
    const body = reply.kind === 'response' && reply.response.statusCode === 200 ? reply.response.body : ''
    known.set(driver.uid, { hang: currentVerdict(body, nowMs()), askedMs: monotonicMs() })
  }
  return {
    pollIfDue: (driver, startupDeadlineMs) => {
      const atMs = nextRequestAtMs(driver, startupDeadlineMs)
      if (atMs === null) {
        known.delete(driver.uid)
        return null
      }
      const before = known.get(driver.uid)
      const pauseMs = before === undefined ? 0 : before.askedMs + againMs - monotonicMs()
      const waitMs = Math.max(atMs - nowMs(), pauseMs)
      if (waitMs > 0) return nowMs() + waitMs
      known.set(driver.uid, { hang: before?.hang, askedMs: monotonicMs() })
      void ask(driver).then(() => answered(driver))
      return nowMs() + againMs
    },
    pollNow: ask,
    verdict: (uid) => known.get(uid)?.hang,
    forget: (uid) => void known.delete(uid),
  }
}
