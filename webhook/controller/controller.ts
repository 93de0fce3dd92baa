import type { Prober } from '../../sidecar/prober.ts'
import type { UiGet, UiReply } from '../../sidecar/ui-request.ts'
import type { KubernetesApi } from '../kubernetes/api.ts'
import type { SparkApplications } from '../kubernetes/spark-applications.ts'
import type { Log } from '../log.ts'
import { createActor, identityOf } from './actor.ts'
import { type Circumstances, type CircumstancesEdges, circumstancesOf } from './circumstances.ts'
import { deletionRecord } from './deletions.ts'
import { driverMemories } from './driver-memory.ts'
import type { WatchedDrivers } from './drivers.ts'
import { watchEndings } from './endings.ts'
import { isBreakerOpen } from './ledger.ts'
import { type Look, look, signatureOf } from './look.ts'
import type { ControllerMetrics } from './metrics.ts'
import type { DriverObservation } from './observation.ts'
import type { Performer } from './perform.ts'
import { pollPlan } from './poll-plan.ts'
import type { SidecarImage } from './sidecar-image.ts'
import { sidecarVerdicts } from './sidecar-verdicts.ts'
import { uiPolls } from './ui-polls.ts'
import { type WorkQueue, workQueue } from './work-queue.ts'

export interface ControllerEdges extends CircumstancesEdges {
  readonly api: KubernetesApi
  readonly log: Log
  readonly metrics: ControllerMetrics
  readonly drivers: WatchedDrivers
  readonly applications: SparkApplications
  readonly sidecarImage: SidecarImage
  readonly performer: Performer
  readonly prober: Pick<Prober, 'probe'>
  get(get: UiGet): Promise<UiReply>
  /** Tells of namespaces that changed, until the signal. */
  onNamespace(changed: (namespace: string) => void, signal: AbortSignal): void
  /** Whether drivers have been listed, without which there is nothing to do, and all else that is decided on. */
  synced(): { readonly drivers: boolean; readonly all: boolean }
  sleep(ms: number, signal: AbortSignal): Promise<void>
  random(): number
  monotonicMs(): number
}

export interface Controller {
  /** The leader's work, until `signal`. */
  lead(signal: AbortSignal): Promise<void>
  /** Whether nothing is deleted for fear that the fault is elsewhere. */
  isBreakerOpen(): boolean
}

/** Effects under way at a time: the API server has others to serve. */
const maxAtOnce = 8
/** Looks without a pause; admissions wait no longer than for these. */
const looksAtOnce = 50
const breakerWindowMs = 10 * 60_000
const othersWithinMs = 30_000

/**
 * Reconciles drivers: each change, and each time that matters, leads to a look at what is, never at what happened. A look
 * at a healthy driver ends without a request.
 */
export function createController(edges: ControllerEdges): Controller {
  const { drivers, log, metrics, config } = edges
  let isOpen = () => false

  const lead = async (signal: AbortSignal): Promise<void> => {
    const queue = workQueue()
    const memories = driverMemories()
    const deletions = deletionRecord(config.rails)
    const endings = watchEndings(metrics, edges.nowMs)
    const act = createActor({ ...edges, deletions })
    const polls = uiPolls(
      {
        ...edges,
        polled: (driver, _judgement, tookMs) => {
          metrics.poked(circumstancesOf(driver, edges).app, tookMs / 1000)
          queue.add(keyOf(driver))
        },
      },
      signal,
    )
    const verdicts = sidecarVerdicts({ ...edges, answered: (driver) => queue.add(keyOf(driver)) })
    isOpen = () => {
      const { asked, unhealthy } = polls.counts()
      const lately = deletions.lately(breakerWindowMs, edges.nowMs())
      return isBreakerOpen(asked, unhealthy, lately, config.rails.breakerShare)
    }
    let underWay = 0
    /** What waits for an effect to end before it may begin. */
    const putOff = new Set<string>()

    const planPolls = (driver: DriverObservation, circumstances: Circumstances): void => {
      const plan = pollPlan(driver, circumstances, config.fallback, edges.nowMs())
      if (plan === undefined) polls.forget(driver.uid)
      else polls.ask(driver, plan.policy, plan.delayMs)
    }

    const carryOut = async (driver: DriverObservation, circumstances: Circumstances, found: Look) => {
      const memory = memories.of(driver.uid)
      memory.busy = true
      underWay += 1
      try {
        for (const { assessment, choice } of found.tasks) {
          const performed = await act({ driver, assessment, choice, circumstances, memory })
          if (performed.kind === 'done') {
            memory.failures = 0
            continue
          }
          if (performed.kind === 'failed')
            log.warn({ event: 'action-failed', ...identityOf(driver), detail: performed.detail })
          memory.failures += 1
          const backoffMs = Math.min(60_000, 500 * 2 ** Math.min(memory.failures, 10)) * (0.5 + edges.random() / 2)
          const delayMs = performed.kind === 'failed' ? Math.max(backoffMs, performed.retryAfterMs) : 500
          memory.retryMs = edges.nowMs() + delayMs
          queue.addAt(keyOf(driver), memory.retryMs)
          return
        }
        memory.settled = signatureOf(found)
      } finally {
        memory.busy = false
        underWay -= 1
        // What came meanwhile was put off.
        queue.add(keyOf(driver))
        const [next] = putOff
        if (next !== undefined) {
          putOff.delete(next)
          queue.add(next)
        }
      }
    }

    const reconcile = (key: string): void => {
      const driver = driverOf(key)
      if (driver === undefined) return
      const memory = memories.known(driver.uid)
      if (memory?.busy === true) return
      const nowMs = edges.nowMs()
      if (memory !== undefined && memory.retryMs > nowMs) {
        queue.addAt(key, memory.retryMs)
        return
      }
      const circumstances = circumstancesOf(driver, edges)
      edges.sidecarImage.note(driver)
      planPolls(driver, circumstances)
      const askAgainMs = verdicts.ask(driver)
      if (askAgainMs !== null) queue.addAt(key, askAgainMs)
      const found = look(driver, config, {
        nowMs,
        circumstances,
        memory,
        heldBackSinceMs: edges.sidecarImage.heldBackSinceMs(driver),
        nativeSidecars: edges.nativeSidecars(),
        judgement: polls.judgement(driver.uid),
        sidecarVerdict: verdicts.verdict(driver.uid),
        breakerOpen: isOpen,
        limits: () => deletions.limits(driver, circumstances.application, nowMs),
      })
      if (found.againMs !== null) queue.addAt(key, found.againMs)
      if (found.tasks.length === 0 || memory?.settled === signatureOf(found)) return
      if (underWay >= maxAtOnce) putOff.add(key)
      else void carryOut(driver, circumstances, found)
    }
    /** A bug that one pod brings to light must not keep the others from being let go. */
    const attempt = (key: string): void => {
      try {
        reconcile(key)
      } catch (error) {
        log.error({ event: 'reconcile-failed', driver: key, err: error })
        queue.addAt(key, edges.nowMs() + 60_000)
      }
    }
    const driverOf = (key: string) => {
      const [namespace = '', name = ''] = key.split('/')
      return drivers.reflector.objects.get(namespace, name)
    }

    await syncedEnough(edges, signal)
    deletions.load(edges.applications.all())
    drivers.listen(
      {
        changed: (driver, before) => {
          endings.changed(driver, before, memories.known(driver.uid)?.deleted === true)
          queue.add(keyOf(driver))
        },
        gone: (driver) => {
          endings.gone(driver, memories.known(driver.uid)?.deleted === true)
          memories.forget(driver.uid)
          polls.forget(driver.uid)
          verdicts.forget(driver.uid)
        },
      },
      signal,
    )
    edges.onNamespace((namespace) => {
      for (const driver of drivers.reflector.objects.in(namespace)) queue.add(keyOf(driver))
    }, signal)
    for (const driver of drivers.reflector.objects.all()) queue.add(keyOf(driver))

    for (let looks = 1; !signal.aborted; looks += 1) {
      const key = queue.take(edges.nowMs())
      if (key === undefined) await idle(edges, queue, signal)
      else attempt(key)
      if (looks % looksAtOnce === 0) await edges.sleep(1, signal)
    }
    while (underWay > 0) await edges.sleep(20, new AbortController().signal)
    isOpen = () => false
  }
  return { lead, isBreakerOpen: () => isOpen() }
}

const keyOf = ({ namespace, name }: DriverObservation) => `${namespace}/${name}`

/** Until something is there to look at. */
async function idle(edges: Pick<ControllerEdges, 'sleep' | 'nowMs'>, queue: WorkQueue, signal: AbortSignal) {
  const timer = new AbortController()
  const aborted = AbortSignal.any([signal, timer.signal])
  const waitMs = Math.max(1, Math.min(60_000, queue.nextMs() - edges.nowMs()))
  await Promise.race([queue.added(), edges.sleep(waitMs, aborted)])
  timer.abort()
}

/**
 * Waits for the lists; for those of namespaces and SparkApplications not for ever, since a driver that is held back is
 * let go without them, and without a known owner nothing is deleted.
 */
async function syncedEnough(edges: Pick<ControllerEdges, 'synced' | 'sleep' | 'monotonicMs'>, signal: AbortSignal) {
  const sinceMs = edges.monotonicMs()
  while (!signal.aborted) {
    const { drivers, all } = edges.synced()
    if (all || (drivers && edges.monotonicMs() - sinceMs > othersWithinMs)) return
    await edges.sleep(100, signal)
  }
}
