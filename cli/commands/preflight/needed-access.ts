import type { AccessRule } from '../../cluster/access-rule.ts'
import type { Input } from '../../static-checks/input.ts'
import { isMadeOnDemand } from '../../workload/conf-volumes.ts'

/**
 * The permissions that a driver's service account needs: for the pods of executors and its own
 * (ExecutorPodsAllocator, ExecutorPodsWatchSnapshotSource, ExecutorPodsLifecycleManager), the ConfigMap of executors and
 * claims on demand, and for deleting all of them at the end (KubernetesClusterSchedulerBackend.stop).
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
