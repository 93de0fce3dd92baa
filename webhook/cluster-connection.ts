import { createCapabilityProbe } from '../cluster/capability-probe.ts'
import { watchNamespaceLimits } from '../cluster/namespace-limits-watch.ts'
import { memoizeNodeCapabilities, watchNodes } from '../cluster/nodes.ts'
import { watchSparkApplications } from '../cluster/spark-applications.ts'
import type { BackgroundTasks } from '../core/background-tasks.ts'
import type { Capabilities } from '../core/kubernetes/capabilities.ts'
import type { KubernetesApi } from '../kubernetes/api.ts'
import { type ClientBounds, createClient } from '../kubernetes/client.ts'
import { type AccessEnvironment, loadAccess } from '../kubernetes/in-cluster-access.ts'
import { maxObjectBytes } from '../kubernetes/page-size.ts'
import type { ReflectorDeps } from '../kubernetes/reflector.ts'
import type { Config, KubernetesConfig } from './config/config.ts'
import { createControllerMetrics } from './controller/metrics/metrics.ts'
import { type StartControllerDeps, startController } from './controller/start.ts'
import type { InjectionKeys } from './injection/keys.ts'
import type { Lookups } from './server/admission-handler.ts'
import type { Metrics } from './server/metrics.ts'

/** What admission needs to know about the cluster, and whether it is known yet. */
export interface ClusterConnection {
  /** Null if there is no Kubernetes API. */
  readonly api: KubernetesApi | null
  readonly lookups: Lookups
  /** The names of the parts that are not known yet. */
  unready(): readonly string[]
  close(): void
}

/** A cluster without an API: the capabilities are configured, and everything else is unknown. */
export function createStaticCluster(capabilities: Capabilities, metrics: Metrics): ClusterConnection {
  metrics.showCapabilities(() => capabilities)
  return {
    api: null,
    lookups: {
      application: (reference) => ({ kind: 'unreadable', reference, detail: 'no Kubernetes API is configured' }),
      limits: () => null,
      capabilities: () => capabilities,
      suspension: () => null,
      injectionKey: () => null,
    },
    unready: () => [],
    close: () => {},
  }
}

const pullPolicyWarning =
  'with SPARK_NANNY_SIDECAR_IMAGE_PULL_POLICY=Always, drivers cannot start while the registry is unavailable; with IfNotPresent they can'

/** No request but a list is about more than one object. */
export const clientBounds: ClientBounds = { maxResponseBytes: maxObjectBytes, maxEventChars: maxObjectBytes }

interface ClusterDeps extends Omit<ReflectorDeps, 'api'>, Pick<StartControllerDeps, 'version' | 'monotonicMs'> {
  readonly injectionKeys: InjectionKeys
}

/** Starts to watch the objects that admission needs, and starts the controller. */
export async function connectCluster(
  kubernetes: KubernetesConfig & { readonly kind: 'on' },
  { sidecar, chartSettings }: Pick<Config, 'sidecar' | 'chartSettings'>,
  env: AccessEnvironment,
  deps: ClusterDeps,
  metrics: Metrics,
  loops: BackgroundTasks,
): Promise<ClusterConnection> {
  const { namespace, capabilityIntervalMs, serviceAccountDir } = kubernetes
  const api = createClient(await loadAccess(env, serviceAccountDir), clientBounds)
  if (sidecar.imagePullPolicy === 'Always') deps.log.warn({ event: 'pull-policy', detail: pullPolicyWarning })
  const reflectorDeps = { ...deps, api, scope: kubernetes.scope ?? null }
  const applications = watchSparkApplications(reflectorDeps)
  const limits = watchNamespaceLimits(reflectorDeps)
  const nodes = watchNodes(reflectorDeps)
  const capabilities = createCapabilityProbe({
    ...reflectorDeps,
    namespace,
    intervalMs: capabilityIntervalMs,
    nodes: memoizeNodeCapabilities(nodes.objects),
  })
  metrics.showCapabilities(capabilities.current)
  const caches = {
    'spark-applications': applications.reflectors,
    'namespace-limits': limits.reflectors,
    nodes: [nodes],
  }
  for (const [name, reflectors] of Object.entries(caches)) {
    reflectors.forEach((reflector, index) => {
      loops.start(`${name}-${index + 1}`, reflector.run)
    })
  }
  loops.start('capabilities', capabilities.run)
  const controller = startController({
    ...reflectorDeps,
    namespace,
    config: kubernetes.controller,
    sidecarImage: sidecar.image,
    chartSettings,
    applications,
    nativeSidecars: () => capabilities.current().nativeSidecars,
    findNodeState: (name) => {
      const node = nodes.objects.get('', name)
      if (node !== undefined) return { kind: 'known', node }
      return { kind: nodes.synced() && !nodes.stale() ? 'gone' : 'unknown' }
    },
    stale: () => ({
      'spark-applications': applications.reflectors.some((reflector) => reflector.stale()),
      'namespace-limits': limits.reflectors.some((reflector) => reflector.stale()),
      nodes: nodes.stale(),
    }),
    metrics: createControllerMetrics(metrics.registry, () => performance.now()),
    loops,
  })
  return {
    api,
    lookups: {
      application: applications.lookup,
      limits: limits.in,
      capabilities: capabilities.current,
      suspension: controller.suspension,
      injectionKey: deps.injectionKeys.current,
    },
    // The collections of the controller do not count, because admission does not need them.
    unready: () => [
      ...Object.entries(caches)
        .filter(([, reflectors]) => !reflectors.every((reflector) => reflector.synced()))
        .map(([name]) => name),
      ...(capabilities.hasProbed() ? [] : ['capabilities']),
    ],
    close: () => api.close(),
  }
}
