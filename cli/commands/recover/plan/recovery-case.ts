import type { Evidence } from '../../../evidence/evidence.ts'
import type { Diagnosis, Finding } from '../../../findings/findings.ts'
import type { ApplicationFacts, ClusterFacts } from '../facts/cluster-facts.ts'
import { hasCompleted } from './operator-reaction.ts'
import type { PlannedCause } from './plan.ts'
import { toPlannedCause } from './planned-cause.ts'
import { findNameConflict, type NameConflict } from './stale-pod.ts'

/** What the caller asks for. */
export interface RecoveryRequest {
  /** Whether the user has confirmed that the cause is fixed. */
  readonly causeFixed: boolean
  /** How long a cause that was treated is not treated again. */
  readonly windowMs: number
}

/** Everything that a plan depends on. */
export interface RecoveryCase {
  readonly evidence: Evidence
  readonly diagnosis: Diagnosis
  readonly facts: ClusterFacts
  readonly request: RecoveryRequest
  readonly nowMs: number
  /** The finding that ended the driver. Undefined if no rule explains it. */
  readonly root: Finding | undefined
}

/** A driver that belongs to a SparkApplication. */
export interface ApplicationCase extends RecoveryCase {
  readonly application: ApplicationFacts
  /** Set if the next driver cannot be created because a pod has its name. */
  readonly nameConflict: NameConflict | undefined
  /** The name conflict, or else the root finding. Null if neither is known. */
  readonly cause: PlannedCause | null
}

export function toApplicationCase(recovery: RecoveryCase, application: ApplicationFacts): ApplicationCase {
  const { evidence, facts, root } = recovery
  const nameConflict = hasCompleted(application) ? undefined : findNameConflict(application, evidence, facts)
  const cause = nameConflict?.cause ?? (root === undefined ? null : toPlannedCause(root))
  return { ...recovery, application, nameConflict, cause }
}
