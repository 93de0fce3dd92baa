import { heldBack } from './held-back.ts'
import type { DriverObservation } from './observation.ts'

/** What became of one pod's sidecar. */
interface Trial {
  readonly started: boolean
  readonly atMs: number
}

export interface SidecarImageEdges {
  /** The image that is injected now; what became of others says nothing of it. */
  readonly image: string
  /** Failures in a row that suspend injection. */
  readonly threshold: number
  nowMs(): number
}

/**
 * Whether the sidecar's image can be started, from what the watched pods show: each replica sees the same and comes to
 * the same end, also after it was started anew.
 */
export interface SidecarImage {
  note(driver: DriverObservation): void
  forget(driver: DriverObservation): void
  /** Since when a driver has been held back, as far as this process saw; null: it is not. */
  heldBackSinceMs(driver: DriverObservation): number | null
  /** Whether injection is suspended. */
  isSuspended(): boolean
  /** Why a driver that is admitted now gets no sidecar; null: it gets one. One a minute does, to find out. */
  suspension(): string | null
}

const trialIntervalMs = 60_000
/** What failed before that says nothing of now: the sidecars that started since may be gone with their drivers. */
const rememberedMs = 15 * 60_000
const maxTrials = 200

export function watchSidecarImage({ image, threshold, nowMs }: SidecarImageEdges): SidecarImage {
  const signs = new Map<string, { readonly sinceMs: number; readonly patienceMs: number; readonly ours: boolean }>()
  const trials = new Map<string, Trial>()
  let lastTrialMs = Number.NEGATIVE_INFINITY

  const noteTrial = (uid: string, trial: Trial) => {
    const known = trials.get(uid)
    // A sidecar that started once and is restarted proves nothing new of its image.
    if (known?.started === trial.started) return
    trials.set(uid, trial)
    const [oldest] = trials.keys()
    if (trials.size > maxTrials && oldest !== undefined) trials.delete(oldest)
  }

  /** Failures since the last start, those included that are yet to be let go. */
  const failures = (): number => {
    let startedMs = Number.NEGATIVE_INFINITY
    for (const trial of trials.values()) if (trial.started) startedMs = Math.max(startedMs, trial.atMs)
    let count = 0
    const sinceMs = Math.max(startedMs, nowMs() - rememberedMs)
    for (const trial of trials.values()) if (!trial.started && trial.atMs > sinceMs) count += 1
    for (const [uid, { sinceMs: signMs, patienceMs, ours }] of signs) {
      const failed = ours && signMs > startedMs && nowMs() - signMs >= patienceMs
      if (failed && trials.get(uid)?.started !== false) count += 1
    }
    return count
  }
  const isSuspended = () => failures() >= threshold

  return {
    note: (driver) => {
      const { uid, sidecar } = driver
      if (sidecar === null) return
      const held = heldBack(driver, nowMs())
      if (held === undefined) signs.delete(uid)
      else {
        const { sinceMs } = signs.get(uid) ?? { sinceMs: nowMs() }
        signs.set(uid, { sinceMs, patienceMs: held.patienceMs, ours: sidecar.image === image })
      }
      if (sidecar.rescue !== null) {
        if (sidecar.rescue.image === image) noteTrial(uid, { started: false, atMs: sidecar.rescue.atMs })
      } else if (sidecar.image === image && sidecar.state.kind === 'running') {
        noteTrial(uid, { started: true, atMs: sidecar.state.startedMs })
      }
    },
    forget: ({ uid }) => void signs.delete(uid),
    heldBackSinceMs: ({ uid }) => signs.get(uid)?.sinceMs ?? null,
    isSuspended,
    suspension: () => {
      if (!isSuspended()) return null
      if (nowMs() - lastTrialMs >= trialIntervalMs) {
        lastTrialMs = nowMs()
        return null
      }
      return `${image} could not be started for ${failures()} drivers in a row; one driver a minute gets it, to find out`
    },
  }
}
