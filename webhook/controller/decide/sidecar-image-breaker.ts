import { findBlockingSidecar, slowReasons } from '../assess/startup-blocked.ts'
import type { Driver } from '../driver/driver.ts'

/** The result of one pod's sidecar. */
interface Trial {
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
  /** How long the sidecar has blocked the driver, as far as this process saw; null if it does not. */
  heldBackForMs(driver: Driver): number | null
  /** Whether injection is suspended. */
  isSuspended(): boolean
  /** Why a driver that is admitted now gets no sidecar; null if it gets one. One a minute gets one as a trial. */
  suspension(): string | null
}

const trialIntervalMs = 60_000
/** Older failures do not count, because the sidecars that have started since may be gone with their drivers. */
const rememberedMs = 15 * 60_000
const maxTrials = 200

/** When a blocked driver was first seen. */
interface Sign {
  readonly seenMs: number
  /** By the wall clock. */
  readonly dateMs: number
  readonly patienceMs: number
  readonly slow: boolean
  readonly ours: boolean
}

export function createSidecarImageBreaker({
  image,
  threshold,
  nowMs,
  monotonicMs,
}: SidecarImageBreakerDeps): SidecarImageBreaker {
  const signs = new Map<string, Sign>()
  const trials = new Map<string, Trial>()
  let lastTrialMs = Number.NEGATIVE_INFINITY

  const noteTrial = (uid: string, trial: Trial) => {
    const known = trials.get(uid)
    // A restarted sidecar is no new result for its image.
    if (known?.started === trial.started) return
    trials.set(uid, trial)
    const [oldest] = trials.keys()
    if (trials.size > maxTrials && oldest !== undefined) trials.delete(oldest)
  }

  /** Failures since the last success, including drivers that are still blocked. */
  const failures = (): number => {
    let startedMs = Number.NEGATIVE_INFINITY
    for (const trial of trials.values()) if (trial.started) startedMs = Math.max(startedMs, trial.atMs)
    let count = 0
    const sinceMs = Math.max(startedMs, nowMs() - rememberedMs)
    for (const trial of trials.values()) if (!trial.started && trial.atMs > sinceMs) count += 1
    for (const [uid, sign] of signs) {
      // A slow start may wait for other image pulls of the node.
      const isFailure = sign.ours && !sign.slow && sign.dateMs > startedMs
      const failed = isFailure && monotonicMs() - sign.seenMs >= sign.patienceMs
      if (failed && trials.get(uid)?.started !== false) count += 1
    }
    return count
  }
  const isSuspended = () => failures() >= threshold

  return {
    observe: (driver) => {
      const { uid, sidecar } = driver
      if (sidecar === null) return
      const held = findBlockingSidecar(driver)
      if (held === undefined) signs.delete(uid)
      else {
        const isSlow = held.reason === slowReasons
        const known = signs.get(uid)
        // A failure that appears only now is dated now; until then the start was only slow.
        const goesOn = known !== undefined && (isSlow || !known.slow)
        const since = goesOn ? known : { seenMs: monotonicMs(), dateMs: nowMs() }
        const { seenMs, dateMs } = since
        const { patienceMs } = held
        signs.set(uid, { seenMs, dateMs, patienceMs, slow: isSlow, ours: sidecar.image === image })
      }
      if (sidecar.bypass !== null) {
        if (sidecar.bypass.image === image && sidecar.bypass.reason !== slowReasons)
          noteTrial(uid, { started: false, atMs: sidecar.bypass.atMs })
      } else if (sidecar.image === image && sidecar.state.kind === 'running') {
        noteTrial(uid, { started: true, atMs: sidecar.state.startedMs })
      }
    },
    forget: ({ uid }) => void signs.delete(uid),
    heldBackForMs: ({ uid }) => {
      const sign = signs.get(uid)
      return sign === undefined ? null : monotonicMs() - sign.seenMs
    },
    isSuspended,
    suspension: () => {
      if (!isSuspended()) return null
      if (monotonicMs() - lastTrialMs >= trialIntervalMs) {
        lastTrialMs = monotonicMs()
        return null
      }
      return `${image} could not be started for ${failures()} drivers in a row; one driver a minute gets it, to find out`
    },
  }
}
