import type { Judgement } from '../../../core/verdict/verdict.ts'
import type { ControllerConfig } from '../../config/controller-config.ts'
import { type Assessment, assess, type Hang } from '../assess/assess.ts'
import type { DriverContext } from '../assess/driver-context.ts'
import { type Stuck, stuckDedupKey } from '../assess/startup-delay.ts'
import type { NodeState } from '../assess/stuck-termination.ts'
import type { DeletionLimits } from '../deletions/deletion-tracker.ts'
import type { Driver } from '../driver/driver.ts'
import { type Choice, chooseAction, type Safeguards } from './choose-action.ts'
import { isDeletionRequested } from './deletion-state.ts'
import type { DriverState } from './driver-state.ts'

/** The result of evaluating a driver. */
export interface Evaluation {
  readonly tasks: readonly { readonly assessment: Assessment; readonly choice: Choice }[]
  /** When to evaluate again without a change; null if only a change can matter. */
  readonly requeueAtMs: number | null
}

export interface EvaluationContext {
  readonly nowMs: number
  readonly circumstances: DriverContext
  readonly memory: DriverState | undefined
  readonly heldBackForMs: number | null
  readonly unansweredForMs: number | null
  readonly waitingSinceMs: number | null
  readonly gatedUntilMs: number | null
  readonly node: NodeState
  readonly nativeSidecars: boolean
  readonly judgement: Judgement | undefined
  readonly sidecarVerdict: Hang | undefined
  breakerOpen(by: Hang['by']): boolean
  manyStuck(stuck: Stuck): boolean
  limits(): DeletionLimits
}

/** Driver and context → assessments → choices, without those already carried out. Pure. */
export function evaluate(driver: Driver, config: ControllerConfig, context: EvaluationContext): Evaluation {
  const { nowMs, circumstances, memory } = context
  const { assessments, reassessAtMs: lookAgainMs } = assess(driver, {
    nowMs,
    inProtectedNamespace: circumstances.namespace !== undefined,
    settings: circumstances.settings,
    nativeSidecars: context.nativeSidecars,
    startupBlockedForMs: context.heldBackForMs,
    exitUnhandledForMs: context.unansweredForMs,
    waitingSinceMs: context.waitingSinceMs,
    gatedUntilMs: context.gatedUntilMs,
    node: context.node,
    judgement: context.judgement,
    sidecarHang: context.sidecarVerdict,
  })
  if (assessments.length === 0) return { tasks: [], requeueAtMs: lookAgainMs }
  const rails = railsOf(config, context, assessments)
  const tasks = assessments
    .map((assessment) => ({ assessment, choice: chooseAction(driver, assessment, rails) }))
    .filter(({ choice }) => memory === undefined || !isCarriedOut(choice, memory))
  const untils = tasks.map(({ choice }) =>
    choice.kind === 'blocked' ? (choice.untilMs ?? nowMs + withheldAgainMs) : null,
  )
  const later = [lookAgainMs, ...untils].filter((atMs) => atMs !== null && atMs > nowMs).map(Number)
  return { tasks, requeueAtMs: later.length === 0 ? null : Math.min(...later) }
}

/** A block may end without a change of the pod, for example by its SparkApplication or by other drivers. */
const withheldAgainMs = 60_000

const unlimited: DeletionLimits = { quarantined: false, backoffUntilMs: 0, exhausted: null }

function railsOf(config: ControllerConfig, context: EvaluationContext, assessments: readonly Assessment[]): Safeguards {
  const { circumstances, nowMs } = context
  const { settings, named, resubmits, pause } = circumstances
  // Computed only if the driver may be deleted, because it walks over all drivers.
  const hangs = assessments.flatMap((assessment) => (assessment.kind === 'hung' ? [assessment.hang] : []))
  const overdue = assessments.find((assessment) => assessment.kind === 'stuck' && assessment.overdue)
  const limits = hangs.length > 0 || overdue !== undefined ? context.limits() : unlimited
  return {
    nowMs,
    dryRun: config.dryRun,
    mode: named ? 'delete' : config.fallback.mode,
    observeMode: settings.values.restart === 'observe',
    resubmits,
    pause,
    quarantined: limits.quarantined,
    backoffUntilMs: limits.backoffUntilMs,
    exhausted: limits.exhausted,
    // Each walks over all drivers, so it is evaluated only if no other safeguard decides.
    get breakerOpen() {
      return hangs.some(({ by }) => context.breakerOpen(by))
    },
    get manyStuck() {
      return overdue?.kind === 'stuck' && context.manyStuck(overdue.stuck)
    },
  }
}

function isCarriedOut(choice: Choice, memory: DriverState): boolean {
  switch (choice.kind) {
    case 'bypass-sidecar':
      return memory.bypassed
    case 'delete-executors':
      return memory.cleanedRestarts === choice.restarts
    case 'delete-pod':
    case 'dry-run':
    case 'blocked':
      return isDeletionRequested(memory.deletion)
    case 'report':
      return false
  }
}

/** Equal for evaluations that lead to the same actions. It leaves out what changes only with time. */
export function fingerprint({ tasks }: Evaluation): string {
  return tasks
    .map(({ assessment, choice }) => `${assessment.kind}/${occasionOf(assessment)}/${choiceText(choice)}`)
    .join(' ')
}

function occasionOf(assessment: Assessment): string {
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
    case 'hung':
      return assessment.hang.reason
  }
}

const choiceText = (choice: Choice) => (choice.kind === 'blocked' ? `blocked:${choice.blockReason}` : choice.kind)
