import type { SparkApplications } from '../../cluster/spark-applications.ts'
import type { Log } from '../../core/log.ts'
import type { KubernetesApi } from '../../kubernetes/api.ts'
import type { UiRequest, UiResult } from '../../spark-ui/http-get.ts'
import type { UiClient } from '../../spark-ui/ui-client.ts'
import type { ClusterWriter } from './act/cluster-writer.ts'
import { createDeletionJournal } from './act/deletion-journal.ts'
import { createActionRunner } from './act/run-action.ts'
import { computeDriverContext, type DriverContextDeps } from './assess/driver-context.ts'
import type { NodeState } from './assess/stuck-termination.ts'
import { createWaitTracker } from './assess/wait-tracker.ts'
import { isDeletionRequested as isRequested, noDeletion } from './decide/deletion-state.ts'
import { confirmIfObserved, createDriverStates } from './decide/driver-state.ts'
import { createHangBreaker } from './decide/hang-breaker.ts'
import type { SidecarImageBreaker } from './decide/sidecar-image-breaker.ts'
import { createDeletionTracker, type DeletionTracker } from './deletions/deletion-tracker.ts'
import type { Driver } from './driver/driver.ts'
import type { DriverWatch } from './driver/driver-watch.ts'
import type { ControllerMetrics } from './metrics/metrics.ts'
import { createTerminationTracker } from './metrics/termination-tracker.ts'
import { createSidecarStatusPoller } from './poll/sidecar-status-poller.ts'
import { createUiPoller } from './poll/ui-poller.ts'
import { createReconciler, driverKey } from './reconcile/reconciler.ts'
import { createWorkQueue } from './reconcile/work-queue.ts'
import { runWorker } from './reconcile/worker.ts'

export interface ControllerDeps extends DriverContextDeps {
  readonly api: KubernetesApi
  readonly log: Log
  readonly metrics: ControllerMetrics
  readonly drivers: DriverWatch
  readonly applications: SparkApplications
  readonly sidecarImage: SidecarImageBreaker
  readonly writer: ClusterWriter
  readonly prober: Pick<UiClient, 'poll'>
  get(get: UiRequest): Promise<UiResult>
  node(name: string): NodeState
  /** Reports changed namespaces until `signal` is aborted. */
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
  /** Whether the circuit breaker blocks deletions because the cause may be outside the drivers. */
  isBreakerOpen(): boolean
}

const othersWithinMs = 30_000

/**
 * Reconciles drivers: each change, and each time that matters, leads to a look at what is, never at what happened. A look
 * at a healthy driver ends without a request.
 */
export function createController(edges: ControllerDeps): Controller {
  const { drivers, metrics, config, nowMs } = edges
  let isOpen = () => false

  const lead = async (signal: AbortSignal): Promise<void> => {
    const queue = createWorkQueue()
    const memories = createDriverStates()
    const isDeletionRequested = ({ uid }: Driver) => isRequested(memories.known(uid)?.deletion ?? noDeletion)
    const deletions = createDeletionTracker(config.safeguards)
    const endings = createTerminationTracker(metrics, nowMs)
    const polls = createUiPoller(
      {
        ...edges,
        polled: (driver, _judgement, tookMs) => {
          metrics.poked(computeDriverContext(driver, edges).app, tookMs / 1000)
          queue.add(driverKey(driver))
        },
      },
      signal,
    )
    const verdicts = createSidecarStatusPoller({ ...edges, answered: (driver) => queue.add(driverKey(driver)) })
    const waits = createWaitTracker()
    const { safeguards: rails } = config
    const all = () => drivers.reflector.objects.all()
    const breaker = createHangBreaker({ rails, polls, verdicts, deletions, drivers: all, nowMs })
    isOpen = breaker.isOpen
    const isPodPresent = ({ namespace, name, uid }: Driver) =>
      drivers.reflector.objects.get(namespace, name)?.uid === uid
    const record = createDeletionJournal({ ...edges, deletions, isPodPresent }, signal)
    const actor = createActionRunner({ ...edges, journal: record }, signal)
    const reconciler = createReconciler({
      ...edges,
      queue,
      states: memories,
      deletions,
      polls,
      verdicts,
      waits,
      actionRunner: actor,
      journal: record,
      breaker,
    })

    await syncedEnough(edges, signal)
    const loading = loadOnceListed(edges, deletions, signal)
    drivers.listen(
      {
        changed: (driver, before) => {
          confirmIfObserved(memories.known(driver.uid), driver)
          endings.changed(driver, before, isDeletionRequested(driver))
          queue.add(driverKey(driver))
        },
        gone: (driver) => {
          confirmIfObserved(memories.known(driver.uid), undefined)
          endings.gone(driver, isDeletionRequested(driver))
          record.podGone(driver)
          memories.forget(driver.uid)
          polls.forget(driver.uid)
          verdicts.forget(driver.uid)
          waits.forget(driver.uid)
        },
      },
      signal,
    )
    edges.onNamespace((namespace) => {
      for (const driver of drivers.reflector.objects.in(namespace)) queue.add(driverKey(driver))
    }, signal)
    for (const driver of all()) queue.add(driverKey(driver))
    await runWorker(edges, queue, reconciler, signal)
    while (reconciler.runningActions() > 0) await edges.sleep(20, new AbortController().signal)
    await Promise.all([loading, record.idle()])
    isOpen = () => false
  }
  return { lead, isBreakerOpen: () => isOpen() }
}

type Pace = Pick<ControllerDeps, 'sleep' | 'monotonicMs' | 'synced'>

/** Loads the deletion history once all SparkApplications are listed. Until then no budget is known to remain. */
async function loadOnceListed(
  { applications, sleep }: Pick<ControllerDeps, 'applications' | 'sleep'>,
  deletions: Pick<DeletionTracker, 'load'>,
  signal: AbortSignal,
): Promise<void> {
  while (!applications.reflectors.every((reflector) => reflector.synced())) {
    await sleep(100, signal)
    if (signal.aborted) return
  }
  deletions.load(applications.all())
}

/**
 * Waits for the lists. The wait for namespaces and SparkApplications is bounded: a blocked startup can be bypassed without
 * them, and nothing is deleted until the deletion history is loaded.
 */
async function syncedEnough(edges: Pace, signal: AbortSignal): Promise<void> {
  const sinceMs = edges.monotonicMs()
  while (!signal.aborted) {
    const { drivers, all } = edges.synced()
    if (all || (drivers && edges.monotonicMs() - sinceMs > othersWithinMs)) return
    await edges.sleep(100, signal)
  }
}
