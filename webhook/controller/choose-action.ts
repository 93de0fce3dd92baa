import type { Assessment, Hang } from './assess.ts'
import { type DriverObservation, hasEnded } from './observation.ts'
import type { Pause } from './pause.ts'
import type { Withheld } from './withheld.ts'

/** What is done about one assessment. */
export type Choice =
  /** Told once, as it is. */
  | { readonly kind: 'report' }
  | { readonly kind: 'rescue-sidecar'; readonly image: string }
  | { readonly kind: 'delete-executors'; readonly restarts: number; readonly startedMs: number }
  | { readonly kind: 'delete-pod'; readonly hang: Hang }
  /** As delete-pod, but only said. */
  | { readonly kind: 'dry-run'; readonly hang: Hang }
  /** `untilMs`: when to choose again though nothing happens. */
  | { readonly kind: 'withhold'; readonly hang: Hang; readonly why: Withheld; readonly untilMs: number | null }

/** Whether it changes more than what is told. */
export const isDeed = ({ kind }: Choice): boolean =>
  kind === 'rescue-sidecar' || kind === 'delete-executors' || kind === 'delete-pod'

/** All that a choice depends on besides the assessment. */
export interface Rails {
  readonly nowMs: number
  readonly dryRun: boolean
  readonly mode: 'off' | 'report' | 'delete'
  /** The setting `restart` is observe. */
  readonly observed: boolean
  /** Whether somebody makes the pod again. */
  readonly resubmits: boolean
  readonly pause: Pause | null
  readonly quarantined: boolean
  /** The application may not lose another driver before; 0: now. */
  readonly backoffUntilMs: number
  readonly exhausted: 'application' | 'namespace' | 'cluster' | 'unknown' | null
  readonly breakerOpen: boolean
}

/** A driver so young is left alone: what it does yet says nothing. */
export const youngMs = 60_000

/**
 * The one place that decides what is done. Pure. Letting a driver go that our own sidecar holds back is never withheld:
 * it kills nothing. To delete a pod everything must speak for it, and the first that does not is the reason.
 */
export function chooseAction(driver: DriverObservation, assessment: Assessment, rails: Rails): Choice {
  switch (assessment.kind) {
    case 'bad-settings':
    case 'unguarded':
    case 'stuck':
      return { kind: 'report' }
    case 'held-back':
      return driver.sidecar?.rescue === null && driver.driver.image !== ''
        ? { kind: 'rescue-sidecar', image: driver.driver.image }
        : { kind: 'report' }
    case 'restarted':
      if (rails.dryRun || rails.pause !== null) return { kind: 'report' }
      return { kind: 'delete-executors', restarts: assessment.restarts, startedMs: assessment.startedMs }
    case 'hung':
      return aboutHung(driver, assessment.hang, rails)
  }
}

function aboutHung(driver: DriverObservation, hang: Hang, rails: Rails): Choice {
  const why = obstacleTo(driver, hang, rails)
  if (why === 'backoff') return { kind: 'withhold', hang, why, untilMs: rails.backoffUntilMs }
  if (why === 'paused') return { kind: 'withhold', hang, why, untilMs: rails.pause?.untilMs ?? null }
  if (why !== undefined) return { kind: 'withhold', hang, why, untilMs: null }
  return rails.dryRun ? { kind: 'dry-run', hang } : { kind: 'delete-pod', hang }
}

/** The first thing that speaks against deleting the pod. */
function obstacleTo(driver: DriverObservation, hang: Hang, rails: Rails): Withheld | undefined {
  const { state } = driver.driver
  // The mode is about what is judged from here; a sidecar's verdict is what the driver's owner asked to be acted on.
  if (rails.mode === 'off' || (hang.by === 'ui' && rails.mode === 'report')) return 'report-only'
  if (rails.observed) return 'observed'
  // Nobody listens: it may be finishing, or have no UI at all.
  if (hang.by === 'ui' && hang.reason !== 'unresponsive') return 'not-conclusive'
  if (state.kind !== 'running' || hasEnded(driver) || driver.deletionMs !== null) return 'not-conclusive'
  if (rails.nowMs - state.startedMs < youngMs) return 'young'
  if (!rails.resubmits) return 'nobody-resubmits'
  if (rails.pause !== null) return 'paused'
  if (rails.breakerOpen) return 'breaker-open'
  if (rails.quarantined) return 'quarantined'
  if (rails.exhausted !== null) return `${rails.exhausted}-budget`
  return rails.nowMs < rails.backoffUntilMs ? 'backoff' : undefined
}
