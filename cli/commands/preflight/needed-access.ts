import type { AccessRule } from '../../cluster/access-rule.ts'
import type { Input } from '../../static-checks/input.ts'
import { isMadeOnDemand } from '../../workload/conf-volumes.ts'

/**
 * What a driver asks of the API server with its own account: pods of executors and its own
 * (ExecutorPodsAllocator, ExecutorPodsWatchSnapshotSource, ExecutorPodsLifecycleManager), the executors' ConfigMap, claims
 * made on demand, and the removal of all of them at the end (KubernetesClusterSchedulerBackend.stop).
 */
export function preflightAccess(namespace: string, { conf }: Input): readonly AccessRule[] {
  const needsClaims = [...conf.entries].some(
    ([key, { value }]) => /\.persistentVolumeClaim\..*\.options\.claimName$/.test(key) && isMadeOnDemand(value),
  )
  const rule = (resource: string, ...verbs: readonly string[]): AccessRule => ({
    group: '',
    resource,
    verbs,
    namespace,
  })
  return [
    rule('pods', 'get', 'list', 'watch', 'create', 'delete', 'deletecollection'),
    rule('configmaps', 'create', 'deletecollection'),
    rule('services', 'deletecollection'),
    ...(needsClaims ? [rule('persistentvolumeclaims', 'list', 'create', 'delete')] : []),
  ]
}
