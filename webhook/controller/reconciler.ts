import type { ControllerConfig } from '../controller-config.ts'
import type { Log } from '../log.ts'
import type { Actor } from './actor.ts'
import type { ApplicationRecord } from './application-record.ts'
import { unansweredExit } from './assess.ts'
import type { Breaker } from './breaker.ts'
import { isDeed } from './choose-action.ts'
import { type Circumstances, type CircumstancesEdges, circumstancesOf } from './circumstances.ts'
import type { Deletions } from './deletions.ts'
import { confirmSeen, type DriverMemories, noteHang } from './driver-memory.ts'
import type { WatchedDrivers } from './drivers.ts'
import { type EffectSlots, effectSlots } from './effect-slots.ts'
import { type Look, look, signatureOf } from './look.ts'
import { areManyStuck } from './many-stuck.ts'
import type { DriverObservation } from './observation.ts'
import type { Performed } from './perform.ts'
import { pollPlan } from './poll-plan.ts'
import type { SidecarImage } from './sidecar-image.ts'
import type { SidecarVerdicts } from './sidecar-verdicts.ts'
import { identityOf } from './subjects.ts'
import type { NodeStanding } from './terminating.ts'
import type { UiPolls } from './ui-polls.ts'
import type { Waits } from './waits.ts'
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
/** A pod that changed in between is known anew by then. */
const outdatedAgainMs = 500
/** With a watch that is frozen it is not. */
const maxOutdatedMs = 10_000
const maxBackoffMs = 120_000

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
    const waitingSinceMs = edges.waits.note(driver, monotonicMs)
    return look(driver, config, {
      nowMs,
      circumstances,
      memory: memories.known(driver.uid),
      heldBackForMs: edges.sidecarImage.heldBackForMs(driver),
      unansweredForMs: unansweredForMs(driver, monotonicMs),
      waitingSinceMs: waitingSinceMs === null ? null : nowMs - (monotonicMs - waitingSinceMs),
      node: driver.node === null ? { kind: 'unknown' } : edges.node(driver.node),
      nativeSidecars: edges.nativeSidecars(),
      judgement: polls.judgement(driver.uid),
      sidecarVerdict: verdicts.verdict(driver.uid),
      breakerOpen: (by) => edges.breaker.isOpenFor(driver, by),
      manyStuck: (stuck) =>
        areManyStuck(stuck, edges.drivers.reflector.objects.all(), nowMs, config.rails.breakerShare),
      limits: () => deletions.limits(driver, circumstances.application, nowMs),
    })
  }

  /** Whether the pod is as it was decided on, and would be deleted on what is known by now, too. */
  const isStillToBeDeleted = (driver: DriverObservation): boolean => {
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
    let failed = false
    try {
      for (const { assessment, choice } of found.tasks) {
        const performed = await actor.act({ driver, assessment, choice, circumstances, memory }, () =>
          isStillToBeDeleted(driver),
        )
        if (performed.kind === 'done') continue
        const refusedWord = performed.kind === 'failed' && performed.refused === true && !isDeed(choice)
        failed ||= !refusedWord
        if (performed.kind === 'failed') {
          log.warn({ event: 'action-failed', ...identityOf(driver), action: choice.kind, detail: performed.detail })
        }
        // Nobody who may not tell of it will be allowed to by asking again.
        if (refusedWord) continue
        memory.failures += 1
        const atMs = edges.monotonicMs() + delayAfter(performed, memory.failures)
        // Words that cannot be told must not keep the driver from being let go later.
        if (isDeed(choice)) memory.retryMs = atMs
        else memory.reportMs = atMs
      }
      if (!failed) {
        memory.failures = 0
        memory.settled = signatureOf(found)
      }
    } catch (error) {
      log.error({ event: 'action-broken', ...identityOf(driver), err: error })
      memory.retryMs = edges.monotonicMs() + 60_000
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

  const delayAfter = (performed: Performed, failures: number): number => {
    if (performed.kind !== 'failed') return Math.min(maxOutdatedMs, outdatedAgainMs * 2 ** Math.min(failures - 1, 20))
    const backoffMs = Math.min(maxBackoffMs, outdatedAgainMs * 2 ** Math.min(failures, 20)) * (0.5 + edges.random() / 2)
    return Math.max(backoffMs, performed.retryAfterMs)
  }

  /** For how long a driver has waited for the restart that its sidecar asked for; null: it does not. */
  const unansweredForMs = (driver: DriverObservation, monotonicMs: number): number | null => {
    const exit = unansweredExit(driver)
    if (exit === undefined) return null
    const memory = memories.of(driver.uid)
    if (memory.unanswered?.finishedMs !== exit.sinceMs) {
      memory.unanswered = { seenMs: monotonicMs, finishedMs: exit.sinceMs }
    }
    return monotonicMs - memory.unanswered.seenMs
  }

  /** Whether an effect was begun, or waits for its turn. */
  const begin = (key: string): boolean => {
    const [namespace = '', name = ''] = key.split('/')
    const driver = edges.drivers.reflector.objects.get(namespace, name)
    if (driver === undefined) return false
    const memory = memories.known(driver.uid)
    if (memory?.busy === true) return false
    const monotonicMs = edges.monotonicMs()
    if (memory !== undefined && memory.retryMs > monotonicMs) {
      queue.addAt(key, memory.retryMs)
      return false
    }
    const circumstances = circumstancesOf(driver, edges)
    edges.sidecarImage.note(driver)
    ask(driver, circumstances)
    const found = lookAt(driver, circumstances)
    if (found.againMs !== null) addAtDate(key, found.againMs)
    if (isSpared(found)) edges.applicationRecord.spared(driver)
    const hangs = found.tasks.some(({ assessment }) => assessment.kind === 'hung')
    if (hangs || memory !== undefined) noteHang(memories.of(driver.uid), hangs)
    const reportMs = memory?.reportMs ?? 0
    const deeds = found.tasks.filter(({ choice }) => isDeed(choice))
    const words = found.tasks.filter(({ choice }) => !isDeed(choice) && reportMs <= monotonicMs)
    // Known at once, however slow the API server is to take the words of others.
    for (const task of found.tasks) actor.note({ driver, ...task, circumstances, memory: memories.of(driver.uid) })
    if (deeds.length + words.length < found.tasks.length) queue.addAt(key, reportMs)
    // Words come after: the driver is looked at again then.
    const due = { ...found, tasks: deeds.length > 0 ? deeds : words }
    if (due.tasks.length === 0 || memories.known(driver.uid)?.settled === signatureOf(due)) return false
    const slot = deeds.length > 0 ? slots.deeds : slots.words
    if (slot.take(key)) void carryOut(driver, circumstances, due, slot)
    return true
  }

  const reconcile = (key: string): void => {
    if (!begin(key)) takeUp()
  }
  return { reconcile, underWay: () => slots.deeds.taken() + slots.words.taken() }
}

/** Nothing speaks for deleting its pod, whether that may be done or not. */
const isSpared = ({ tasks }: Look) =>
  tasks.every(({ choice }) => choice.kind !== 'delete-pod' && choice.kind !== 'dry-run' && choice.kind !== 'withhold')
