import type { DriverSubject } from '../../../evidence/evidence.ts'
import type { DriverPhase } from '../../../findings/findings.ts'
import { type ExitCode, exitCodes } from '../../../io/exit-codes.ts'
import type { DriverProgress } from '../apply/driver-progress.ts'
import type { Plan } from '../plan/plan.ts'

/** What a call of `recover` comes to. */
export interface RecoverReport {
  readonly subject: DriverSubject
  readonly version: string
  readonly state: DriverPhase
  readonly plan: Plan
  /** Null: nothing was to be done. */
  readonly result: RecoverResult | null
}

export type RecoverResult =
  /** The plan was done, and its driver watched. */
  | {
      readonly kind: 'watched'
      readonly recovery: string
      readonly stage: DriverProgress
      readonly pod: string | null
      readonly next: readonly string[]
      readonly escalation: readonly string[]
    }
  /** Something had changed since the plan was made, and was left alone. */
  | { readonly kind: 'changed'; readonly detail: string }
  | { readonly kind: 'failed'; readonly detail: string; readonly escalation: readonly string[] }
  /** --apply was given, and there is nothing that may be done. */
  | { readonly kind: 'not-applicable' }

export function recoverExitCode({ plan, result }: Pick<RecoverReport, 'plan' | 'result'>): ExitCode {
  if (plan.kind === 'refuse') return exitCodes.remedyFailed
  if (result === null) return exitCodes.ok
  if (result.kind !== 'watched') return exitCodes.remedyFailed
  if (result.stage.kind === 'answers' || result.stage.kind === 'completed') return exitCodes.ok
  return result.stage.kind === 'unasked' ? exitCodes.incomplete : exitCodes.remedyFailed
}
