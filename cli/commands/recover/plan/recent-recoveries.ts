import { recoveriesAnnotation } from '../../../../core/contract/pod-contract.ts'
import type { ApplicationFacts } from '../facts/cluster-facts.ts'
import { hasActed, parseRecoveries, type Recovery } from '../facts/recoveries.ts'
import type { ResumePlan } from './plan.ts'

const recent = (application: ApplicationFacts, windowMs: number, nowMs: number): readonly Recovery[] =>
  parseRecoveries(application.annotations[recoveriesAnnotation]).filter(({ atMs }) => nowMs - atMs < windowMs)

/** Finds a recovery that was interrupted after it had changed the cluster. Its steps must not be repeated. */
export function findInterruptedRecovery(
  application: ApplicationFacts,
  podUid: string | null,
  windowMs: number,
  nowMs: number,
): ResumePlan | undefined {
  const last = recent(application, windowMs, nowMs).at(-1)
  if (last?.outcome !== 'started' || !hasActed(last, application.generation, podUid)) return undefined
  return {
    kind: 'resume',
    cause: { id: last.cause, title: last.cause, confidence: 'high', evidence: null },
    recovery: last.id,
    by: last.by,
    startedMs: last.atMs,
    remedy: last.remedy,
    podBefore: last.pod,
  }
}

/** When and by whom the same cause was treated within the window. Undefined if it was not. */
export function findRecentAttempt(
  application: ApplicationFacts,
  podUid: string | null,
  cause: string,
  windowMs: number,
  nowMs: number,
): string | undefined {
  const before = recent(application, windowMs, nowMs).findLast(
    (recovery) =>
      recovery.cause === cause &&
      // A recovery that was interrupted before it changed the cluster does not count.
      (recovery.outcome === 'started' || recovery.outcome === 'failed'
        ? hasActed(recovery, application.generation, podUid)
        : true),
  )
  if (before === undefined) return undefined
  const end = before.outcome === 'started' ? 'its outcome is unknown' : `its outcome is ${before.outcome}`
  return `${before.by} treated it at ${new Date(before.atMs).toISOString()} (${before.remedy}); ${end}`
}
