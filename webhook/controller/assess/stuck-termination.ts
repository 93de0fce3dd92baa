import type { KnownNode } from '../../../cluster/nodes.ts'
import type { Driver } from '../driver/driver.ts'

/** What is known of the node that a driver is on. */
export type NodeState =
  /** Nodes have yet to be listed. */
  { readonly kind: 'unknown' } | { readonly kind: 'gone' } | { readonly kind: 'known'; readonly node: KnownNode }

/** Why a pod that is being deleted does not go: who has to act. */
export type TerminationBlocker = 'finalizers' | 'node-gone' | 'node-not-ready' | 'node-ready' | 'unknown'

/**
 * A kubelet takes a pod away that it has stopped, then whoever set finalizers lets it go. For a kubelet that is not heard
 * of nobody does: the driver may still run. Of a node that is gone, or bears the taint out-of-service and is not Ready,
 * Kubernetes removes the pods (gcOrphaned and gcTerminating of its pkg/controller/podgc).
 */
export function findTerminationBlocker(
  driver: Pick<Driver, 'finalizers' | 'node'>,
  standing: NodeState,
): { readonly lingering: TerminationBlocker; readonly detail: string } {
  const { finalizers, node } = driver
  if (finalizers.length > 0) return { lingering: 'finalizers', detail: `finalizers hold it: ${finalizers.join(', ')}` }
  if (node === null) return { lingering: 'unknown', detail: 'no node has it' }
  switch (standing.kind) {
    case 'unknown':
      return { lingering: 'unknown', detail: `its node is ${node}` }
    case 'gone':
      return { lingering: 'node-gone', detail: `its node ${node} is gone` }
    case 'known': {
      const { notReady } = standing.node
      if (notReady === undefined)
        return { lingering: 'node-ready', detail: `its node ${node} is Ready, and has not stopped it` }
      const since = notReady.sinceMs === null ? '' : ` since ${new Date(notReady.sinceMs).toISOString()}`
      return { lingering: 'node-not-ready', detail: `its node ${node} is not Ready${since}: ${notReady.detail}` }
    }
  }
}
