import type { DriverPod } from '../../../evidence/driver-pod.ts'
import type { DriverPhase, Finding } from '../../../findings/findings.ts'
import type { MemoryKey } from '../../../spark-conf/memory-size.ts'
import type { RefusalReason } from './refusal-reasons.ts'

/** What may be done about a finding without a person's judgement. */
export type AllowedRemedy =
  | { readonly kind: 'raise-memory'; readonly key: MemoryKey }
  | { readonly kind: 'rerun' }
  | { readonly kind: 'none'; readonly reason: RefusalReason; readonly detail: string }

/** Causes that lie outside of the application and are over once its pod is gone. */
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
 * The remedy of a root cause, if it is on the allow-list: more memory where that is the first thing to do about it, and
 * a re-run unchanged where the cause has passed, or the user confirms that the cause is fixed. What was only logged on the way (medium)
 * may have been got over, and the driver been ended by somebody who wanted it to end.
 */
export function findAllowedRemedy(
  root: Finding,
  state: DriverPhase,
  pod: DriverPod | undefined,
  causeFixed: boolean,
): AllowedRemedy {
  if (causeFixed) return { kind: 'rerun' }
  const unseen = endNobodySaw(root, state, pod)
  if (unseen !== null) {
    const detail = `${unseen}; after you have made sure that the machine is off, run it again with --cause-fixed`
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
      detail: `${root.title}: after you have fixed the cause, run it again with --cause-fixed`,
    }
  }
  return { kind: 'none', reason: 'no-remedy', detail: root.title }
}

/**
 * A kubelet that ends a pod reports its containers as terminated, those that it no longer finds as ContainerStatusUnknown.
 * The pod garbage collector calls a pod Failed and takes it away once its Node object is gone, whatever the machine does
 * (TerminatePod of pkg/kubelet/status, pkg/controller/podgc, 1.36).
 */
export const isEndUnobserved = ({ driver }: DriverPod): boolean => driver.state.kind === 'running'

/** Null: a kubelet saw it end, or it is another matter. */
function endNobodySaw({ id }: Finding, state: DriverPhase, pod: DriverPod | undefined): string | null {
  if (pod === undefined) {
    const isOfNode = id === 'SPN-NODE-LOST' || id === 'SPN-NODE-TAINTED'
    return isOfNode ? 'its pod is gone, and it is unknown whether the kubelet observed its end' : null
  }
  if (state !== 'failed' || !isEndUnobserved(pod)) return null
  return `pod ${pod.name} is in phase ${pod.phase}, but the kubelet of node ${pod.node} never reported that its container ended`
}
