import type { KnownNode } from '../../../cluster/nodes.ts'
import type { Driver } from '../driver/driver.ts'

/** What the controller knows about a driver's node. `unknown`: nodes are not listed yet. */
export type NodeState =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'known'; readonly node: KnownNode }

/** What keeps a pod from being removed after its deletion was requested. */
export type TerminationBlocker = 'finalizers' | 'node-gone' | 'node-not-ready' | 'node-ready' | 'unknown'

/**
 * Finds out who has to act before a terminating pod is removed. A kubelet removes a pod that it has stopped, and the owners
 * of its finalizers must remove these. If the kubelet does not respond, the driver may still run. If the node is gone, or
 * has the taint out-of-service and is not Ready, Kubernetes removes its pods (gcOrphaned and gcTerminating of
 * pkg/controller/podgc).
 */
export function findTerminationBlocker(
  driver: Pick<Driver, 'finalizers' | 'node'>,
  state: NodeState,
): { readonly blocker: TerminationBlocker; readonly detail: string } {
  const { finalizers, node } = driver
  if (finalizers.length > 0) {
    return { blocker: 'finalizers', detail: `it still has the finalizers ${finalizers.join(', ')}` }
  }
  if (node === null) return { blocker: 'unknown', detail: 'it is on no node' }
  switch (state.kind) {
    case 'unknown':
      return { blocker: 'unknown', detail: `its node is ${node}` }
    case 'gone':
      return { blocker: 'node-gone', detail: `its node ${node} no longer exists` }
    case 'known': {
      const { notReady, isAssumed } = state.node
      if (isAssumed) return { blocker: 'unknown', detail: `its node is ${node}, which spark-nanny may not read` }
      if (notReady === undefined) {
        return { blocker: 'node-ready', detail: `its node ${node} is Ready but has not stopped it` }
      }
      const since = notReady.sinceMs === null ? '' : ` since ${new Date(notReady.sinceMs).toISOString()}`
      return { blocker: 'node-not-ready', detail: `its node ${node} is not Ready${since}: ${notReady.detail}` }
    }
  }
}
