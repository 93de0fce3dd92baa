import type { ControllerConfig } from '../controller-config.ts'
import type { Log } from '../log.ts'
import type { Actor } from './actor.ts'
import type { Breaker } from './breaker.ts'
import { type Circumstances, type CircumstancesEdges, circumstancesOf } from './circumstances.ts'
import type { Deletions } from './deletions.ts'
import { confirmSeen, type DriverMemories } from './driver-memory.ts'
import type { WatchedDrivers } from './drivers.ts'
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
  readonly breaker: Pick<Breaker, 'isOpenFor'>
  node(name: string): NodeStanding
  random(): number
}

export interface Reconciler {
  /** Looks at the driver of a key, and begins what is to be done about it. Throws only on a bug. */
  reconcile(key: string): void
  /** Effects that have not ended. */
  underWay(): number
}

/** Effects under way at a time: the API server has others to serve. */
const maxAtOnce = 8
/** A pod that changed in between is known anew by then. */
const outdatedAgainMs = 500
/** With a watch that is frozen it is not. */
const maxOutdatedMs = 10_000
const maxBackoffMs = 120_000

export const keyOf = ({ namespace, name }: DriverObservation) => `${namespace}/${name}`

export function createReconciler(edges: ReconcilerEdges): Reconciler {
  const { config, log, queue, memories, deletions, polls, verdicts, actor } = edges
  let underWay = 0
  /** What waits for an effect to end before it may begin. */
  const putOff = new Set<string>()

  /** Asks from outside the pod what only that can tell. */
  const ask = (driver: DriverObservation, circumstances: Circumstances): void => {
    const plan = pollPlan(driver, circumstances, config.fallback, edges.nowMs())
    if (plan === undefined) polls.forget(driver.uid)
    else polls.ask(driver, plan.policy, plan.delayMs)
    const againMs = verdicts.ask(driver)
    if (againMs !== null) queue.addAt(keyOf(driver), againMs)
  }

  const carryOut = async (driver: DriverObservation, circumstances: Circumstances, found: Look): Promise<void> => {
    const memory = memories.of(driver.uid)
    memory.busy = true
    underWay += 1
    if (found.tasks.some(({ choice }) => choice.kind === 'delete-pod')) deletions.begin(driver, edges.nowMs())
    let failed = false
    try {
      for (const { assessment, choice } of found.tasks) {
        const performed = await actor.act({ driver, assessment, choice, circumstances, memory })
        if (performed.kind === 'done') continue
        failed = true
        if (performed.kind === 'failed') {
          log.warn({ event: 'action-failed', ...identityOf(driver), action: choice.kind, detail: performed.detail })
        }
        memory.failures += 1
        const atMs = edges.nowMs() + delayAfter(performed, memory.failures)
        // Words that cannot be told must not keep the driver from being let go later.
        if (choice.kind === 'report') memory.reportMs = atMs
        else memory.retryMs = atMs
      }
      if (!failed) {
        memory.failures = 0
        memory.settled = signatureOf(found)
      }
    } catch (error) {
      log.error({ event: 'action-broken', ...identityOf(driver), err: error })
      memory.retryMs = edges.nowMs() + 60_000
    } finally {
      deletions.end(driver)
      memory.busy = false
      underWay -= 1
      const now = edges.drivers.reflector.objects.get(driver.namespace, driver.name)
      confirmSeen(memory, now?.uid === driver.uid ? now : undefined)
      // What came meanwhile was not looked at.
      queue.add(keyOf(driver))
      takeUp()
    }
  }

  /** One that is taken up may have nothing to do any more: then it is another's turn. */
  const takeUp = (): void => {
    const [next] = putOff
    if (next === undefined || underWay >= maxAtOnce) return
    putOff.delete(next)
    queue.add(next)
  }

  const delayAfter = (performed: Performed, failures: number): number => {
    if (performed.kind !== 'failed') return Math.min(maxOutdatedMs, outdatedAgainMs * 2 ** Math.min(failures - 1, 20))
    const backoffMs = Math.min(maxBackoffMs, outdatedAgainMs * 2 ** Math.min(failures, 20)) * (0.5 + edges.random() / 2)
    return Math.max(backoffMs, performed.retryAfterMs)
  }

  /** Whether an effect was begun, or waits for its turn. */
  const begin = (key: string): boolean => {
    const [namespace = '', name = ''] = key.split('/')
    const driver = edges.drivers.reflector.objects.get(namespace, name)
    if (driver === undefined) return false
    const memory = memories.known(driver.uid)
    if (memory?.busy === true) return false
    const nowMs = edges.nowMs()
    if (memory !== undefined && memory.retryMs > nowMs) {
      queue.addAt(key, memory.retryMs)
      return false
    }
    const circumstances = circumstancesOf(driver, edges)
    edges.sidecarImage.note(driver)
    ask(driver, circumstances)
    const found = look(driver, config, {
      nowMs,
      circumstances,
      memory,
      heldBackSinceMs: edges.sidecarImage.heldBackSinceMs(driver),
      waitingSinceMs: edges.waits.note(driver, nowMs),
      node: driver.node === null ? { kind: 'unknown' } : edges.node(driver.node),
      nativeSidecars: edges.nativeSidecars(),
      judgement: polls.judgement(driver.uid),
      sidecarVerdict: verdicts.verdict(driver.uid),
      breakerOpen: (by) => edges.breaker.isOpenFor(driver, by),
      manyStuck: (stuck) =>
        areManyStuck(stuck, edges.drivers.reflector.objects.all(), nowMs, config.rails.breakerShare),
      limits: () => deletions.limits(driver, circumstances.application, nowMs),
    })
    if (found.againMs !== null) queue.addAt(key, found.againMs)
    const reportMs = memory?.reportMs ?? 0
    const due = { ...found, tasks: found.tasks.filter(({ choice }) => choice.kind !== 'report' || reportMs <= nowMs) }
    if (due.tasks.length < found.tasks.length) queue.addAt(key, reportMs)
    if (due.tasks.length === 0 || memory?.settled === signatureOf(due)) return false
    // Known at once, however slow the API server is to take the words of others.
    for (const task of due.tasks) actor.note({ driver, ...task, circumstances, memory: memories.of(driver.uid) })
    if (underWay >= maxAtOnce) putOff.add(key)
    else void carryOut(driver, circumstances, due)
    return true
  }

  const reconcile = (key: string): void => {
    if (!begin(key)) takeUp()
  }
  return { reconcile, underWay: () => underWay }
}
