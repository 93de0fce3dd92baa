import type { ControllerConfig } from '../../config/controller-config.ts'
import { type Assessment, type AssessmentContext, assess, type Hang } from '../assess/assess.ts'
import type { DriverContext } from '../assess/driver-context.ts'
import { type Stuck, stuckDedupKey } from '../assess/startup-delay.ts'
import type { DeletionLimits } from '../deletions/deletion-tracker.ts'
import type { Driver } from '../driver/driver.ts'
import { digestText } from '../driver/text-digest.ts'
import { type Choice, chooseAction, type Safeguards } from './choose-action.ts'
import { isDeletionRequested } from './deletion-state.ts'
import type { DriverState } from './driver-state.ts'

/** The result of evaluating a driver. */
export interface Evaluation {
  readonly tasks: readonly { readonly assessment: Assessment; readonly choice: Choice }[]
  /** When to evaluate again without a change; null if only a change can matter. */
  readonly requeueAtMs: number | null
}

/** Everything that an evaluation depends on, except the driver and the configuration. */
export interface EvaluationContext extends AssessmentContext {
  readonly driverContext: DriverContext
  readonly state: DriverState | undefined
  /** Walks over all drivers. */
  isBreakerOpen(source: Hang['source']): boolean
  /** Whether the polls of the UI show that the network to the driver works. */
  readonly reachesUi: boolean
  /** See `UiPoller`. */
  readonly reach: Safeguards['reach']
  readonly mayBeFinishing: boolean
  /** Walks over all drivers. */
  areManyStuck(stuck: Stuck): boolean
  limits(): DeletionLimits
}

/** Driver and context → assessments → choices, without those already carried out. Pure. */
export function evaluate(driver: Driver, config: ControllerConfig, context: EvaluationContext): Evaluation {
  const { nowMs, state } = context
  const { assessments, reassessAtMs } = assess(driver, context)
  if (assessments.length === 0) return { tasks: [], requeueAtMs: reassessAtMs }
  const safeguards = computeSafeguards(config, context, assessments)
  const tasks = assessments
    .map((assessment) => ({ assessment, choice: chooseAction(driver, assessment, safeguards) }))
    .filter(({ choice }) => state === undefined || !isCarriedOut(choice, state))
  const recheckTimesMs = tasks.map(({ choice }) =>
    choice.kind === 'blocked' ? (choice.untilMs ?? nowMs + recheckBlockedMs) : null,
  )
  const laterMs = [reassessAtMs, ...recheckTimesMs].filter((atMs) => atMs !== null && atMs > nowMs).map(Number)
  return { tasks, requeueAtMs: laterMs.length === 0 ? null : Math.min(...laterMs) }
}

/** A block may end without a change of the pod, for example by its SparkApplication or by other drivers. */
const recheckBlockedMs = 60_000

const unlimited: DeletionLimits = { quarantined: false, backoffUntilMs: 0, exhausted: null }

function computeSafeguards(
  config: ControllerConfig,
  context: EvaluationContext,
  assessments: readonly Assessment[],
): Safeguards {
  const { settings, coverage, observed, isLegacyApp, ownerRecreatesPod, pause } = context.driverContext
  const hangs = assessments.flatMap((assessment) => (assessment.kind === 'hung' ? [assessment.hang] : []))
  const overdue = assessments.flatMap((assessment) =>
    assessment.kind === 'stuck' && assessment.overdue ? [assessment.stuck] : [],
  )
  // Computed only if the driver may be deleted, because it walks over all drivers.
  const limits = hangs.length > 0 || overdue.length > 0 ? context.limits() : unlimited
  return {
    nowMs: context.nowMs,
    dryRun: config.dryRun,
    mode: isLegacyApp ? 'delete' : config.fallback.mode,
    judgedFromOutside: coverage.kind === 'judged-from-outside',
    reachesUi: context.reachesUi,
    reach: context.reach,
    mayBeFinishing: context.mayBeFinishing,
    observed,
    observeMode: settings.values.restart === 'observe',
    assumeDriver: settings.values['assume-driver'] || isLegacyApp,
    actOn: settings.values['act-on'],
    ownerRecreatesPod,
    pause,
    quarantined: limits.quarantined,
    backoffUntilMs: limits.backoffUntilMs,
    exhausted: limits.exhausted,
    isBreakerOpen: () => hangs.some(({ source }) => context.isBreakerOpen(source)),
    areManyStuck: () => overdue.some((stuck) => context.areManyStuck(stuck)),
  }
}

function isCarriedOut(choice: Choice, state: DriverState): boolean {
  switch (choice.kind) {
    case 'bypass-sidecar':
      return state.bypassed
    case 'delete-executors':
      return state.cleanedRestarts === choice.restarts
    case 'delete-pod':
    case 'dry-run':
    case 'blocked':
      return isDeletionRequested(state.deletion)
    case 'report':
      return false
  }
}

/** Equal for evaluations that lead to the same actions. It leaves out what changes only with time. */
export function fingerprint({ tasks }: Evaluation): string {
  const texts = tasks.map(
    ({ assessment, choice }) => `${assessment.kind}/${describeCause(assessment)}/${choiceText(choice)}`,
  )
  return digestText(texts.join(' '))
}

function describeCause(assessment: Assessment): string {
  switch (assessment.kind) {
    case 'startup-blocked':
      return assessment.cause.reason
    case 'invalid-settings':
      return assessment.problems.map(({ message }) => message).join(' ')
    case 'unprotected':
      return assessment.reason
    case 'restarted':
      return String(assessment.restarts)
    case 'stuck':
      return stuckDedupKey(assessment.stuck)
    case 'judged-from-outside':
      return ''
    case 'hung':
      return assessment.hang.reason
    case 'ended-for-hang':
      return String(assessment.end.finishedMs)
  }
}

const choiceText = (choice: Choice) => (choice.kind === 'blocked' ? `blocked:${choice.blockReason}` : choice.kind)
