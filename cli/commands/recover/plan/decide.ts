import { toRecord } from '../../../../core/json.ts'
import { type Evidence, valueIn } from '../../../evidence/evidence.ts'
import type { Diagnosis, Finding } from '../../../findings/findings.ts'
import type { MemoryKey } from '../../../spark-conf/memory-size.ts'
import type { ApplicationFacts, ClusterFacts } from '../facts/cluster-facts.ts'
import { findAllowedRemedy } from './allow-list.ts'
import { predictReaction } from './operator-reaction.ts'
import type { Plan, PlannedCause, RefusedPlan } from './plan.ts'
import { deletionPlan, memoryPlan, rerunPlan } from './plan-builders.ts'
import { toPlannedCause, unknownCause } from './planned-cause.ts'
import { increaseMemory, nextDriver } from './raise-memory.ts'
import { findInterruptedRecovery, findRecentAttempt } from './recent-recoveries.ts'
import { type ApplicationCase, type RecoveryCase, type RecoveryRequest, toApplicationCase } from './recovery-case.ts'
import { confirmUnknownCause, findRefusal, formatUnknowns, refuse } from './refusal.ts'
import { completionRules, evidenceRules, operatorRules, protectionRules } from './refusal-rules.ts'
import { planResubmission } from './resubmission.ts'
import type { NameConflict } from './stale-pod.ts'

/**
 * Plans the recovery of a driver that crashed, hangs or does not start. Pure. A plan never lowers memory, never exceeds
 * what nodes and quotas allow, and never touches a completed application or a healthy driver.
 */
export function planRecovery(
  evidence: Evidence,
  diagnosis: Diagnosis,
  facts: ClusterFacts,
  request: RecoveryRequest,
  nowMs: number,
): Plan {
  const root = diagnosis.findings.find(({ symptomOf, severity }) => symptomOf === null && severity === 'error')
  const recovery: RecoveryCase = { evidence, diagnosis, facts, request, nowMs, root }
  const refusal = findRefusal(evidenceRules, recovery)
  if (refusal !== undefined) return refusal
  if (facts.application === null) return planResubmission(recovery)
  return planForApplication(toApplicationCase(recovery, facts.application))
}

function planForApplication(recovery: ApplicationCase): Plan {
  const { application, facts, request, nameConflict, nowMs } = recovery
  return (
    findRefusal(completionRules, recovery) ??
    findInterruptedRecovery(application, facts.pod?.uid ?? null, request.windowMs, nowMs) ??
    findRefusal(protectionRules, recovery) ??
    (nameConflict === undefined ? planForFindings(recovery) : planForNameConflict(recovery, nameConflict))
  )
}

function planForNameConflict(recovery: ApplicationCase, { cause, pod, waited }: NameConflict): Plan {
  const { application, nowMs } = recovery
  const repeated = refuseRepetition(recovery, cause)
  if (repeated !== undefined) return repeated
  const reaction = predictReaction('rerun', application)
  // An operator that retries by itself only needs the name.
  if (pod !== null && (waited || reaction.kind === 'refuse')) return deletionPlan(cause, application, pod, null, nowMs)
  if (reaction.kind === 'refuse') return refuse(reaction.reason, reaction.detail, cause)
  return pod === null
    ? rerunPlan(cause, application, reaction, 'absent', nowMs)
    : deletionPlan(cause, application, pod, reaction, nowMs)
}

function planForFindings(recovery: ApplicationCase): Plan {
  const refusal = findRefusal(operatorRules, recovery)
  if (refusal !== undefined) return refusal
  return recovery.root === undefined ? planWithoutCause(recovery) : planForCause(recovery, recovery.root)
}

function planForCause(recovery: ApplicationCase, root: Finding): Plan {
  const { evidence, diagnosis, request } = recovery
  const cause = toPlannedCause(root)
  if (diagnosis.state === 'running') return refuse('driver-running', root.title, cause, { evidence, root })
  const allowed = findAllowedRemedy(root, diagnosis.state, valueIn(evidence.pod), request.causeFixed)
  if (allowed.kind === 'none') return refuse(allowed.reason, allowed.detail, cause, { evidence, root })
  return (
    refuseRepetition(recovery, cause) ??
    (allowed.kind === 'rerun' ? planRerun(recovery, cause, root) : planMemory(recovery, cause, root, allowed.key))
  )
}

/** No finding explains the driver's end. */
function planWithoutCause(recovery: ApplicationCase): Plan {
  const { state, unknown } = recovery.diagnosis
  if (state === 'running' || state === 'pending') {
    const unread = unknown.map(({ what }) => what).join(', ')
    const detail = `no problem was found in the evidence that could be read; not read: ${unread}`
    return refuse('healthy-driver', unread === '' ? `it is ${state}` : detail, null)
  }
  if (recovery.request.causeFixed) {
    return refuseRepetition(recovery, unknownCause) ?? planRerun(recovery, unknownCause, undefined)
  }
  return unknown.length > 0
    ? refuse(
        'evidence-incomplete',
        `no cause was found, and some evidence could not be read: ${formatUnknowns(unknown)}`,
        null,
      )
    : refuse('needs-confirmation', confirmUnknownCause, unknownCause)
}

/** `root` is undefined if the cause is unknown. */
function planRerun(recovery: ApplicationCase, cause: PlannedCause, root: Finding | undefined): Plan {
  const { application, diagnosis, evidence, nowMs } = recovery
  const about = root && { evidence, root }
  const reaction = predictReaction('rerun', application)
  if (reaction.kind === 'refuse') return refuse(reaction.reason, reaction.detail, cause, about)
  return rerunPlan(cause, application, reaction, diagnosis.state, nowMs, about)
}

function planMemory(recovery: ApplicationCase, cause: PlannedCause, root: Finding, key: MemoryKey): Plan {
  const { application, diagnosis, evidence, facts } = recovery
  const reaction = predictReaction('memory', application)
  if (reaction.kind === 'refuse') return refuse(reaction.reason, reaction.detail, cause, { evidence, root })
  const limit = readMemoryLimit(application)
  if (limit !== null) return refuse('memory-limit-fixed', `spec.driver.memoryLimit is ${limit}`, cause)
  const increase = increaseMemory(key, nextDriver(application), evidence, facts)
  if (increase.kind === 'unknown') return refuse('evidence-incomplete', increase.detail, cause)
  if (increase.kind === 'no-capacity') return refuse('no-capacity', increase.detail, cause, { evidence, root })
  return memoryPlan(cause, application, reaction, increase.remedy, diagnosis.state)
}

/** Refuses to treat the same cause twice within the window. */
function refuseRepetition(
  { application, facts, request, nowMs }: ApplicationCase,
  cause: PlannedCause,
): RefusedPlan | undefined {
  const attempt = findRecentAttempt(application, facts.pod?.uid ?? null, cause.id, request.windowMs, nowMs)
  return attempt === undefined ? undefined : refuse('already-tried', attempt, cause)
}

/** A limit that kubeflow's webhook sets on the container, regardless of the memory that Spark computes. Null if none is set. */
function readMemoryLimit({ operator, object }: ApplicationFacts): string | null {
  const { memoryLimit } = toRecord(toRecord(object.spec).driver)
  return operator === 'kubeflow' && typeof memoryLimit === 'string' ? memoryLimit : null
}
