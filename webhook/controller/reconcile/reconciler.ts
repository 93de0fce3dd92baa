import type { Log } from '../../../core/log.ts'
import type { ControllerConfig } from '../../config/controller-config.ts'
import type { ApplicationRecord } from '../act/deletion-journal.ts'
import { identityOf } from '../act/involved-object.ts'
import type { Actor } from '../act/run-action.ts'
import { type Circumstances, type CircumstancesEdges, circumstancesOf } from '../assess/driver-context.ts'
import type { NodeStanding } from '../assess/stuck-termination.ts'
import type { Waits } from '../assess/wait-tracker.ts'
import { type Choice, isDeed, isOfDeletion } from '../decide/choose-action.ts'
import { confirmSeen, type DriverMemories, noteHang, unansweredForMs } from '../decide/driver-state.ts'
import { type Look, look, signatureOf } from '../decide/evaluate.ts'
import type { Breaker } from '../decide/hang-breaker.ts'
import { forgetSetbacks, putOffUntilMs, setbackOf, setbackOfBug } from '../decide/retry-state.ts'
import type { SidecarImage } from '../decide/sidecar-image-breaker.ts'
import { areManyStuck } from '../decide/startup-breaker.ts'
import type { Deletions } from '../deletions/deletion-tracker.ts'
import type { DriverObservation } from '../driver/driver.ts'
import type { WatchedDrivers } from '../driver/driver-watch.ts'
import { pollPlan } from '../poll/poll-policy.ts'
import type { SidecarVerdicts } from '../poll/sidecar-status-poller.ts'
import type { UiPolls } from '../poll/ui-poller.ts'
import { type EffectSlots, effectSlots } from './action-limits.ts'
import type { WorkQueue } from './work-queue.ts'

export interface ReconcilerEdges extends CircumstancesEdges {
  readonly config: ControllerConfig
  readonly log: Log
  readonly drivers: WatchedDrivers
  readonly sidecarImage: SidecarImage
  readonly queue: WorkQueue
  readonly memories: DriverMemories
  readonly deletions: Deletions
  readonly polls: UiPolls
  readonly verdicts: SidecarVerdicts
  readonly waits: Waits
  readonly actor: Actor
  readonly applicationRecord: Pick<ApplicationRecord, 'spared'>
  readonly breaker: Pick<Breaker, 'isOpenFor'>
  node(name: string): NodeStanding
  random(): number
  /** Of a clock that no one sets. */
  monotonicMs(): number
}

export interface Reconciler {
  /** Looks at the driver of a key, and begins what is to be done about it. Throws only on a bug. */
  reconcile(key: string): void
  /** Effects that have not ended. */
  underWay(): number
}

/** Of deeds, and of what is told: who is held back must not wait for words about others. */
const maxAtOnce = 8

export const keyOf = ({ namespace, name }: DriverObservation) => `${namespace}/${name}`

export function createReconciler(edges: ReconcilerEdges): Reconciler {
  const { config, log, queue, memories, deletions, polls, verdicts, actor } = edges
  const slots = { deeds: effectSlots(maxAtOnce), words: effectSlots(maxAtOnce) }
  /** The queue keeps time by a clock that no one sets; looks tell dates. */
  const addAtDate = (key: string, dateMs: number) => queue.addAt(key, edges.monotonicMs() + dateMs - edges.nowMs())

  /** Asks from outside the pod what only that can tell. */
  const ask = (driver: DriverObservation, circumstances: Circumstances): void => {
    const plan = pollPlan(driver, circumstances, config.fallback, edges.nowMs())
    if (plan === undefined) polls.forget(driver.uid)
    else polls.ask(driver, plan.policy, plan.delayMs)
    const againMs = verdicts.ask(driver, circumstances.settings.values['startup-deadline'])
    if (againMs !== null) addAtDate(keyOf(driver), againMs)
  }

  const lookAt = (driver: DriverObservation, circumstances: Circumstances): Look => {
    const [nowMs, monotonicMs] = [edges.nowMs(), edges.monotonicMs()]
    const wait = edges.waits.note(driver, monotonicMs)
    const dateOf = (atMs: number) => nowMs - (monotonicMs - atMs)
    const gatedUntilMs = ({ uid }: DriverObservation) => {
      const known = edges.waits.known(uid)
      return known?.wasGated === true ? dateOf(known.sinceMs) : null
    }
    return look(driver, config, {
      nowMs,
      circumstances,
      memory: memories.known(driver.uid),
      heldBackForMs: edges.sidecarImage.heldBackForMs(driver),
      unansweredForMs: unansweredForMs(memories, driver, monotonicMs),
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

  /** Whether the pod is as it was decided on, and would be deleted on what is known by now, too. */
  const isStillToBeDeleted = async (driver: DriverObservation): Promise<boolean> => {
    // It was asked up to half a minute ago, or before what held the deletion up.
    if (verdicts.verdict(driver.uid) !== undefined) await verdicts.askAnew(driver)
    const now = edges.drivers.reflector.objects.get(driver.namespace, driver.name)
    if (now?.uid !== driver.uid || now.resourceVersion !== driver.resourceVersion) return false
    return lookAt(now, circumstancesOf(now, edges)).tasks.some(({ choice }) => choice.kind === 'delete-pod')
  }

  /** In a slot that was taken. */
  const carryOut = async (
    driver: DriverObservation,
    circumstances: Circumstances,
    found: Look,
    slot: EffectSlots,
  ): Promise<void> => {
    const memory = memories.of(driver.uid)
    memory.busy = true
    if (found.tasks.some(({ choice }) => choice.kind === 'delete-pod')) deletions.begin(driver, edges.nowMs())
    const failed = new Set<Choice['kind']>()
    try {
      for (const { assessment, choice } of found.tasks) {
        const performed = await actor.act({ driver, assessment, choice, circumstances, memory }, () =>
          isStillToBeDeleted(driver),
        )
        if (performed.kind === 'done') continue
        if (performed.kind === 'failed') {
          log.warn({ event: 'action-failed', ...identityOf(driver), action: choice.kind, detail: performed.detail })
          // Nobody who may not tell of it will be allowed to by asking again.
          if (performed.refused === true && !isDeed(choice)) continue
        }
        failed.add(choice.kind)
        const before = memory.setbacks.get(choice.kind)
        memory.setbacks.set(choice.kind, setbackOf(performed, before, edges.monotonicMs(), edges.random()))
      }
      for (const { choice } of found.tasks) if (!failed.has(choice.kind)) memory.setbacks.delete(choice.kind)
      if (failed.size === 0) memory.settled = signatureOf(found)
    } catch (error) {
      log.error({ event: 'action-broken', ...identityOf(driver), err: error })
      for (const { choice } of found.tasks) memory.setbacks.set(choice.kind, setbackOfBug(edges.monotonicMs()))
    } finally {
      deletions.end(driver)
      memory.busy = false
      slot.giveBack()
      const now = edges.drivers.reflector.objects.get(driver.namespace, driver.name)
      confirmSeen(memory, now?.uid === driver.uid ? now : undefined)
      // What came meanwhile was not looked at.
      queue.add(keyOf(driver))
      takeUp()
    }
  }

  /** One that is taken up may have nothing to do any more: then it is another's turn. */
  const takeUp = (): void => {
    for (const slot of [slots.deeds, slots.words]) {
      const next = slot.next()
      if (next !== undefined) queue.add(next)
    }
  }

  /** Whether an effect was begun, or waits for its turn. */
  const begin = (key: string): boolean => {
    const [namespace = '', name = ''] = key.split('/')
    const driver = edges.drivers.reflector.objects.get(namespace, name)
    if (driver === undefined) return false
    const memory = memories.known(driver.uid)
    if (memory?.busy === true) return false
    const monotonicMs = edges.monotonicMs()
    const circumstances = circumstancesOf(driver, edges)
    edges.sidecarImage.note(driver)
    ask(driver, circumstances)
    const found = lookAt(driver, circumstances)
    if (found.againMs !== null) addAtDate(key, found.againMs)
    if (isSpared(found)) edges.applicationRecord.spared(driver)
    const hangs = found.tasks.some(({ assessment }) => assessment.kind === 'hung')
    if (hangs || memory !== undefined) noteHang(memories.of(driver.uid), hangs)
    if (memory !== undefined) forgetSetbacks(memory.setbacks, found.tasks)
    const due = found.tasks.filter(({ choice }) => {
      const untilMs = memory === undefined ? 0 : putOffUntilMs(memory.setbacks, choice)
      if (untilMs > monotonicMs) queue.addAt(key, untilMs)
      return untilMs <= monotonicMs
    })
    const deeds = due.filter(({ choice }) => isDeed(choice))
    // Known at once, however slow the API server is to take the words of others.
    for (const task of due) actor.note({ driver, ...task, circumstances, memory: memories.of(driver.uid) })
    // Words come after: the driver is looked at again then.
    const next = { ...found, tasks: deeds.length > 0 ? deeds : due }
    if (due.length === 0 || memories.known(driver.uid)?.settled === signatureOf(next)) return false
    const slot = deeds.length > 0 ? slots.deeds : slots.words
    if (slot.take(key)) void carryOut(driver, circumstances, next, slot)
    return true
  }

  const reconcile = (key: string): void => {
    if (!begin(key)) takeUp()
  }
  return { reconcile, underWay: () => slots.deeds.taken() + slots.words.taken() }
}

/** Nothing speaks for deleting its pod, whether that may be done or not. */
const isSpared = ({ tasks }: Look) => tasks.every(({ choice }) => !isOfDeletion(choice))
