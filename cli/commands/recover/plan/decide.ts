import { type Evidence, valueIn } from '../../../evidence/evidence.ts'
import type { Diagnosis, Finding } from '../../../findings/findings.ts'
import type { ApplicationFacts, ClusterFacts } from '../facts/cluster-facts.ts'
import { findInterruptedRecovery, findRecentAttempt } from '../plan/recent-recoveries.ts'
import { findAllowedRemedy } from './allow-list.ts'
import { hasCompleted, isKubeflowActive, parseApplicationState, predictReaction } from './operator-reaction.ts'
import type { ApplyPlan, Plan, PlannedCause, RefusedPlan } from './plan.ts'
import { deletionPlan, memoryPlan, rerunPlan } from './plan-builders.ts'
import { toPlannedCause, unknownCause } from './planned-cause.ts'
import { increaseMemory, nextDriver } from './raise-memory.ts'
import { findRefusal, refuse } from './refusal.ts'
import { resubmission } from './resubmission.ts'
import { findNameConflict, isOwnRun, type NameConflict } from './stale-pod.ts'

/** What a caller may say besides. */
export interface RecoveryRequest {
  /** The user has confirmed that the cause is fixed. */
  readonly causeFixed: boolean
  /** For so long no second try for the same cause. */
  readonly windowMs: number
}

/**
 * What is to be done about a driver that crashed, hangs or does not start. Pure. Never less memory than before, never
 * more than fits, never a plan for an application that has completed or a driver that is well.
 */
export function planRecovery(
  evidence: Evidence,
  diagnosis: Diagnosis,
  facts: ClusterFacts,
  wish: RecoveryRequest,
  nowMs: number,
): Plan {
  const { findings, unknown } = diagnosis
  const root = findings.find(({ symptomOf, severity }) => symptomOf === null && severity === 'error')
  const unread = unknown.filter(({ what }) => what === 'pod' || what === 'application')
  if (unread.length > 0) {
    const detail = unread.map(({ what, source, why }) => `${what} (${source}): ${why}`).join('; ')
    return refuse('evidence-incomplete', detail, null)
  }
  const { application } = facts
  if (application === null && evidence.application.kind === 'read') {
    return refuse('evidence-incomplete', 'the SparkApplication changed while it was read; run the command again', null)
  }
  if (application !== null && (valueIn(evidence.pod)?.uid ?? null) !== (facts.pod?.uid ?? null)) {
    return refuse('evidence-incomplete', 'the driver’s pod changed while it was read; run the command again', null)
  }
  if (application === null) return resubmission(evidence, diagnosis, facts, wish.causeFixed)
  const taken = hasCompleted(application) ? undefined : findNameConflict(application, evidence, facts)
  const cause = taken?.cause ?? (root === undefined ? null : toPlannedCause(root))
  if (application.deleting) return refuse('being-deleted', `${application.name} is being deleted`, cause)
  if (hasCompleted(application)) return refuse('completed', `its state is ${parseApplicationState(application)}`, null)
  const ended = diagnosis.state === 'completed'
  if (ended && (taken === undefined || (facts.pod !== null && isOwnRun(application, facts.pod)))) {
    return refuse(
      'completed',
      `its driver ended with exit code 0; the operator says ${parseApplicationState(application)}`,
      null,
    )
  }
  const left = findInterruptedRecovery(application, facts.pod?.uid ?? null, wish.windowMs, nowMs)
  if (left !== undefined) return left
  const bar = findRefusal(application, facts, cause, nowMs)
  if (bar !== undefined) return bar
  return taken === undefined
    ? ofFindings(evidence, diagnosis, root, application, facts, wish, nowMs)
    : tried(application, facts, taken.cause, wish, nowMs, () => ofTakenName(taken, application, nowMs))
}

function ofFindings(
  evidence: Evidence,
  diagnosis: Diagnosis,
  root: Finding | undefined,
  application: ApplicationFacts,
  facts: ClusterFacts,
  wish: RecoveryRequest,
  nowMs: number,
): Plan {
  const { state } = diagnosis
  const cause = root === undefined ? null : toPlannedCause(root)
  if (application.operator === 'kubeflow' && isKubeflowActive.has(parseApplicationState(application))) {
    const told = parseApplicationState(application) ?? 'no state yet'
    return refuse('operator-active', `its state is ${told}; if it does not change, check the operator’s log`, cause)
  }
  // Its pod may be about to restart in place, or to fail: nobody has concluded anything yet.
  if (
    state === 'failed' &&
    valueIn(evidence.pod)?.phase === 'Running' &&
    parseApplicationState(application) === 'RUNNING'
  ) {
    return refuse('operator-active', 'the driver has just ended, but its pod has not; run the command again', cause)
  }
  if (root === undefined || cause === null) return withoutCause(diagnosis, application, facts, wish, nowMs)
  if (state === 'running') return refuse('driver-running', root.title, cause, { evidence, root })
  const allowed = findAllowedRemedy(root, state, valueIn(evidence.pod), wish.causeFixed)
  if (allowed.kind === 'none') return refuse(allowed.reason, allowed.detail, cause, { evidence, root })
  return tried(application, facts, cause, wish, nowMs, () => {
    const reaction = predictReaction(allowed.kind === 'rerun' ? 'rerun' : 'memory', application)
    if (reaction.kind === 'refuse') return refuse(reaction.reason, reaction.detail, cause, { evidence, root })
    if (allowed.kind === 'rerun') return rerunPlan(cause, application, reaction, state, nowMs, { evidence, root })
    const fixed = fixedLimit(application)
    if (fixed !== null) return refuse('memory-limit-fixed', `spec.driver.memoryLimit is ${fixed}`, cause)
    const raise = increaseMemory(allowed.key, nextDriver(application), evidence, facts)
    if (raise.kind === 'unknown') return refuse('evidence-incomplete', raise.detail, cause)
    if (raise.kind === 'no-capacity') return refuse('no-capacity', raise.detail, cause, { evidence, root })
    return memoryPlan(cause, application, reaction, raise.remedy, state)
  })
}

/** Nothing was found that ends the driver. */
function withoutCause(
  { state, unknown }: Diagnosis,
  application: ApplicationFacts,
  facts: ClusterFacts,
  wish: RecoveryRequest,
  nowMs: number,
): Plan {
  if (state === 'running' || state === 'pending') {
    if (unknown.length === 0) return refuse('healthy-driver', `it ${state === 'running' ? 'runs' : 'starts'}`, null)
    const detail = `no problem was found in the evidence that could be read; not read: ${unknown.map(({ what }) => what).join(', ')}`
    return refuse('healthy-driver', detail, null)
  }
  const cause = unknownCause
  if (!wish.causeFixed) {
    const detail = unknown.map(({ what, source, why }) => `${what} (${source}): ${why}`).join('; ')
    return unknown.length > 0
      ? refuse('evidence-incomplete', `no cause was found, and some evidence could not be read: ${detail}`, null)
      : refuse(
          'needs-confirmation',
          'the cause is unknown; after you have found and fixed it, run it again with --cause-fixed',
          cause,
        )
  }
  return tried(application, facts, cause, wish, nowMs, () => {
    const reaction = predictReaction('rerun', application)
    if (reaction.kind === 'refuse') return refuse(reaction.reason, reaction.detail, cause)
    return rerunPlan(cause, application, reaction, state, nowMs)
  })
}

function ofTakenName(taken: NameConflict, application: ApplicationFacts, nowMs: number): ApplyPlan | RefusedPlan {
  const { cause, pod, waited } = taken
  const reaction = predictReaction('rerun', application)
  // An operator that tries again by itself needs only the name.
  if (pod !== null && (waited || reaction.kind === 'refuse')) return deletionPlan(cause, application, pod, null, nowMs)
  if (reaction.kind === 'refuse') return refuse(reaction.reason, reaction.detail, cause)
  return pod === null
    ? rerunPlan(cause, application, reaction, 'absent', nowMs)
    : deletionPlan(cause, application, pod, reaction, nowMs)
}

/** The plan, unless the same was tried lately. */
function tried(
  application: ApplicationFacts,
  facts: ClusterFacts,
  cause: PlannedCause,
  { windowMs }: RecoveryRequest,
  nowMs: number,
  make: () => Plan,
): Plan {
  const before = findRecentAttempt(application, facts.pod?.uid ?? null, cause.id, windowMs, nowMs)
  return before === undefined ? make() : refuse('already-tried', before, cause)
}

/** kubeflow's webhook sets it on the container, whatever Spark reckons. */
function fixedLimit({ operator, object }: ApplicationFacts): string | null {
  const { spec } = object
  const driver = typeof spec === 'object' && spec !== null && 'driver' in spec ? spec.driver : undefined
  const limit =
    typeof driver === 'object' && driver !== null && 'memoryLimit' in driver ? driver.memoryLimit : undefined
  return operator === 'kubeflow' && typeof limit === 'string' ? limit : null
}
