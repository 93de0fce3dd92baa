import type { Log } from '../../../core/log.ts'
import type { ControllerConfig } from '../../config/controller-config.ts'
import type { DeletionJournal } from '../act/deletion-journal.ts'
import type { ActionRunner } from '../act/run-action.ts'
import { computeDriverContext, type DriverContext, type DriverContextDeps } from '../assess/driver-context.ts'
import type { NodeState } from '../assess/stuck-termination.ts'
import type { WaitTracker } from '../assess/wait-tracker.ts'
import type { ActionTask } from '../decide/action-task.ts'
import { type Choice, concernsDeletion, isWrite } from '../decide/choose-action.ts'
import {
  confirmIfObserved,
  type DriverStates,
  observeUnansweredExit,
  recordHang,
  unansweredForMs,
} from '../decide/driver-state.ts'
import { type Evaluation, evaluate, fingerprint } from '../decide/evaluate.ts'
import type { HangBreaker } from '../decide/hang-breaker.ts'
import { clearObsoleteRetries, nextRetryState, retryAfterUnexpectedError, retryAtMs } from '../decide/retry-state.ts'
import type { SidecarImageBreaker } from '../decide/sidecar-image-breaker.ts'
import { areManyStuck } from '../decide/startup-breaker.ts'
import type { DeletionTracker } from '../deletions/deletion-tracker.ts'
import { type Driver, driverKey } from '../driver/driver.ts'
import type { DriverWatch } from '../driver/driver-watch.ts'
import { driverLogFields } from '../driver/log-fields.ts'
import { planPolls } from '../poll/poll-policy.ts'
import type { SidecarStatusPoller } from '../poll/sidecar-status-poller.ts'
import type { UiPoller } from '../poll/ui-poller.ts'
import { type ActionSlots, createActionSlots } from './action-limits.ts'
import type { WorkQueue } from './work-queue.ts'

export interface ReconcilerDeps extends DriverContextDeps {
  readonly config: ControllerConfig
  readonly log: Log
  readonly drivers: DriverWatch
  readonly sidecarImage: SidecarImageBreaker
  readonly queue: WorkQueue
  readonly states: DriverStates
  readonly deletions: DeletionTracker
  readonly polls: UiPoller
  readonly verdicts: SidecarStatusPoller
  readonly waits: WaitTracker
  readonly actionRunner: ActionRunner
  readonly journal: Pick<DeletionJournal, 'deletionNoLongerNeeded'>
  readonly breaker: Pick<HangBreaker, 'isOpenFor'>
  node(name: string): NodeState
  random(): number
  /** Milliseconds of a monotonic clock. */
  monotonicMs(): number
}

export interface Reconciler {
  /** Evaluates the driver of a key and starts the resulting actions. Throws only on a bug. */
  reconcile(key: string): void
  /** Resolves when no action is running. Meant for after the last call of `reconcile`. */
  idle(): Promise<void>
}

/** For writes and for Events separately: bypassing a sidecar must not wait for Events about other drivers. */
const maxAtOnce = 8

/** One driver with its context, as it was when its reconciliation began. */
interface ObservedDriver {
  readonly key: string
  readonly driver: Driver
  readonly context: DriverContext
}

export function createReconciler(deps: ReconcilerDeps): Reconciler {
  const { config, log, queue, states, deletions, polls, verdicts, actionRunner, drivers } = deps
  const slots = { writes: createActionSlots(maxAtOnce), events: createActionSlots(maxAtOnce) }
  const running = new Set<Promise<void>>()
  /** Evaluations give wall-clock times, but the queue uses a monotonic clock. */
  const requeueAt = (key: string, dateMs: number) => queue.addAt(key, deps.monotonicMs() + dateMs - deps.nowMs())

  /** Polls the driver's UI and the sidecar's status if the evaluation needs them. */
  const poll = ({ key, driver, context }: ObservedDriver): void => {
    const plan = planPolls(driver, context, config.fallback, deps.nowMs())
    if (plan === undefined) polls.forget(driver.uid)
    else polls.start(driver, plan.policy, plan.delayMs)
    const nextPollAtMs = verdicts.pollIfDue(driver, context.settings.values['startup-deadline'])
    if (nextPollAtMs !== null) requeueAt(key, nextPollAtMs)
  }

  /** Notes what the pod shows about its sidecar, and polls. Undefined if there is no such driver, or an action is running. */
  const observe = (key: string): ObservedDriver | undefined => {
    const [namespace = '', name = ''] = key.split('/')
    const driver = drivers.reflector.objects.get(namespace, name)
    if (driver === undefined || states.known(driver.uid)?.busy === true) return undefined
    const observed = { key, driver, context: computeDriverContext(driver, deps) }
    deps.sidecarImage.observe(driver)
    poll(observed)
    return observed
  }

  const evaluateDriver = (driver: Driver, driverContext: DriverContext): Evaluation => {
    const [nowMs, monotonicMs] = [deps.nowMs(), deps.monotonicMs()]
    const wait = deps.waits.observe(driver, monotonicMs)
    observeUnansweredExit(states, driver, monotonicMs)
    const state = states.known(driver.uid)
    const toDateMs = (atMs: number) => nowMs - (monotonicMs - atMs)
    const gatedUntilMs = ({ uid }: Driver) => {
      const known = deps.waits.get(uid)
      return known?.wasGated === true ? toDateMs(known.sinceMs) : null
    }
    return evaluate(driver, config, {
      nowMs,
      driverContext,
      state,
      inProtectedNamespace: driverContext.namespace !== undefined,
      settings: driverContext.settings,
      nativeSidecars: deps.nativeSidecars(),
      startupBlockedForMs: deps.sidecarImage.heldBackForMs(driver),
      exitUnhandledForMs: unansweredForMs(state, driver, monotonicMs),
      waitingSinceMs: wait === null ? null : toDateMs(wait.sinceMs),
      gatedUntilMs: gatedUntilMs(driver),
      node: driver.node === null ? { kind: 'unknown' } : deps.node(driver.node),
      judgement: polls.judgement(driver.uid),
      sidecarHang: verdicts.verdict(driver.uid),
      isBreakerOpen: (by) => deps.breaker.isOpenFor(driver, by),
      areManyStuck: (stuck) =>
        areManyStuck(stuck, drivers.reflector.objects.all(), nowMs, config.safeguards.breakerShare, gatedUntilMs),
      limits: () => deletions.limits(driver, driverContext.application, nowMs),
    })
  }

  /** Records what an evaluation says about hangs, retries and deletions that are no longer needed. */
  const recordEvaluation = ({ key, driver }: ObservedDriver, evaluation: Evaluation): void => {
    const state = states.known(driver.uid)
    if (evaluation.requeueAtMs !== null) requeueAt(key, evaluation.requeueAtMs)
    if (isDeletionUnneeded(evaluation)) deps.journal.deletionNoLongerNeeded(driver)
    const isHung = evaluation.tasks.some(({ assessment }) => assessment.kind === 'hung')
    if (isHung || state !== undefined) recordHang(states.of(driver.uid), isHung)
    if (state !== undefined) clearObsoleteRetries(state.retries, evaluation.tasks)
  }

  /** The tasks whose retry delay is over. Requeues the driver for the others. */
  const selectDue = ({ key, driver }: ObservedDriver, { tasks }: Evaluation): Evaluation['tasks'] => {
    const retries = states.known(driver.uid)?.retries
    const monotonicMs = deps.monotonicMs()
    return tasks.filter(({ choice }) => {
      const untilMs = retries === undefined ? 0 : retryAtMs(retries, choice)
      if (untilMs > monotonicMs) queue.addAt(key, untilMs)
      return untilMs <= monotonicMs
    })
  }

  /**
   * Starts the due tasks, or lets the driver wait for a slot: the writes first, the Events in the evaluation that follows.
   * Returns `idle` if there is nothing to do, or nothing new.
   */
  const dispatch = (
    { key, driver, context }: ObservedDriver,
    evaluation: Evaluation,
    due: Evaluation['tasks'],
  ): 'dispatched' | 'idle' => {
    // Logged at once, even if the API server is slow to accept Events.
    for (const task of due) actionRunner.recordChoice({ driver, ...task, context, state: states.of(driver.uid) })
    const writes = due.filter(({ choice }) => isWrite(choice))
    const next = { ...evaluation, tasks: writes.length > 0 ? writes : due }
    if (due.length === 0 || states.known(driver.uid)?.lastFingerprint === fingerprint(next)) return 'idle'
    const slot = writes.length > 0 ? slots.writes : slots.events
    if (slot.take(key)) {
      const run = runTasks(driver, context, next, slot).finally(() => running.delete(run))
      running.add(run)
    }
    return 'dispatched'
  }

  /** Whether the pod is unchanged since the decision, and the current evidence still supports its deletion. */
  const isStillToBeDeleted = async (driver: Driver): Promise<boolean> => {
    // The last response may be half a minute old, or older than a delay of the deletion.
    if (verdicts.verdict(driver.uid) !== undefined) await verdicts.pollNow(driver)
    const now = drivers.reflector.objects.get(driver.namespace, driver.name)
    if (now?.uid !== driver.uid || now.resourceVersion !== driver.resourceVersion) return false
    return evaluateDriver(now, computeDriverContext(now, deps)).tasks.some(({ choice }) => choice.kind === 'delete-pod')
  }

  /** Runs one task. True if it need not be retried. */
  const runTask = async (task: ActionTask): Promise<boolean> => {
    const { driver, choice, state } = task
    const result = await actionRunner.run(task, () => isStillToBeDeleted(driver))
    if (result.kind === 'ok') return true
    if (result.kind === 'failed') {
      log.warn({ event: 'action-failed', ...driverLogFields(driver), action: choice.kind, detail: result.detail })
      // A retry does not help a client that may not create Events.
      if (result.forbidden === true && !isWrite(choice)) return true
    }
    const before = state.retries.get(choice.kind)
    state.retries.set(choice.kind, nextRetryState(result, before, deps.monotonicMs(), deps.random()))
    return false
  }

  /** Runs all tasks of an evaluation, one after the other. The caller must hold the slot. */
  const runTasks = async (
    driver: Driver,
    context: DriverContext,
    evaluation: Evaluation,
    slot: ActionSlots,
  ): Promise<void> => {
    const { tasks } = evaluation
    const state = states.of(driver.uid)
    state.busy = true
    if (tasks.some(({ choice }) => choice.kind === 'delete-pod')) deletions.begin(driver, deps.nowMs())
    const failed = new Set<Choice['kind']>()
    try {
      for (const { assessment, choice } of tasks) {
        if (!(await runTask({ driver, assessment, choice, context, state }))) failed.add(choice.kind)
      }
      for (const { choice } of tasks) if (!failed.has(choice.kind)) state.retries.delete(choice.kind)
      if (failed.size === 0) state.lastFingerprint = fingerprint(evaluation)
    } catch (error) {
      log.error({ event: 'action-failed', ...driverLogFields(driver), err: error })
      for (const { choice } of tasks) state.retries.set(choice.kind, retryAfterUnexpectedError(deps.monotonicMs()))
    } finally {
      deletions.end(driver)
      state.busy = false
      slot.giveBack()
      const now = drivers.reflector.objects.get(driver.namespace, driver.name)
      confirmIfObserved(state, now?.uid === driver.uid ? now : undefined)
      // Changes that arrived during the action have not been evaluated.
      queue.add(driverKey(driver))
      requeueWaiting()
    }
  }

  /** Requeues the next driver that waits for each kind of slot, if one is free. */
  const requeueWaiting = (): void => {
    for (const slot of [slots.writes, slots.events]) {
      const next = slot.next()
      if (next !== undefined) queue.add(next)
    }
  }

  return {
    reconcile: (key) => {
      const observed = observe(key)
      // A requeued driver may no longer need its slot; the next one gets it then.
      if (observed === undefined) return requeueWaiting()
      const evaluation = evaluateDriver(observed.driver, observed.context)
      recordEvaluation(observed, evaluation)
      const due = selectDue(observed, evaluation)
      if (dispatch(observed, evaluation, due) === 'idle') requeueWaiting()
    },
    idle: async () => void (await Promise.all(running)),
  }
}

/** No assessment calls for the deletion of the pod, whether or not it is allowed. */
const isDeletionUnneeded = ({ tasks }: Evaluation) => tasks.every(({ choice }) => !concernsDeletion(choice))
