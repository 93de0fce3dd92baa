import { formatDuration } from '../../../core/duration.ts'
import type { Pause } from '../../../core/settings/pause.ts'
import type { FallbackMode } from '../../config/controller-config.ts'
import type { Assessment, Hang } from '../assess/assess.ts'
import { type DeletionReason, type Overdue, recentlyStartedMs } from '../assess/deletion-reason.ts'
import type { Deadline, Stuck } from '../assess/startup-delay.ts'
import { type Driver, hasEnded } from '../driver/driver.ts'
import type { Reach } from '../poll/ui-poller.ts'
import type { BlockReason } from './block-reasons.ts'

/** What the controller does about one assessment. */
export type Choice =
  /** Publishes an Event once. */
  | { readonly kind: 'report' }
  | { readonly kind: 'bypass-sidecar'; readonly image: string }
  | { readonly kind: 'delete-executors'; readonly restarts: number; readonly startedMs: number }
  | { readonly kind: 'delete-pod'; readonly reason: DeletionReason }
  /** Like delete-pod, but only reported. */
  | { readonly kind: 'dry-run'; readonly reason: DeletionReason }
  /** `untilMs`: when to choose again without a change. */
  | {
      readonly kind: 'blocked'
      readonly reason: DeletionReason
      readonly blockReason: BlockReason
      readonly untilMs: number | null
    }

/** Whether the choice writes more than an Event. */
export const isWrite = ({ kind }: Choice): boolean =>
  kind === 'bypass-sidecar' || kind === 'delete-executors' || kind === 'delete-pod'

/** Whether the choice is about deleting the pod, even if the deletion is blocked. */
export const concernsDeletion = ({ kind }: Choice): boolean =>
  kind === 'delete-pod' || kind === 'dry-run' || kind === 'blocked'

/** Everything that a choice depends on, except the assessment. */
export interface Safeguards {
  readonly nowMs: number
  readonly dryRun: boolean
  readonly mode: FallbackMode
  /** Whether the driver's operator bears no sidecar, so that the controller judges the driver instead. */
  readonly judgedFromOutside: boolean
  /** Whether the polls showed that the network to the driver works, although its UI is silent. */
  readonly reachesUi: boolean
  /** What the newest poll of the UI has reached. Undefined if that is unknown. */
  readonly reach: Reach | undefined
  /** Whether the UI has closed, so that the driver may be committing its output, and has not answered since. */
  readonly mayBeFinishing: boolean
  /** Why hangs are only reported. */
  readonly observed: Driver['observed']
  /** Whether the setting `restart` is observe. */
  readonly observeMode: boolean
  /** Whether a person vouches for a pod that does not prove to be a driver: by the setting assume-driver, or by name. */
  readonly assumeDriver: boolean
  /** The setting `act-on`. */
  readonly actOn: 'certain' | 'likely' | 'nothing'
  /** Whether the owner of the driver would create a new pod if this one were deleted. */
  readonly ownerRecreatesPod: boolean
  readonly pause: Pause | null
  readonly quarantined: boolean
  /** No driver of the application may be deleted before this time; 0 if there is no limit. */
  readonly backoffUntilMs: number
  readonly exhausted: 'application' | 'namespace' | 'cluster' | 'unknown' | null
  /** Walks over all drivers, so it is called only if no other safeguard decides. */
  isBreakerOpen(): boolean
  /** Whether many other drivers are stuck for the same reason. */
  areManyStuck(): boolean
}

/**
 * The only place that decides what to do. Pure. Bypassing a sidecar that blocks its driver is always allowed, because it
 * stops nothing. A pod is deleted only if every safeguard allows it; the first one that does not is the reason.
 */
export function chooseAction(driver: Driver, assessment: Assessment, safeguards: Safeguards): Choice {
  switch (assessment.kind) {
    case 'invalid-settings':
    case 'unprotected':
    case 'judged-from-outside':
    case 'ended-for-hang':
      return { kind: 'report' }
    case 'stuck': {
      const { stuck, deadline, overdue } = assessment
      return deadline !== null && overdue
        ? chooseDeletion(driver, toOverdue(stuck, deadline), safeguards)
        : { kind: 'report' }
    }
    case 'startup-blocked':
      return driver.sidecar?.bypass === null && driver.driver.image !== ''
        ? { kind: 'bypass-sidecar', image: driver.driver.image }
        : { kind: 'report' }
    case 'restarted':
      if (safeguards.dryRun || safeguards.pause !== null) return { kind: 'report' }
      return { kind: 'delete-executors', restarts: assessment.restarts, startedMs: assessment.startedMs }
    case 'hung':
      return chooseDeletion(driver, assessment.hang, safeguards)
  }
}

const toOverdue = ({ reason, sinceMs, detail }: Stuck, { key, afterMs }: Deadline): Overdue => ({
  source: 'stuck',
  reason,
  sinceMs,
  detail: `${key} ${formatDuration(afterMs)}; ${detail}`,
})

function chooseDeletion(driver: Driver, reason: DeletionReason, safeguards: Safeguards): Choice {
  const blockReason = findBlockReason(driver, reason, safeguards)
  if (blockReason !== undefined) {
    return { kind: 'blocked', reason, blockReason, untilMs: findBlockEndMs(blockReason, safeguards) }
  }
  return safeguards.dryRun ? { kind: 'dry-run', reason } : { kind: 'delete-pod', reason }
}

/** Null if the end of the block is unknown. */
function findBlockEndMs(blockReason: BlockReason, { backoffUntilMs, pause }: Safeguards): number | null {
  if (blockReason === 'backoff') return backoffUntilMs
  return blockReason === 'paused' ? (pause?.untilMs ?? null) : null
}

/** The first safeguard that blocks the deletion. */
// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: one safeguard per line, in the order in which they apply
function findBlockReason(driver: Driver, reason: DeletionReason, safeguards: Safeguards): BlockReason | undefined {
  // The mode applies to the controller's own judgement. The driver's owner enabled the sidecar and the deadlines.
  if (safeguards.mode === 'off' || (reason.source === 'ui' && !mayActOnUi(safeguards))) return 'report-only'
  if (safeguards.observeMode) return 'observe-mode'
  if (safeguards.observed === 'unproven' && !safeguards.assumeDriver) return 'unproven-driver'
  if (reason.source !== 'stuck' && safeguards.observed === 'hangs-only-reported') return 'hangs-only-reported'
  if (reason.source !== 'stuck' && safeguards.actOn === 'nothing') return 'acts-on-nothing'
  const doubt = reason.source === 'stuck' ? doubtStuck(driver) : doubtHung(driver, reason, safeguards)
  if (doubt !== undefined) return doubt
  if (!safeguards.ownerRecreatesPod) return 'no-owner'
  if (safeguards.pause !== null) return 'paused'
  if (reason.source === 'stuck' && safeguards.areManyStuck()) return 'many-drivers-stuck'
  if (reason.source !== 'stuck' && safeguards.isBreakerOpen()) return 'circuit-breaker-open'
  if (safeguards.quarantined) return 'quarantined'
  if (safeguards.exhausted === 'unknown') return 'budget-unknown'
  if (safeguards.exhausted !== null) return `${safeguards.exhausted}-budget`
  return safeguards.nowMs < safeguards.backoffUntilMs ? 'backoff' : undefined
}

/** Whether the mode allows to delete a driver that the controller has judged by its UI. */
const mayActOnUi = ({ mode, judgedFromOutside }: Safeguards) =>
  mode === 'delete' || (mode === 'auto' && judgedFromOutside)

function doubtHung(driver: Driver, hang: Hang, safeguards: Safeguards): BlockReason | undefined {
  const { nowMs, actOn } = safeguards
  const { state } = driver.driver
  const doubt = hang.source === 'ui' ? doubtUi(driver, hang, safeguards) : undefined
  if (doubt !== undefined) return doubt
  if (hang.certainty === 'likely' && actOn !== 'likely') return 'inconclusive'
  if (state.kind !== 'running' || isEnding(driver)) return 'inconclusive'
  return nowMs - state.startedMs < recentlyStartedMs ? 'recently-started' : undefined
}

/** The UI is the only witness of such a hang, so it must be certain that it is the driver's, and that the driver was reached. */
function doubtUi(
  { hostNetwork }: Driver,
  { reason }: Hang,
  { judgedFromOutside, reachesUi, reach, mayBeFinishing }: Safeguards,
): BlockReason | undefined {
  // Another driver of the node may have the port.
  if (hostNetwork) return 'hangs-only-reported'
  // The driver may have no UI, or another program may have its port.
  if (reason === 'startup-deadline') return 'never-answered'
  // The driver may be finishing its work, which must not run again.
  if (isAfterWork(reason) || mayBeFinishing) return 'inconclusive'
  if (reach === 'proxy') return 'behind-proxy'
  // A network that drops the controller's packets looks like a silent driver.
  return reach !== 'driver' || (judgedFromOutside && !reachesUi) ? 'not-reached' : undefined
}

/** The UI has closed or main has returned: the output may be committed. */
const isAfterWork = (reason: Hang['reason']) => reason === 'stop-deadline' || reason === 'main-ended'

/** A driver that runs or ends is not stuck, even if it waited before. */
function doubtStuck(driver: Driver): BlockReason | undefined {
  return driver.driver.state.kind !== 'waiting' || isEnding(driver) ? 'inconclusive' : undefined
}

const isEnding = (driver: Driver) => hasEnded(driver) || driver.deletionMs !== null
