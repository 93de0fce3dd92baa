import type { DriverSubject } from '../../../evidence/evidence.ts'
import type { DriverPhase } from '../../../findings/findings.ts'
import { type ExitCode, exitCodes } from '../../../io/exit-codes.ts'
import { type DriverProgress, hasRecovered } from '../apply/driver-progress.ts'
import type { Plan } from '../plan/plan.ts'

/** The outcome of a call of `recover`. */
export interface RecoverReport {
  readonly subject: DriverSubject
  readonly version: string
  readonly state: DriverPhase
  readonly plan: Plan
  /** Null if nothing was to be applied. */
  readonly result: RecoverResult | null
}

export type RecoverResult =
  /** The plan was applied and the next driver was watched. */
  | {
      readonly kind: 'watched'
      readonly recovery: string
      readonly progress: DriverProgress
      readonly pod: string | null
      readonly next: readonly string[]
      readonly escalation: readonly string[]
    }
  /** The cluster had changed since the plan was made, so nothing else was done. */
  | { readonly kind: 'changed'; readonly detail: string }
  | { readonly kind: 'failed'; readonly detail: string; readonly escalation: readonly string[] }
  /** --apply was set, but the plan contains no step that may be applied. */
  | { readonly kind: 'not-applicable' }

export function recoverExitCode({ plan, result }: Pick<RecoverReport, 'plan' | 'result'>): ExitCode {
  if (plan.kind === 'refuse') return exitCodes.remedyFailed
  if (result === null) return exitCodes.ok
  if (result.kind !== 'watched') return exitCodes.remedyFailed
  if (hasRecovered(result.progress.kind)) return exitCodes.ok
  return result.progress.kind === 'response-unknown' ? exitCodes.incomplete : exitCodes.remedyFailed
}
