import type { Evidence, Unknown } from '../../../evidence/evidence.ts'
import type { Finding } from '../../../findings/findings.ts'
import { remedyTitle } from '../../../render/text.ts'
import type { PlannedCause, RefusedPlan } from './plan.ts'
import type { RefusalReason } from './refusal-reasons.ts'

/** A reason not to act. Returns undefined if the reason does not apply. */
export type RefusalRule<Case> = (recovery: Case) => RefusedPlan | undefined

/** The refusal of the first rule that applies. */
export function findRefusal<Case>(rules: readonly RefusalRule<Case>[], recovery: Case): RefusedPlan | undefined {
  for (const rule of rules) {
    const refusal = rule(recovery)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

/** `about` is the finding whose remedies are listed as alternatives, after the sentences and commands in `instead`. */
export function refuse(
  reason: RefusalReason,
  detail: string,
  cause: PlannedCause | null,
  about?: { readonly evidence: Evidence; readonly root: Finding },
  instead: readonly string[] = [],
): RefusedPlan {
  const remedies = about?.root.remedies.flatMap((remedy) => [`${remedyTitle(remedy)}.`, ...remedy.commands]) ?? []
  return { kind: 'refuse', reason, detail, cause, instead: [...instead, ...remedies] }
}

/** Lists what could not be read, and why. */
export const formatUnknowns = (unknown: readonly Unknown[]): string =>
  unknown.map(({ what, source, why }) => `${what} (${source}): ${why}`).join('; ')

/** How to rerun a driver whose end no finding explains. */
export const confirmUnknownCause =
  'the cause is unknown; after you have found and fixed it, run the command again with --cause-fixed'
