import type { SparkApplications } from '../../cluster/spark-applications.ts'
import type { Log } from '../../core/log.ts'
import type { KubernetesApi } from '../../kubernetes/api.ts'
import type { UiRequest, UiResult } from '../../spark-ui/http-get.ts'
import type { UiClient } from '../../spark-ui/ui-client.ts'
import type { ClusterWriter } from './act/cluster-writer.ts'
import { createDeletionJournal, type DeletionJournal } from './act/deletion-journal.ts'
import { createActionRunner } from './act/run-action.ts'
import {
  computeDriverContext,
  type DriverContextDeps,
  isMonitored,
  isProtectedNamespace,
} from './assess/driver-context.ts'
import type { NodeState } from './assess/stuck-termination.ts'
import { createWaitTracker, type WaitTracker } from './assess/wait-tracker.ts'
import { createDriverStates, type DriverStates } from './decide/driver-state.ts'
import { createHangBreaker, type HangBreaker } from './decide/hang-breaker.ts'
import type { SidecarImageBreaker } from './decide/sidecar-image-breaker.ts'
import { createDeletionTracker, type DeletionTracker } from './deletions/deletion-tracker.ts'
import { type Driver, driverKey } from './driver/driver.ts'
import type { DriverWatch } from './driver/driver-watch.ts'
import type { ControllerMetrics } from './metrics/metrics.ts'
import { createTerminationTracker, type TerminationTracker } from './metrics/termination-tracker.ts'
import { createRequestLimit } from './poll/request-limit.ts'
import { createSidecarStatusPoller, type SidecarStatusPoller } from './poll/sidecar-status-poller.ts'
import { createUiPoller, type UiPoller } from './poll/ui-poller.ts'
import { createDispatcher, type Dispatcher } from './reconcile/dispatcher.ts'
import { createDriverEvaluator } from './reconcile/driver-evaluator.ts'
import { createReconciler, type Reconcile } from './reconcile/reconciler.ts'
import { createWorkQueue, type WorkQueue } from './reconcile/work-queue.ts'

export interface LeaderDeps extends DriverContextDeps {
  readonly api: KubernetesApi
  readonly log: Log
  readonly metrics: ControllerMetrics
  readonly drivers: DriverWatch
  readonly applications: SparkApplications
  readonly sidecarImageBreaker: SidecarImageBreaker
  readonly writer: ClusterWriter
  readonly uiClient: Pick<UiClient, 'poll'>
  sendUiRequest(request: UiRequest): Promise<UiResult>
  findNodeState(name: string): NodeState
  sleep(ms: number, signal: AbortSignal): Promise<void>
  random(): number
  monotonicMs(): number
}

/** The parts of one term of leadership. Each term starts with empty state. */
export interface LeaderParts {
  readonly queue: WorkQueue
  readonly states: DriverStates
  readonly deletions: DeletionTracker
  readonly terminations: TerminationTracker
  readonly uiPoller: UiPoller
  readonly sidecarStatusPoller: SidecarStatusPoller
  readonly waitTracker: WaitTracker
  readonly breaker: HangBreaker
  readonly journal: DeletionJournal
  readonly dispatcher: Dispatcher
  readonly reconcile: Reconcile
}

/** Builds the parts of a term that ends with `signal`. Nothing runs until drivers are queued. */
export function createLeaderParts(deps: LeaderDeps, signal: AbortSignal): LeaderParts {
  const { drivers, metrics, config, nowMs } = deps
  const queue = createWorkQueue()
  const requeue = (driver: Driver) => queue.add(driverKey(driver))
  const states = createDriverStates()
  const deletions = createDeletionTracker(config.safeguards)
  const waitTracker = createWaitTracker()
  const requestLimit = createRequestLimit()
  const uiPoller = createUiPoller(
    {
      ...deps,
      requestLimit,
      polled: (driver, _judgement, tookMs) => {
        metrics.recordPoll(computeDriverContext(driver, deps).metricsApp, tookMs / 1000)
        requeue(driver)
      },
    },
    signal,
  )
  const sidecarStatusPoller = createSidecarStatusPoller({ ...deps, requestLimit, responded: requeue })
  const breaker = createHangBreaker({
    safeguards: config.safeguards,
    uiPoller,
    sidecarStatusPoller,
    deletions,
    drivers: () => drivers.reflector.objects.all(),
    isProtected: (namespace) => isProtectedNamespace(namespace, deps),
    nowMs,
  })
  const isPodPresent = ({ namespace, name, uid }: Driver) => drivers.reflector.objects.get(namespace, name)?.uid === uid
  const journal = createDeletionJournal({ ...deps, deletions, isPodPresent }, signal)
  const actionRunner = createActionRunner({ ...deps, journal }, signal)
  const parts = { queue, states, deletions, uiPoller, sidecarStatusPoller, waitTracker, breaker, journal }
  const evaluateDriver = createDriverEvaluator({ ...deps, ...parts })
  const dispatcher = createDispatcher({ ...deps, ...parts, actionRunner, evaluateDriver })
  return {
    ...parts,
    terminations: createTerminationTracker(metrics, nowMs, (driver) => isMonitored(driver, deps)),
    dispatcher,
    reconcile: createReconciler({ ...deps, ...parts, evaluateDriver, dispatcher }),
  }
}
