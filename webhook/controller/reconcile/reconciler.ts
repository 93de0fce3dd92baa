import type { ControllerConfig } from '../../config/controller-config.ts'
import type { DeletionJournal } from '../act/deletion-journal.ts'
import { computeDriverContext, type DriverContext, type DriverContextDeps } from '../assess/driver-context.ts'
import { concernsDeletion } from '../decide/choose-action.ts'
import { type DriverStates, recordHang } from '../decide/driver-state.ts'
import type { Evaluation } from '../decide/evaluate.ts'
import { clearObsoleteRetries, retryAtMs } from '../decide/retry-state.ts'
import type { SidecarImageBreaker } from '../decide/sidecar-image-breaker.ts'
import type { Driver } from '../driver/driver.ts'
import type { DriverWatch } from '../driver/driver-watch.ts'
import { planPolls } from '../poll/poll-policy.ts'
import type { SidecarStatusPoller } from '../poll/sidecar-status-poller.ts'
import type { UiPoller } from '../poll/ui-poller.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { EvaluateDriver } from './driver-evaluator.ts'
import type { WorkQueue } from './work-queue.ts'

export interface ReconcilerDeps extends DriverContextDeps {
  readonly config: ControllerConfig
  readonly drivers: DriverWatch
  readonly sidecarImageBreaker: Pick<SidecarImageBreaker, 'observe'>
  readonly queue: WorkQueue
  readonly states: DriverStates
  readonly uiPoller: UiPoller
  readonly sidecarStatusPoller: Pick<SidecarStatusPoller, 'pollIfDue'>
  readonly journal: Pick<DeletionJournal, 'deletionNoLongerNeeded'>
  readonly evaluateDriver: EvaluateDriver
  readonly dispatcher: Pick<Dispatcher, 'dispatch' | 'requeueWaiting'>
  /** Milliseconds of a monotonic clock. */
  monotonicMs(): number
}

/** Evaluates the driver of a key and starts the resulting actions. Throws only on a bug. */
export type Reconcile = (key: string) => void

/** One driver with its context, as it was when its reconciliation began. */
interface ObservedDriver {
  readonly key: string
  readonly driver: Driver
  readonly context: DriverContext
}

/** Creates the steps observe, evaluate, select and dispatch. */
export function createReconciler(deps: ReconcilerDeps): Reconcile {
  const { dispatcher } = deps
  return (key) => {
    const observed = observe(key, deps)
    // A requeued driver may no longer need its slot; the next one gets it then.
    if (observed === undefined) return dispatcher.requeueWaiting()
    const { driver, context } = observed
    const evaluation = deps.evaluateDriver(driver, context)
    recordEvaluation(observed, evaluation, deps)
    const due = selectDue(observed, evaluation, deps)
    dispatcher.dispatch(driver, context, evaluation, due)
  }
}

/** Notes what the pod shows about its sidecar, and polls. Undefined if there is no such driver, or an action is running. */
function observe(key: string, deps: ReconcilerDeps): ObservedDriver | undefined {
  const [namespace = '', name = ''] = key.split('/')
  const driver = deps.drivers.reflector.objects.get(namespace, name)
  if (driver === undefined || deps.states.known(driver.uid)?.busy === true) return undefined
  const observed = { key, driver, context: computeDriverContext(driver, deps) }
  deps.sidecarImageBreaker.observe(driver)
  poll(observed, deps)
  return observed
}

/** Polls the driver's UI and the sidecar's status if the evaluation needs them. */
function poll({ key, driver, context }: ObservedDriver, deps: ReconcilerDeps): void {
  const plan = planPolls(driver, context, deps.config.fallback, deps.nowMs())
  if (plan === undefined) deps.uiPoller.forget(driver.uid)
  else deps.uiPoller.start(driver, plan.policy, plan.delayMs)
  const nextPollAtMs = deps.sidecarStatusPoller.pollIfDue(driver, context.settings.values['startup-deadline'])
  if (nextPollAtMs !== null) requeueAt(key, nextPollAtMs, deps)
}

/** Records what an evaluation says about hangs, retries and deletions that are no longer needed. */
function recordEvaluation({ key, driver }: ObservedDriver, evaluation: Evaluation, deps: ReconcilerDeps): void {
  const { states } = deps
  const state = states.known(driver.uid)
  if (evaluation.requeueAtMs !== null) requeueAt(key, evaluation.requeueAtMs, deps)
  if (isDeletionUnneeded(evaluation)) deps.journal.deletionNoLongerNeeded(driver)
  const isHung = evaluation.tasks.some(({ assessment }) => assessment.kind === 'hung')
  if (isHung || state !== undefined) recordHang(states.of(driver.uid), isHung)
  if (state !== undefined) clearObsoleteRetries(state.retries, evaluation.tasks)
}

/** The tasks whose retry delay is over. Requeues the driver for the others. */
function selectDue(
  { key, driver }: ObservedDriver,
  { tasks }: Evaluation,
  { states, queue, monotonicMs }: ReconcilerDeps,
): Evaluation['tasks'] {
  const retries = states.known(driver.uid)?.retries
  const nowMs = monotonicMs()
  return tasks.filter(({ choice }) => {
    const untilMs = retries === undefined ? 0 : retryAtMs(retries, choice)
    if (untilMs > nowMs) queue.addAt(key, untilMs)
    return untilMs <= nowMs
  })
}

/** Evaluations give wall-clock times, but the queue uses a monotonic clock. */
const requeueAt = (key: string, dateMs: number, { queue, monotonicMs, nowMs }: ReconcilerDeps): void =>
  queue.addAt(key, monotonicMs() + dateMs - nowMs())

/** No assessment calls for the deletion of the pod, whether or not it is allowed. */
const isDeletionUnneeded = ({ tasks }: Evaluation) => tasks.every(({ choice }) => !concernsDeletion(choice))
