import type { Log } from '../../../core/log.ts'
import type { ControllerConfig } from '../../config/controller-config.ts'
import type { DeletionJournal } from '../act/deletion-journal.ts'
import type { ActionRunner } from '../act/run-action.ts'
import { computeDriverContext, type DriverContext, type DriverContextDeps } from '../assess/driver-context.ts'
import type { NodeState } from '../assess/stuck-termination.ts'
import type { WaitTracker } from '../assess/wait-tracker.ts'
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
import type { Driver } from '../driver/driver.ts'
import type { DriverWatch } from '../driver/driver-watch.ts'
import { driverLogFields } from '../driver/log-fields.ts'
import { planPolls } from '../poll/poll-policy.ts'
import type { SidecarStatusPoller } from '../poll/sidecar-status-poller.ts'
import type { UiPoller } from '../poll/ui-poller.ts'
import { type EffectSlots, effectSlots } from './action-limits.ts'
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
  /** Number of running actions. */
  runningActions(): number
}

/** For writes and for Events separately: bypassing a sidecar must not wait for Events about other drivers. */
const maxAtOnce = 8

export const driverKey = ({ namespace, name }: Driver) => `${namespace}/${name}`

export function createReconciler(edges: ReconcilerDeps): Reconciler {
  const { config, log, queue, states: memories, deletions, polls, verdicts, actionRunner: actor } = edges
  const slots = { deeds: effectSlots(maxAtOnce), words: effectSlots(maxAtOnce) }
  /** Evaluations give wall-clock times, but the queue uses a monotonic clock. */
  const addAtDate = (key: string, dateMs: number) => queue.addAt(key, edges.monotonicMs() + dateMs - edges.nowMs())

  /** Polls the driver's UI and the sidecar's status if the evaluation needs them. */
  const ask = (driver: Driver, circumstances: DriverContext): void => {
    const plan = planPolls(driver, circumstances, config.fallback, edges.nowMs())
    if (plan === undefined) polls.forget(driver.uid)
    else polls.start(driver, plan.policy, plan.delayMs)
    const againMs = verdicts.pollIfDue(driver, circumstances.settings.values['startup-deadline'])
    if (againMs !== null) addAtDate(driverKey(driver), againMs)
  }

  const lookAt = (driver: Driver, circumstances: DriverContext): Evaluation => {
    const [nowMs, monotonicMs] = [edges.nowMs(), edges.monotonicMs()]
    const wait = edges.waits.observe(driver, monotonicMs)
    observeUnansweredExit(memories, driver, monotonicMs)
    const dateOf = (atMs: number) => nowMs - (monotonicMs - atMs)
    const gatedUntilMs = ({ uid }: Driver) => {
      const known = edges.waits.get(uid)
      return known?.wasGated === true ? dateOf(known.sinceMs) : null
    }
    return evaluate(driver, config, {
      nowMs,
      circumstances,
      memory: memories.known(driver.uid),
      heldBackForMs: edges.sidecarImage.heldBackForMs(driver),
      unansweredForMs: unansweredForMs(memories.known(driver.uid), driver, monotonicMs),
      waitingSinceMs: wait === null ? null : dateOf(wait.sinceMs),
      gatedUntilMs: gatedUntilMs(driver),
      node: driver.node === null ? { kind: 'unknown' } : edges.node(driver.node),
      nativeSidecars: edges.nativeSidecars(),
      judgement: polls.judgement(driver.uid),
      sidecarVerdict: verdicts.verdict(driver.uid),
      breakerOpen: (by) => edges.breaker.isOpenFor(driver, by),
      manyStuck: (stuck) =>
        areManyStuck(stuck, edges.drivers.reflector.objects.all(), nowMs, config.safeguards.breakerShare, gatedUntilMs),
      limits: () => deletions.limits(driver, circumstances.application, nowMs),
    })
  }

  /** Whether the pod is unchanged since the decision, and the current evidence still supports its deletion. */
  const isStillToBeDeleted = async (driver: Driver): Promise<boolean> => {
    // The last response may be half a minute old, or older than a delay of the deletion.
    if (verdicts.verdict(driver.uid) !== undefined) await verdicts.pollNow(driver)
    const now = edges.drivers.reflector.objects.get(driver.namespace, driver.name)
    if (now?.uid !== driver.uid || now.resourceVersion !== driver.resourceVersion) return false
    return lookAt(now, computeDriverContext(now, edges)).tasks.some(({ choice }) => choice.kind === 'delete-pod')
  }

  /** The caller must hold the slot. */
  const carryOut = async (
    driver: Driver,
    circumstances: DriverContext,
    found: Evaluation,
    slot: EffectSlots,
  ): Promise<void> => {
    const memory = memories.of(driver.uid)
    memory.busy = true
    if (found.tasks.some(({ choice }) => choice.kind === 'delete-pod')) deletions.begin(driver, edges.nowMs())
    const failed = new Set<Choice['kind']>()
    try {
      for (const { assessment, choice } of found.tasks) {
        const performed = await actor.run({ driver, assessment, choice, context: circumstances, state: memory }, () =>
          isStillToBeDeleted(driver),
        )
        if (performed.kind === 'ok') continue
        if (performed.kind === 'failed') {
          log.warn({
            event: 'action-failed',
            ...driverLogFields(driver),
            action: choice.kind,
            detail: performed.detail,
          })
          // A retry does not help a client that may not create Events.
          if (performed.forbidden === true && !isWrite(choice)) continue
        }
        failed.add(choice.kind)
        const before = memory.retries.get(choice.kind)
        memory.retries.set(choice.kind, nextRetryState(performed, before, edges.monotonicMs(), edges.random()))
      }
      for (const { choice } of found.tasks) if (!failed.has(choice.kind)) memory.retries.delete(choice.kind)
      if (failed.size === 0) memory.lastFingerprint = fingerprint(found)
    } catch (error) {
      log.error({ event: 'action-failed', ...driverLogFields(driver), err: error })
      for (const { choice } of found.tasks)
        memory.retries.set(choice.kind, retryAfterUnexpectedError(edges.monotonicMs()))
    } finally {
      deletions.end(driver)
      memory.busy = false
      slot.giveBack()
      const now = edges.drivers.reflector.objects.get(driver.namespace, driver.name)
      confirmIfObserved(memory, now?.uid === driver.uid ? now : undefined)
      // Changes that arrived during the action have not been evaluated.
      queue.add(driverKey(driver))
      takeUp()
    }
  }

  /** The next key may no longer need work; requeue the following one then. */
  const takeUp = (): void => {
    for (const slot of [slots.deeds, slots.words]) {
      const next = slot.next()
      if (next !== undefined) queue.add(next)
    }
  }

  /** Whether an action was started or waits for a slot. */
  const begin = (key: string): boolean => {
    const [namespace = '', name = ''] = key.split('/')
    const driver = edges.drivers.reflector.objects.get(namespace, name)
    if (driver === undefined) return false
    const memory = memories.known(driver.uid)
    if (memory?.busy === true) return false
    const monotonicMs = edges.monotonicMs()
    const circumstances = computeDriverContext(driver, edges)
    edges.sidecarImage.observe(driver)
    ask(driver, circumstances)
    const found = lookAt(driver, circumstances)
    if (found.requeueAtMs !== null) addAtDate(key, found.requeueAtMs)
    if (isSpared(found)) edges.journal.deletionNoLongerNeeded(driver)
    const hangs = found.tasks.some(({ assessment }) => assessment.kind === 'hung')
    if (hangs || memory !== undefined) recordHang(memories.of(driver.uid), hangs)
    if (memory !== undefined) clearObsoleteRetries(memory.retries, found.tasks)
    const due = found.tasks.filter(({ choice }) => {
      const untilMs = memory === undefined ? 0 : retryAtMs(memory.retries, choice)
      if (untilMs > monotonicMs) queue.addAt(key, untilMs)
      return untilMs <= monotonicMs
    })
    const deeds = due.filter(({ choice }) => isWrite(choice))
    // Logged at once, even if the API server is slow to accept Events.
    for (const task of due)
      actor.recordChoice({ driver, ...task, context: circumstances, state: memories.of(driver.uid) })
    // Events follow in the next evaluation, after the writes.
    const next = { ...found, tasks: deeds.length > 0 ? deeds : due }
    if (due.length === 0 || memories.known(driver.uid)?.lastFingerprint === fingerprint(next)) return false
    const slot = deeds.length > 0 ? slots.deeds : slots.words
    if (slot.take(key)) void carryOut(driver, circumstances, next, slot)
    return true
  }

  const reconcile = (key: string): void => {
    if (!begin(key)) takeUp()
  }
  return { reconcile, runningActions: () => slots.deeds.taken() + slots.words.taken() }
}

/** No assessment calls for the deletion of the pod, whether or not it is allowed. */
const isSpared = ({ tasks }: Evaluation) => tasks.every(({ choice }) => !concernsDeletion(choice))
