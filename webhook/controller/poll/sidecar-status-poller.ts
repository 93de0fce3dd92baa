import { parseSidecarStatus } from '../../../core/contract/sidecar-status.ts'
import { parseJson } from '../../../core/json.ts'
import type { UiRequest, UiResult } from '../../../spark-ui/http-get.ts'
import type { Hang } from '../assess/assess.ts'
import { type Driver, isRunning } from '../driver/driver.ts'
import type { RequestLimit } from './request-limit.ts'

/** A kubelet fails the pod within 30 seconds of the verdict, and Spark's grace period is 30 more. */
const kubeletActsWithinMs = 120_000
const pollIntervalMs = 30_000
const timeoutMs = 5_000

/**
 * When to request the status of a driver's sidecar: after the driver has not been Ready for so long that a kubelet would
 * have acted. For a driver that was not Ready yet, that time begins at its startup deadline. Null if no request is needed.
 */
export function nextRequestAtMs(driver: Driver, startupDeadlineMs: number): number | null {
  const { sidecar, ready, readySinceMs } = driver
  const { state } = driver.driver
  if (sidecar === null || sidecar.bypass !== null || sidecar.statusPort === null || driver.podIp === null) return null
  // A sidecar that does not run cannot respond.
  if (sidecar.state.kind !== 'running') return null
  if (ready || !isRunning(driver) || state.kind !== 'running') return null
  // The driver has not been Ready since its container started.
  const isStarting = readySinceMs === null || readySinceMs <= state.startedMs
  return (isStarting ? state.startedMs + startupDeadlineMs : readySinceMs) + kubeletActsWithinMs
}

/** The hang in the sidecar's `/status`, if the kubelet should have acted on it by now. */
export function currentVerdict(body: string, nowMs: number): Hang | undefined {
  const status = parseSidecarStatus(parseJson(body))
  if (status === undefined || status.state !== 'hung' || status.action.now !== 'fail') return undefined
  const { sinceMs, reason, detail } = status
  if (sinceMs === null || nowMs - sinceMs < kubeletActsWithinMs) return undefined
  const text = `${reason}: ${detail}`.slice(0, 300)
  return { source: 'sidecar', reason: 'kubelet-did-not-act', certainty: 'certain', sinceMs, detail: text }
}

export interface SidecarStatusPoller {
  /** Polls if a request is due. Returns the date at which to call again, or null if that is not needed. */
  pollIfDue(driver: Driver, startupDeadlineMs: number): number | null
  /**
   * Polls immediately, without the limit: the caller may delete a few pods at a time. Resolves, at most the timeout later,
   * when {@link verdict} returns the result.
   */
  pollNow(driver: Driver): Promise<void>
  verdict(uid: string): Hang | undefined
  forget(uid: string): void
}

export interface SidecarStatusPollerDeps {
  sendUiRequest(request: UiRequest): Promise<UiResult>
  /** Shared with the polls of UIs. */
  readonly requestLimit: RequestLimit
  nowMs(): number
  /** Milliseconds of a monotonic clock. */
  monotonicMs(): number
  /** Called after each response. */
  responded(driver: Driver): void
}

/** Requests the status of sidecars at the addresses of their pods, without the Kubernetes API. */
export function createSidecarStatusPoller({
  sendUiRequest,
  requestLimit,
  nowMs,
  monotonicMs,
  responded,
}: SidecarStatusPollerDeps): SidecarStatusPoller {
  const known = new Map<string, { readonly hang: Hang | undefined; readonly requestedMs: number }>()
  /** The pods with a request that runs or waits for its turn. */
  const pending = new Set<string>()
  const request = async (driver: Driver): Promise<void> => {
    const result = await sendUiRequest({
      address: { scheme: 'http', host: driver.podIp ?? '', port: driver.sidecar?.statusPort ?? 0 },
      path: '/status',
      timeoutMs,
      maxBodyBytes: 262_144,
      onlyWhole: true,
    })
    if (!known.has(driver.uid)) return
    const body = result.kind === 'response' && result.response.statusCode === 200 ? result.response.body : ''
    known.set(driver.uid, { hang: currentVerdict(body, nowMs()), requestedMs: monotonicMs() })
  }
  const requestInTurn = async (driver: Driver): Promise<void> => {
    pending.add(driver.uid)
    try {
      await requestLimit.run(driver.namespace, () => request(driver))
    } finally {
      pending.delete(driver.uid)
    }
  }
  return {
    pollIfDue: (driver, startupDeadlineMs) => {
      const atMs = nextRequestAtMs(driver, startupDeadlineMs)
      if (atMs === null) {
        known.delete(driver.uid)
        return null
      }
      if (pending.has(driver.uid)) return nowMs() + pollIntervalMs
      const before = known.get(driver.uid)
      const pauseMs = before === undefined ? 0 : before.requestedMs + pollIntervalMs - monotonicMs()
      const waitMs = Math.max(atMs - nowMs(), pauseMs)
      if (waitMs > 0) return nowMs() + waitMs
      known.set(driver.uid, { hang: before?.hang, requestedMs: monotonicMs() })
      void requestInTurn(driver).then(() => responded(driver))
      return nowMs() + pollIntervalMs
    },
    pollNow: request,
    verdict: (uid) => known.get(uid)?.hang,
    forget: (uid) => void known.delete(uid),
  }
}
