import { findBlockingSidecar, slowReason } from '../assess/startup-blocked.ts'
import type { Driver, DriverSidecar } from '../driver/driver.ts'

/** Whether the sidecar of one pod started, and when that was known, by the wall clock. */
interface StartResult {
  readonly started: boolean
  readonly atMs: number
}

export interface SidecarImageBreakerDeps {
  /** The image that is injected now. Results of other images do not count. */
  readonly image: string
  /** Number of consecutive failures that suspend injection. */
  readonly threshold: number
  /** Wall-clock time, comparable with the pods' timestamps. */
  nowMs(): number
  /** Milliseconds of a monotonic clock. */
  monotonicMs(): number
}

/**
 * Whether the sidecar image can be started, derived from the watched pods. Each replica sees the same pods and comes to
 * the same conclusion, even after a restart.
 */
export interface SidecarImageBreaker {
  observe(driver: Driver): void
  forget(driver: Driver): void
  /** How long this process has seen the sidecar block the driver's startup. Null if the sidecar does not block it. */
  startupBlockedForMs(driver: Driver): number | null
  /** Whether injection is suspended. */
  isSuspended(): boolean
  /** Why a driver that is admitted now gets no sidecar. Null if it gets one: while suspended, one driver a minute does. */
  suspension(): string | null
}

const trialIntervalMs = 60_000
/** Older failures do not count, because the sidecars that have started since may be gone with their drivers. */
const failureWindowMs = 15 * 60_000
const maxResults = 200

/** A driver whose startup is blocked by its sidecar. */
interface BlockedStartup {
  readonly seenMs: number
  /** When it was first seen, by the wall clock. */
  readonly dateMs: number
  readonly patienceMs: number
  readonly isSlow: boolean
  /** Whether the sidecar has the image that is injected now. */
  readonly hasCurrentImage: boolean
}

export function createSidecarImageBreaker(deps: SidecarImageBreakerDeps): SidecarImageBreaker {
  const { image, threshold, nowMs, monotonicMs } = deps
  const blocked = new Map<string, BlockedStartup>()
  const results = new Map<string, StartResult>()
  let lastTrialMs = Number.NEGATIVE_INFINITY

  const observeBlock = (driver: Driver, sidecar: DriverSidecar): void => {
    const block = findBlockingSidecar(driver)
    if (block === undefined) {
      blocked.delete(driver.uid)
      return
    }
    const isSlow = block.reason === slowReason
    const before = blocked.get(driver.uid)
    // A failure that appears only now is dated now; until then the start was only slow.
    const isSameBlock = before !== undefined && (isSlow || !before.isSlow)
    const { seenMs, dateMs } = isSameBlock ? before : { seenMs: monotonicMs(), dateMs: nowMs() }
    const { patienceMs } = block
    blocked.set(driver.uid, { seenMs, dateMs, patienceMs, isSlow, hasCurrentImage: sidecar.image === image })
  }

  const recordResult = (uid: string, result: StartResult): void => {
    // A restarted sidecar is not a new result for its image.
    if (results.get(uid)?.started === result.started) return
    results.set(uid, result)
    const [oldest] = results.keys()
    if (results.size > maxResults && oldest !== undefined) results.delete(oldest)
  }

  /** A slow start is not a failure, because it may wait for other image pulls of the node. */
  const hasFailed = (startup: BlockedStartup, sinceMs: number): boolean =>
    startup.hasCurrentImage &&
    !startup.isSlow &&
    startup.dateMs > sinceMs &&
    monotonicMs() - startup.seenMs >= startup.patienceMs

  /** Counts the failures since the last success, including drivers that are still blocked. */
  const countFailures = (): number => {
    const all = [...results.values()]
    const startedMs = Math.max(...all.filter(({ started }) => started).map(({ atMs }) => atMs))
    const sinceMs = Math.max(startedMs, nowMs() - failureWindowMs)
    const ended = all.filter(({ started, atMs }) => !started && atMs > sinceMs)
    const current = [...blocked].filter(
      ([uid, startup]) => hasFailed(startup, startedMs) && results.get(uid)?.started !== false,
    )
    return ended.length + current.length
  }
  const isSuspended = () => countFailures() >= threshold

  return {
    observe: (driver) => {
      const { uid, sidecar } = driver
      if (sidecar === null) return
      observeBlock(driver, sidecar)
      const result = findStartResult(sidecar, image)
      if (result !== undefined) recordResult(uid, result)
    },
    forget: ({ uid }) => void blocked.delete(uid),
    startupBlockedForMs: ({ uid }) => {
      const startup = blocked.get(uid)
      return startup === undefined ? null : monotonicMs() - startup.seenMs
    },
    isSuspended,
    suspension: () => {
      if (!isSuspended()) return null
      if (monotonicMs() - lastTrialMs >= trialIntervalMs) {
        lastTrialMs = monotonicMs()
        return null
      }
      return `${image} could not be started for ${countFailures()} drivers in a row; spark-nanny tries it with one driver a minute`
    },
  }
}

/** What a pod shows about the start of `image`. Undefined if it shows nothing, or another image. */
function findStartResult({ bypass, image: current, state }: DriverSidecar, image: string): StartResult | undefined {
  if (bypass !== null) {
    const isFailure = bypass.image === image && bypass.reason !== slowReason
    return isFailure ? { started: false, atMs: bypass.atMs } : undefined
  }
  if (current !== image || state.kind !== 'running') return undefined
  return { started: true, atMs: state.startedMs }
}
