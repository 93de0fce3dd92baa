import { type Evidence, valueIn } from '../../../evidence/evidence.ts'
import type { ApplicationFacts, ClusterFacts, LivePod } from '../facts/cluster-facts.ts'
import { isEndUnobserved } from './allow-list.ts'
import { parseApplicationState } from './operator-reaction.ts'
import type { PlannedCause } from './plan.ts'

/** The next driver could not be made, since its name was taken. */
export interface NameConflict {
  readonly cause: PlannedCause
  /** The terminated pod that has the name; null: it is gone by now. */
  readonly pod: LivePod | null
  /** Whether the operator waits for no more than the pod's end. */
  readonly waited: boolean
}

/** Of a kubeflow label: which submission a pod comes from. */
const submissionLabel = 'sparkoperator.k8s.io/submission-id'

/**
 * Whether the attempt to make a driver failed for a pod of its name, and that pod has ended. Undefined: no, or the pod
 * is alive. Apache's operator gives each attempt a name of its own.
 */
export function findNameConflict(
  application: ApplicationFacts,
  evidence: Evidence,
  facts: Pick<ClusterFacts, 'pod'>,
): NameConflict | undefined {
  const state = parseApplicationState(application)
  const message = valueIn(evidence.application)?.message ?? ''
  const [, taken] = /pods? \\?"([^"\\]+)\\?" already exists/.exec(message) ?? []
  const pod = valueIn(evidence.pod)
  const ended = (pod?.phase === 'Failed' || pod?.phase === 'Succeeded') && !isEndUnobserved(pod)
  const failed = taken !== undefined && (state === 'SUBMISSION_FAILED' || state === 'FAILED')
  const waits = state === 'PENDING_RERUN' && facts.pod !== null
  if (application.operator !== 'kubeflow' || (!failed && !waits)) return undefined
  if (facts.pod !== null && (!ended || pod?.deletingMs !== null)) return undefined
  // A pod that another name is about does not stand in the way.
  if (failed && facts.pod !== null && facts.pod.name !== taken) return undefined
  return {
    cause: {
      id: 'SPN-APPLICATION-NAME-TAKEN',
      title: `The next driver could not be created because a terminated pod has its name, ${taken ?? facts.pod?.name}`,
      confidence: 'high',
      evidence: { source: 'application', excerpt: failed ? message.slice(0, 300) : `state ${state}` },
    },
    pod: facts.pod,
    waited: waits,
  }
}

/** Whether a pod that succeeded is of the application's last submission, and so its output. */
export function isOwnRun(application: ApplicationFacts, pod: LivePod): boolean {
  const status = application.object.status
  const submission =
    typeof status === 'object' && status !== null && 'submissionID' in status ? status.submissionID : undefined
  const label = pod.labels[submissionLabel]
  if (typeof submission === 'string' && label !== undefined) return submission === label
  return pod.ownerUids.length === 0 || pod.ownerUids.includes(application.uid)
}
