import { randomUUID } from 'node:crypto'
import { watchNamespaces } from '../../cluster/namespaces.ts'
import type { SparkApplications } from '../../cluster/spark-applications.ts'
import type { BackgroundTasks } from '../../core/background-tasks.ts'
import { createLeaderElector } from '../../kubernetes/leader-election/leader-elector.ts'
import type { LeaseTiming } from '../../kubernetes/leader-election/lease.ts'
import type { ReflectorDeps } from '../../kubernetes/reflector.ts'
import { sendUiRequest, type UiRequest, type UiResult } from '../../spark-ui/http-get.ts'
import { createUiClient, type UiClient } from '../../spark-ui/ui-client.ts'
import type { ControllerConfig } from '../config/controller-config.ts'
import { createClusterWriter } from './act/cluster-writer.ts'
import { runApplicationIdAnnotator } from './application-id-annotator.ts'
import { computeCoverageIn } from './assess/driver-context.ts'
import type { NodeState } from './assess/stuck-termination.ts'
import { createController } from './controller.ts'
import { createSidecarImageBreaker } from './decide/sidecar-image-breaker.ts'
import { createDeletionTracker } from './deletions/deletion-tracker.ts'
import { watchDrivers } from './driver/driver-watch.ts'
import { countDrivers } from './metrics/driver-counts.ts'
import type { ControllerMetrics } from './metrics/metrics.ts'

/** What the controller is started with. */
export interface StartedController extends ReflectorDeps {
  /** Ours, for the lease. */
  readonly namespace: string
  readonly version: string
  readonly config: ControllerConfig
  readonly sidecarImage: string
  readonly chartSettings: Readonly<Record<string, string>>
  readonly applications: SparkApplications
  nativeSidecars(): boolean
  node(name: string): NodeState
  /** Of the watches that are not the controller's. */
  stale(): Readonly<Record<string, boolean>>
  /** A clock that no one sets. */
  monotonicMs(): number
  readonly metrics: ControllerMetrics
  readonly loops: BackgroundTasks
  /** Where Spark UIs and sidecars are not asked over the network. */
  readonly prober?: Pick<UiClient, 'poll'>
  get?(get: UiRequest): Promise<UiResult>
  readonly leaseTiming?: LeaseTiming
}

/** Watches drivers in every replica; one of them leads and acts. */
export function startController(started: StartedController): { suspension(): string | null } {
  const { config, applications, metrics, loops, api } = started
  const forever = new AbortController().signal
  const drivers = watchDrivers(started)
  const sidecarImage = createSidecarImageBreaker({
    image: started.sidecarImage,
    threshold: config.rescuesBeforeBreak,
    nowMs: started.nowMs,
    monotonicMs: started.monotonicMs,
  })
  drivers.listen({ changed: sidecarImage.observe, gone: sidecarImage.forget }, forever)
  const namespaceListeners = new Set<(namespace: string) => void>()
  const namespaces = watchNamespaces(started, config.namespaceSelector, (name) => {
    for (const listener of namespaceListeners) listener(name)
  })
  const identity = `${config.podName || 'spark-nanny'}_${randomUUID()}`
  const lease = createLeaderElector({
    ...started,
    name: config.lease,
    identity,
    ...(started.leaseTiming !== undefined && { timing: started.leaseTiming }),
  })
  const writer = createClusterWriter({ api, reporter: identity, nowMs: started.nowMs, mayAct: lease.leads })
  const circumstances = {
    namespaces: namespaces.objects,
    applications,
    chartSettings: started.chartSettings,
    config,
    nativeSidecars: started.nativeSidecars,
    nowMs: started.nowMs,
  }
  const synced = () => ({
    drivers: drivers.reflector.synced(),
    all: [drivers.reflector, namespaces, ...applications.reflectors].every((reflector) => reflector.synced()),
  })
  const controller = createController({
    ...started,
    ...circumstances,
    drivers,
    sidecarImage,
    writer,
    prober: started.prober ?? createUiClient(),
    get: started.get ?? sendUiRequest,
    synced,
    onNamespace: (changed, signal) => {
      if (signal.aborted) return
      namespaceListeners.add(changed)
      signal.addEventListener('abort', () => namespaceListeners.delete(changed), { once: true })
    },
  })
  const { quarantined } = createDeletionTracker(config.safeguards)
  metrics.show({
    leads: lease.leads,
    counts: () =>
      countDrivers(
        drivers.reflector.objects.all(),
        (driver) => computeCoverageIn(driver, circumstances),
        started.version,
        started.nowMs(),
      ),
    quarantined: () => quarantined(applications.all()),
    breakers: () => ({ 'unhealthy-share': controller.isBreakerOpen(), 'sidecar-image': sidecarImage.isSuspended() }),
    stale: () => ({ ...started.stale(), drivers: drivers.reflector.stale(), namespaces: namespaces.stale() }),
  })
  loops.start('drivers', drivers.reflector.run)
  loops.start('namespaces', namespaces.run)
  loops.start('leader', (signal) =>
    lease.run(async (term) => {
      await Promise.all([
        controller.lead(term),
        runApplicationIdAnnotator(drivers, { ...started, mayAct: lease.leads }, term),
      ])
    }, signal),
  )
  return { suspension: sidecarImage.suspension }
}
