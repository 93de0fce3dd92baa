import { formatDuration } from '../../../core/duration.ts'
import type { Pause } from '../../../core/settings/pause.ts'
import type { Assessment, Hang } from '../assess/assess.ts'
import { type DeletionReason, type Overdue, recentlyStartedMs } from '../assess/deletion-reason.ts'
import type { Deadline, Stuck } from '../assess/startup-delay.ts'
import { type Driver, hasEnded } from '../driver/driver.ts'
import type { BlockReason } from './block-reasons.ts'

/** What is done about one assessment. */
export type Choice =
  /** Told once, as it is. */
  | { readonly kind: 'report' }
  | { readonly kind: 'bypass-sidecar'; readonly image: string }
  | { readonly kind: 'delete-executors'; readonly restarts: number; readonly startedMs: number }
  | { readonly kind: 'delete-pod'; readonly reason: DeletionReason }
  /** As delete-pod, but only said. */
  | { readonly kind: 'dry-run'; readonly reason: DeletionReason }
  /** `untilMs`: when to choose again though nothing happens. */
  | {
      readonly kind: 'blocked'
      readonly reason: DeletionReason
      readonly blockReason: BlockReason
      readonly untilMs: number | null
    }

/** Whether it changes more than what is told. */
export const isWrite = ({ kind }: Choice): boolean =>
  kind === 'bypass-sidecar' || kind === 'delete-executors' || kind === 'delete-pod'

/** Whether something speaks for deleting the pod, whatever comes of it. */
export const concernsDeletion = ({ kind }: Choice): boolean =>
  kind === 'delete-pod' || kind === 'dry-run' || kind === 'blocked'

/** All that a choice depends on besides the assessment. */
export interface Safeguards {
  readonly nowMs: number
  readonly dryRun: boolean
  readonly mode: 'off' | 'report' | 'delete'
  /** The setting `restart` is observe. */
  readonly observeMode: boolean
  /** Whether somebody makes the pod again. */
  readonly resubmits: boolean
  readonly pause: Pause | null
  readonly quarantined: boolean
  /** The application may not lose another driver before; 0: now. */
  readonly backoffUntilMs: number
  readonly exhausted: 'application' | 'namespace' | 'cluster' | 'unknown' | null
  readonly breakerOpen: boolean
  /** Whether many others are stuck in the same way. */
  readonly manyStuck: boolean
}

/**
 * The one place that decides what is done. Pure. Letting a driver go that our own sidecar holds back is never withheld:
 * it kills nothing. To delete a pod everything must speak for it, and the first that does not is the reason.
 */
export function chooseAction(driver: Driver, assessment: Assessment, rails: Safeguards): Choice {
  switch (assessment.kind) {
    case 'invalid-settings':
    case 'unprotected':
      return { kind: 'report' }
    case 'stuck': {
      const { stuck, deadline, overdue } = assessment
      return deadline !== null && overdue ? toDelete(driver, overdueBy(stuck, deadline), rails) : { kind: 'report' }
    }
    case 'startup-blocked':
      return driver.sidecar?.bypass === null && driver.driver.image !== ''
        ? { kind: 'bypass-sidecar', image: driver.driver.image }
        : { kind: 'report' }
    case 'restarted':
      if (rails.dryRun || rails.pause !== null) return { kind: 'report' }
      return { kind: 'delete-executors', restarts: assessment.restarts, startedMs: assessment.startedMs }
    case 'hung':
      return toDelete(driver, assessment.hang, rails)
  }
}

const overdueBy = ({ reason, sinceMs, detail }: Stuck, { key, afterMs }: Deadline): Overdue => ({
  by: 'stuck',
  reason,
  sinceMs,
  detail: `${key} ${formatDuration(afterMs)}; ${detail}`,
})

function toDelete(driver: Driver, grounds: DeletionReason, rails: Safeguards): Choice {
  const why = obstacleTo(driver, grounds, rails)
  if (why === 'backoff') return { kind: 'blocked', reason: grounds, blockReason: why, untilMs: rails.backoffUntilMs }
  if (why === 'paused')
    return { kind: 'blocked', reason: grounds, blockReason: why, untilMs: rails.pause?.untilMs ?? null }
  if (why !== undefined) return { kind: 'blocked', reason: grounds, blockReason: why, untilMs: null }
  return rails.dryRun ? { kind: 'dry-run', reason: grounds } : { kind: 'delete-pod', reason: grounds }
}

/** The first thing that speaks against deleting the pod. */
function obstacleTo(driver: Driver, grounds: DeletionReason, rails: Safeguards): BlockReason | undefined {
  // The mode is about what is judged from here; a sidecar's verdict and a deadline the driver's owner asked for.
  if (rails.mode === 'off' || (grounds.by === 'ui' && rails.mode === 'report')) return 'report-only'
  if (rails.observeMode) return 'observe-mode'
  const doubt = grounds.by === 'stuck' ? doubtThatStuck(driver) : doubtThatHung(driver, grounds, rails)
  if (doubt !== undefined) return doubt
  if (!rails.resubmits) return 'no-owner'
  if (rails.pause !== null) return 'paused'
  if (grounds.by === 'stuck' && rails.manyStuck) return 'many-drivers-stuck'
  if (grounds.by !== 'stuck' && rails.breakerOpen) return 'circuit-breaker-open'
  if (rails.quarantined) return 'quarantined'
  if (rails.exhausted === 'unknown') return 'budget-unknown'
  if (rails.exhausted !== null) return `${rails.exhausted}-budget`
  return rails.nowMs < rails.backoffUntilMs ? 'backoff' : undefined
}

function doubtThatHung(driver: Driver, hang: Hang, { nowMs }: Safeguards): BlockReason | undefined {
  const { state } = driver.driver
  // Nobody listens: it may be finishing, or have no UI at all.
  if (hang.by === 'ui' && hang.reason !== 'unresponsive') return 'inconclusive'
  if (state.kind !== 'running' || isGoing(driver)) return 'inconclusive'
  return nowMs - state.startedMs < recentlyStartedMs ? 'recently-started' : undefined
}

/** Whatever was seen of what it waits for: one that runs does not wait. */
function doubtThatStuck(driver: Driver): BlockReason | undefined {
  return driver.driver.state.kind !== 'waiting' || isGoing(driver) ? 'inconclusive' : undefined
}

const isGoing = (driver: Driver) => hasEnded(driver) || driver.deletionMs !== null
