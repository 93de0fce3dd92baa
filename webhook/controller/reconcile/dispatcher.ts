import type { Log } from '../../../core/log.ts'
import type { ActionRunner } from '../act/run-action.ts'
import type { DriverContext } from '../assess/driver-context.ts'
import type { ActionTask } from '../decide/action-task.ts'
import { type Choice, isWrite } from '../decide/choose-action.ts'
import { confirmIfObserved, type DriverState, type DriverStates } from '../decide/driver-state.ts'
import { type Evaluation, fingerprint } from '../decide/evaluate.ts'
import { nextRetryState, retryAfterUnexpectedError } from '../decide/retry-state.ts'
import type { DeletionTracker } from '../deletions/deletion-tracker.ts'
import { type Driver, driverKey } from '../driver/driver.ts'
import type { DriverWatch } from '../driver/driver-watch.ts'
import { driverLogFields } from '../driver/log-fields.ts'
import type { SidecarStatusPoller } from '../poll/sidecar-status-poller.ts'
import type { UiPoller } from '../poll/ui-poller.ts'
import { type ActionSlots, createActionSlots } from './action-limits.ts'
import type { EvaluateDriver } from './driver-evaluator.ts'
import type { WorkQueue } from './work-queue.ts'

export interface DispatcherDeps {
  readonly log: Log
  readonly drivers: DriverWatch
  readonly queue: Pick<WorkQueue, 'add'>
  readonly states: DriverStates
  readonly deletions: Pick<DeletionTracker, 'begin' | 'end'>
  readonly sidecarStatusPoller: Pick<SidecarStatusPoller, 'verdict' | 'pollNow'>
  readonly uiPoller: Pick<UiPoller, 'reachNow'>
  readonly actionRunner: ActionRunner
  readonly evaluateDriver: EvaluateDriver
  nowMs(): number
  random(): number
  /** Milliseconds of a monotonic clock. */
  monotonicMs(): number
}

/** Runs the tasks of evaluations: at most one evaluation of a driver at a time, and a limited number of drivers. */
export interface Dispatcher {
  /**
   * Starts the due tasks of an evaluation, or lets the driver wait for a slot. The writes run first; the Events follow in
   * the next evaluation. If there is nothing new to do, another waiting driver is requeued.
   */
  dispatch(driver: Driver, context: DriverContext, evaluation: Evaluation, due: Evaluation['tasks']): void
  /** Requeues the next driver that waits for each kind of slot, if one is free. */
  requeueWaiting(): void
  /** Resolves when no task is running. Meant for after the last call of `dispatch`. */
  idle(): Promise<void>
}

/** For writes and for Events separately: bypassing a sidecar must not wait for Events about other drivers. */
const maxConcurrent = 8

export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const { queue, states, actionRunner } = deps
  const slots = { writes: createActionSlots(maxConcurrent), events: createActionSlots(maxConcurrent) }
  const running = new Set<Promise<void>>()

  const requeueWaiting = (): void => {
    for (const slot of [slots.writes, slots.events]) {
      const next = slot.next()
      if (next !== undefined) queue.add(next)
    }
  }

  const start = (slot: ActionSlots, run: () => Promise<void>): void => {
    const ended = run().finally(() => {
      running.delete(ended)
      slot.giveBack()
      requeueWaiting()
    })
    running.add(ended)
  }

  return {
    dispatch: (driver, context, evaluation, due) => {
      // Logged at once, even if the API server is slow to accept Events.
      for (const task of due) actionRunner.recordChoice({ driver, ...task, context, state: states.of(driver.uid) })
      const writes = due.filter(({ choice }) => isWrite(choice))
      const next = { ...evaluation, tasks: writes.length > 0 ? writes : due }
      if (due.length === 0 || states.known(driver.uid)?.lastFingerprint === fingerprint(next)) {
        // The driver may have been requeued for a slot that it no longer needs.
        return requeueWaiting()
      }
      const slot = writes.length > 0 ? slots.writes : slots.events
      if (slot.take(driverKey(driver))) start(slot, () => runTasks(driver, context, next, deps))
    },
    requeueWaiting,
    idle: async () => void (await Promise.all(running)),
  }
}

/** Runs all tasks of an evaluation, one after the other. Until then the driver is busy, so that it is not evaluated. */
async function runTasks(
  driver: Driver,
  context: DriverContext,
  evaluation: Evaluation,
  deps: DispatcherDeps,
): Promise<void> {
  const { tasks } = evaluation
  const state = deps.states.of(driver.uid)
  state.busy = true
  if (tasks.some(({ choice }) => choice.kind === 'delete-pod')) deps.deletions.begin(driver, deps.nowMs())
  try {
    const failed = new Set<Choice['kind']>()
    for (const { assessment, choice } of tasks) {
      if (!(await runTask({ driver, assessment, choice, context, state }, deps))) failed.add(choice.kind)
    }
    recordRun(state, evaluation, failed)
  } catch (error) {
    deps.log.error({ event: 'action-failed', ...driverLogFields(driver), err: error })
    for (const { choice } of tasks) state.retries.set(choice.kind, retryAfterUnexpectedError(deps.monotonicMs()))
  } finally {
    deps.deletions.end(driver)
    state.busy = false
    const now = deps.drivers.reflector.objects.get(driver.namespace, driver.name)
    confirmIfObserved(state, now?.uid === driver.uid ? now : undefined)
    // Changes that arrived during the action have not been evaluated.
    deps.queue.add(driverKey(driver))
  }
}

function recordRun(state: DriverState, evaluation: Evaluation, failed: ReadonlySet<Choice['kind']>): void {
  for (const { choice } of evaluation.tasks) if (!failed.has(choice.kind)) state.retries.delete(choice.kind)
  if (failed.size === 0) state.lastFingerprint = fingerprint(evaluation)
}

/** Runs one task. True if it need not be retried. */
async function runTask(task: ActionTask, deps: DispatcherDeps): Promise<boolean> {
  const { driver, choice, state } = task
  const result = await deps.actionRunner.run(task, () => isStillToBeDeleted(driver, deps))
  if (result.kind === 'ok') return true
  if (result.kind === 'failed') {
    deps.log.warn({ event: 'action-failed', ...driverLogFields(driver), action: choice.kind, detail: result.detail })
    // A retry does not help a client that may not create Events.
    if (result.forbidden === true && !isWrite(choice)) return true
  }
  const before = state.retries.get(choice.kind)
  state.retries.set(choice.kind, nextRetryState(result, before, deps.monotonicMs(), deps.random()))
  return false
}

/** Whether the pod is unchanged since the decision, and the current evidence still supports its deletion. */
async function isStillToBeDeleted(driver: Driver, deps: DispatcherDeps): Promise<boolean> {
  // The last response may be half a minute old, or older than a delay of the deletion.
  if (deps.sidecarStatusPoller.verdict(driver.uid) !== undefined) await deps.sidecarStatusPoller.pollNow(driver)
  await deps.uiPoller.reachNow(driver.uid)
  const now = deps.drivers.reflector.objects.get(driver.namespace, driver.name)
  if (now?.uid !== driver.uid || now.resourceVersion !== driver.resourceVersion) return false
  return deps.evaluateDriver(now).tasks.some(({ choice }) => choice.kind === 'delete-pod')
}
