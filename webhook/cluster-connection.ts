import { createCapabilityProbe } from '../cluster/capability-probe.ts'
import { watchNamespaceLimits } from '../cluster/namespace-limits-watch.ts'
import { memoizeNodeCapabilities, watchNodes } from '../cluster/nodes.ts'
import { watchSparkApplications } from '../cluster/spark-applications.ts'
import type { BackgroundTasks } from '../core/background-tasks.ts'
import type { Capabilities } from '../core/kubernetes/capabilities.ts'
import type { KubernetesApi } from '../kubernetes/api.ts'
import { createClient } from '../kubernetes/client.ts'
import { type AccessEnvironment, loadAccess } from '../kubernetes/in-cluster-access.ts'
import type { ReflectorDeps } from '../kubernetes/reflector.ts'
import { clientBounds } from './client-bounds.ts'
import type { Config, KubernetesConfig } from './config/config.ts'
import { registerReplicaGauges } from './controller/metrics/metrics.ts'
import type { ControllerLink } from './controller-thread/supervisor.ts'
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

interface ClusterDeps extends Omit<ReflectorDeps, 'api'> {
  readonly injectionKeys: InjectionKeys
}

/** Starts to watch the objects that admission needs, and to keep the controller running. */
export async function connectCluster(
  kubernetes: KubernetesConfig & { readonly kind: 'on' },
  { sidecar }: Pick<Config, 'sidecar'>,
  env: AccessEnvironment,
  deps: ClusterDeps,
  controller: ControllerLink,
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
  const currentFacts = () => ({
    nativeSidecars: capabilities.current().nativeSidecars,
    injectionKeys: deps.injectionKeys.all(),
  })
  // A restart of the process would end admission, which works without the controller. An alert reports the controller's absence.
  loops.startOptional('controller', (signal) => controller.run(currentFacts, signal))
  registerReplicaGauges(metrics.registry, {
    isLeader: controller.isLeader,
    stale: () => {
      const ofController = controller.stale()
      const own = Object.entries(caches).map(([name, reflectors]) => {
        const isStale = reflectors.some((reflector) => reflector.stale())
        return [name, isStale || ofController[name] === true] as const
      })
      return { ...ofController, ...Object.fromEntries(own) }
    },
  })
  const findMissing = createPatience(deps)
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
      ...findMissing(
        Object.entries(caches)
          .filter(([, reflectors]) => !reflectors.every((reflector) => reflector.synced()))
          .map(([name]) => name),
      ),
      ...(capabilities.hasProbed() ? [] : ['capabilities']),
    ],
    close: () => api.close(),
  }
}

/** How long readiness waits for the caches that admission can do without. Longer than the deadline of a list. */
const dispensableWithinMs = 45_000
/**
 * Tenants write SparkApplications, and one of them can make a whole list fail. Admission then reads each by itself, and treats
 * what it cannot read as unknown. A new replica that never became ready would protect nothing. Quotas and LimitRanges are not
 * dispensable: without them, a sidecar could make the API server refuse the pod.
 */
const dispensable: ReadonlySet<string> = new Set(['spark-applications'])

/** Returns which of the missing caches readiness still waits for. The metric `spark_nanny_watch_stale` shows the others. */
function createPatience({ nowMs, log }: Pick<ClusterDeps, 'nowMs' | 'log'>) {
  const startMs = nowMs()
  let hasWarned = false
  return (missing: readonly string[]): readonly string[] => {
    if (nowMs() - startMs <= dispensableWithinMs) return missing
    const ignored = missing.filter((name) => dispensable.has(name))
    if (ignored.length > 0 && !hasWarned) {
      log.warn({ event: 'ready-without-caches', caches: ignored })
      hasWarned = true
    }
    return missing.filter((name) => !dispensable.has(name))
  }
}
