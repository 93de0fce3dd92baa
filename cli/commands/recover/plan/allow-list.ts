import type { DriverPod } from '../../../evidence/driver-pod.ts'
import type { DriverPhase, Finding } from '../../../findings/findings.ts'
import type { MemoryKey } from '../../../spark-conf/memory-size.ts'
import type { RefusalReason } from './refusal-reasons.ts'

/** What may be done about a finding without a decision by a person. */
export type AllowedRemedy =
  | { readonly kind: 'raise-memory'; readonly key: MemoryKey }
  | { readonly kind: 'rerun' }
  | { readonly kind: 'none'; readonly reason: RefusalReason; readonly detail: string }

/** Causes outside of the application that no longer exist once its pod has been replaced. */
const transient: ReadonlySet<string> = new Set([
  'SPN-NODE-EVICTED',
  'SPN-NODE-PREEMPTED',
  'SPN-NODE-SHUTDOWN',
  'SPN-NODE-TAINTED',
  'SPN-NODE-API-EVICTION',
  'SPN-NODE-LOST',
  'SPN-NODE-REJECTED',
  'SPN-HANG-UNRESPONSIVE',
  'SPN-VOLUME-SPARK-CONF',
])

/**
 * The remedy of a root cause, if it is on the allow-list:
 * - more memory, if that is the first remedy of the finding and its confidence is high. With medium confidence the driver
 *   may have recovered from the problem, and a user may have stopped it.
 * - an unchanged rerun, if the cause is transient or the user confirms that it is fixed.
 */
export function findAllowedRemedy(
  root: Finding,
  state: DriverPhase,
  pod: DriverPod | undefined,
  causeFixed: boolean,
): AllowedRemedy {
  if (causeFixed) return { kind: 'rerun' }
  const unobserved = describeUnobservedEnd(root, state, pod)
  if (unobserved !== null) {
    const detail = `${unobserved}; after you have verified that the machine is off, run the command again with --cause-fixed`
    return { kind: 'none', reason: 'may-still-run', detail }
  }
  if (transient.has(root.id)) return { kind: 'rerun' }
  const first = root.remedies.find(({ kind }) => kind !== 'inspect')
  if (first?.kind === 'raise-memory' && root.confidence === 'high') {
    if (state !== 'pending') return { kind: 'raise-memory', key: first.key }
  }
  if (root.remedies.some(({ kind }) => kind === 'rerun') || state === 'pending') {
    return {
      kind: 'none',
      reason: 'needs-confirmation',
      detail: `${root.title}: after you have fixed the cause, run the command again with --cause-fixed`,
    }
  }
  return { kind: 'none', reason: 'no-remedy', detail: root.title }
}

/**
 * Whether the driver may still run although its pod has ended. A kubelet that ends a pod reports its containers as
 * terminated, or as ContainerStatusUnknown if it no longer finds them. The pod garbage collector sets a pod to Failed
 * and deletes it once its Node object no longer exists, even if the machine is still running (TerminatePod in
 * pkg/kubelet/status, pkg/controller/podgc, 1.36).
 */
export const isEndUnobserved = ({ driver }: DriverPod): boolean => driver.state.kind === 'running'

/** Null if a kubelet observed the end of the driver, or the driver has not ended. */
function describeUnobservedEnd({ id }: Finding, state: DriverPhase, pod: DriverPod | undefined): string | null {
  if (pod === undefined) {
    const isNodeFinding = id === 'SPN-NODE-LOST' || id === 'SPN-NODE-TAINTED'
    return isNodeFinding ? 'its pod is gone, and it is unknown whether the kubelet observed its end' : null
  }
  if (state !== 'failed' || !isEndUnobserved(pod)) return null
  return `pod ${pod.name} is in phase ${pod.phase}, but the kubelet of node ${pod.node} never reported that its container ended`
}
