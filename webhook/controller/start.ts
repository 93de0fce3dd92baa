import { randomUUID } from 'node:crypto'
import { watchNamespaces } from '../../cluster/namespaces.ts'
import type { KnownApplication, SparkApplications } from '../../cluster/spark-applications.ts'
import { addUntilAborted } from '../../core/abort.ts'
import type { BackgroundTasks } from '../../core/background-tasks.ts'
import { createLeaderElector } from '../../kubernetes/leader-election/leader-elector.ts'
import type { LeaseTiming } from '../../kubernetes/leader-election/lease.ts'
import type { ReflectorDeps } from '../../kubernetes/reflector.ts'
import { sendUiRequest, type UiRequest, type UiResult } from '../../spark-ui/http-get.ts'
import { createUiClient, type UiClient } from '../../spark-ui/ui-client.ts'
import type { ControllerConfig } from '../config/controller-config.ts'
import type { InjectionKeys } from '../injection/keys.ts'
import { isInjectionProven } from '../injection/proof.ts'
import { createClusterWriter } from './act/cluster-writer.ts'
import { runApplicationIdAnnotator } from './application-id-annotator.ts'
import { findCoverage } from './assess/driver-context.ts'
import type { NodeState } from './assess/stuck-termination.ts'
import { createController } from './controller.ts'
import { createSidecarImageBreaker } from './decide/sidecar-image-breaker.ts'
import { createDeletionTracker } from './deletions/deletion-tracker.ts'
import type { Driver } from './driver/driver.ts'
import { watchDrivers } from './driver/driver-watch.ts'
import { countDrivers } from './metrics/driver-counts.ts'
import type { ControllerMetrics } from './metrics/metrics.ts'

export interface StartControllerDeps extends ReflectorDeps {
  /** The namespace of spark-nanny, which has the Lease. */
  readonly namespace: string
  readonly version: string
  readonly config: ControllerConfig
  readonly sidecarImage: string
  readonly injectionKeys: Pick<InjectionKeys, 'all' | 'whenChanged'>
  readonly chartSettings: Readonly<Record<string, string>>
  readonly applications: SparkApplications
  nativeSidecars(): boolean
  findNodeState(name: string): NodeState
  /** Whether the watches that the controller does not own are stale, by collection. */
  stale(): Readonly<Record<string, boolean>>
  /** Milliseconds of a monotonic clock. */
  monotonicMs(): number
  readonly metrics: ControllerMetrics
  readonly loops: BackgroundTasks
  /** Replaces the network requests to Spark UIs and sidecars. */
  readonly uiClient?: Pick<UiClient, 'poll'>
  sendUiRequest?(request: UiRequest): Promise<UiResult>
  readonly leaseTiming?: LeaseTiming
}

export interface StartedController {
  /** Why no sidecars are injected in the namespace at present; null if they are. */
  suspension(namespace: string): string | null
  /** The same for all namespaces in which none are. Null while the drivers are not listed yet. */
  suspensions(): Readonly<Record<string, string>> | null
  /** Whether watches are stale, by collection. */
  stale(): Readonly<Record<string, boolean>>
  /** Whether this process leads. */
  leads(): boolean
}

/** Watches drivers in every replica. One replica leads and acts. */
export function startController(deps: StartControllerDeps): StartedController {
  const { config, loops } = deps
  const { drivers, sidecarImageBreaker, namespaces, onNamespace } = createWatches(deps)
  const identity = `${config.podName || 'spark-nanny'}_${randomUUID()}`
  const elector = createLeaderElector({
    ...deps,
    name: config.lease,
    identity,
    ...(deps.leaseTiming !== undefined && { timing: deps.leaseTiming }),
  })
  const contextDeps = { ...deps, namespaces: namespaces.objects }
  const lists = [drivers.reflector, namespaces, ...deps.applications.reflectors]
  const controller = createController({
    ...contextDeps,
    drivers,
    sidecarImageBreaker,
    writer: createClusterWriter({ api: deps.api, reporter: identity, nowMs: deps.nowMs, mayAct: elector.leads }),
    uiClient: deps.uiClient ?? createUiClient(),
    sendUiRequest: deps.sendUiRequest ?? sendUiRequest,
    onNamespace,
    whenSynced: {
      drivers: drivers.reflector.whenSynced,
      all: () => Promise.all(lists.map((reflector) => reflector.whenSynced())),
    },
  })
  const { quarantined } = createDeletionTracker(config.safeguards)
  const isInProtectedNamespace = ({ application }: KnownApplication) =>
    namespaces.objects.get('', application.namespace) !== undefined
  const knowledge = {
    findCoverage: (driver: Driver) => findCoverage(driver, contextDeps),
    startupBlockedForMs: sidecarImageBreaker.startupBlockedForMs,
    version: deps.version,
  }
  deps.metrics.registerGauges({
    isLeader: elector.leads,
    counts: () => countDrivers(drivers.reflector.objects.all(), knowledge, deps.nowMs()),
    quarantined: () => quarantined([...deps.applications.all()].filter(isInProtectedNamespace)),
    breakers: () => ({
      'unhealthy-share': controller.blockedNamespaces(),
      'sidecar-image': sidecarImageBreaker.suspendedNamespaces(),
    }),
    budgetUse: controller.budgetUse,
  })
  loops.start('drivers', drivers.reflector.run)
  loops.start('namespaces', namespaces.run)
  const lead = async (term: AbortSignal) => {
    const annotating = runApplicationIdAnnotator(drivers, { ...deps, mayAct: elector.leads }, term)
    await Promise.all([controller.lead(term), annotating])
  }
  loops.start('leader', (signal) => elector.run(lead, signal))
  const { suspension, suspendedNamespaces } = sidecarImageBreaker
  return {
    suspension,
    suspensions: () => {
      if (!drivers.reflector.synced()) return null
      const reasons = suspendedNamespaces().map((name) => [name, suspension(name)] as const)
      return Object.fromEntries(reasons.flatMap(([name, reason]) => (reason === null ? [] : [[name, reason]])))
    },
    stale: () => ({ ...deps.stale(), drivers: drivers.reflector.stale(), namespaces: namespaces.stale() }),
    leads: elector.leads,
  }
}

/** The watches of every replica. The sidecar's image is judged in every replica, because each one admits drivers. */
function createWatches(deps: StartControllerDeps) {
  const drivers = watchDrivers(deps)
  const listeners = new Set<(namespace: string) => void>()
  const namespaces = watchNamespaces(deps, deps.config.namespaceSelector, (name) => {
    for (const listener of listeners) listener(name)
  })
  const onNamespace = (changed: (namespace: string) => void, signal: AbortSignal): void =>
    addUntilAborted(listeners, changed, signal)
  const isProven = (driver: Driver) => {
    const proof = driver.sidecar?.proof ?? null
    return proof !== null && isInjectionProven(deps.injectionKeys.all(), proof, driver, deps.sidecarImage)
  }
  const sidecarImageBreaker = createSidecarImageBreaker({
    ...deps,
    image: deps.sidecarImage,
    threshold: deps.config.bypassesBeforeSuspension,
    namespaces: namespaces.objects,
    isProven,
  })
  const processLifetime = new AbortController().signal
  drivers.listen({ changed: sidecarImageBreaker.observe, gone: sidecarImageBreaker.forget }, processLifetime)
  // Pods that were listed before the key was read are proven only now.
  deps.injectionKeys.whenChanged(() => {
    for (const driver of drivers.reflector.objects.all()) sidecarImageBreaker.observe(driver)
  })
  return { drivers, sidecarImageBreaker, namespaces, onNamespace }
}
