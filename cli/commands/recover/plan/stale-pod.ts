import { toRecord } from '../../../../core/json.ts'
import type { DriverPod } from '../../../evidence/driver-pod.ts'
import { type Evidence, valueIn } from '../../../evidence/evidence.ts'
import type { ApplicationFacts, ClusterFacts, LivePod } from '../facts/cluster-facts.ts'
import { isEndUnobserved } from './allow-list.ts'
import { readOperatorState } from './operator-reaction.ts'
import type { PlannedCause } from './plan.ts'

/** The next driver cannot be created because another pod has its name. */
export interface NameConflict {
  readonly cause: PlannedCause
  /** The terminated pod that has the name. Null if the pod has been deleted in the meantime. */
  readonly pod: LivePod | null
  /** Whether the operator only waits for the pod to be deleted. */
  readonly waited: boolean
}

/** kubeflow's label for the submission that a pod belongs to. */
const submissionLabel = 'sparkoperator.k8s.io/submission-id'

/**
 * Finds a terminated pod that has the name of the next driver. Undefined if there is none, or if the pod may still run.
 * Apache's operator gives each attempt its own name.
 */
export function findNameConflict(
  application: ApplicationFacts,
  evidence: Evidence,
  { pod }: Pick<ClusterFacts, 'pod'>,
): NameConflict | undefined {
  const state = readOperatorState(application)
  const message = valueIn(evidence.application)?.message ?? ''
  const [, takenName] = /pods? \\?"([^"\\]+)\\?" already exists/.exec(message) ?? []
  const hasFailed = takenName !== undefined && (state === 'SUBMISSION_FAILED' || state === 'FAILED')
  const isWaiting = state === 'PENDING_RERUN' && pod !== null
  if (application.operator !== 'kubeflow' || (!hasFailed && !isWaiting)) return undefined
  if (pod !== null && !hasEnded(valueIn(evidence.pod))) return undefined
  // The message is about another pod.
  if (hasFailed && pod !== null && pod.name !== takenName) return undefined
  return {
    cause: {
      id: 'SPN-APPLICATION-NAME-TAKEN',
      title: `The next driver could not be created because a terminated pod has its name, ${takenName ?? pod?.name}`,
      confidence: 'high',
      evidence: { source: 'application', excerpt: hasFailed ? message.slice(0, 300) : `state ${state}` },
    },
    pod,
    waited: isWaiting,
  }
}

/** Whether the pod has ended, its end was observed, and it is not being deleted. */
function hasEnded(pod: DriverPod | undefined): boolean {
  if (pod === undefined || pod.deletingMs !== null || isEndUnobserved(pod)) return false
  return pod.phase === 'Failed' || pod.phase === 'Succeeded'
}

/** Whether a pod that succeeded belongs to the application's last submission, so that its output is the application's. */
export function isOwnRun(application: ApplicationFacts, pod: LivePod): boolean {
  const submission = toRecord(application.object.status).submissionID
  const label = pod.labels[submissionLabel]
  if (typeof submission === 'string' && label !== undefined) return submission === label
  return pod.ownerUids.length === 0 || pod.ownerUids.includes(application.uid)
}
