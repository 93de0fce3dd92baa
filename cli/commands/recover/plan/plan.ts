import type { ShellCommand } from '../../../../core/shell-command.ts'
import type { Confidence } from '../../../findings/findings.ts'
import type { Step } from '../facts/recoveries.ts'
import type { RefusalReason } from './refusal-reasons.ts'

/** What to do about a driver. Only an `apply` plan changes the cluster, and only with --apply. */
export type Plan = ApplyPlan | ResumePlan | PrintOnlyPlan | RefusedPlan

/** A remedy of the allow-list, as a sequence of steps. */
export interface ApplyPlan {
  readonly kind: 'apply'
  readonly cause: PlannedCause
  readonly remedy: PlannedRemedy
  readonly steps: readonly [Step, ...Step[]]
  readonly risk: string
  /** What is rerun, and by whom. */
  readonly reruns: string
  readonly undo: string
  /** Further information. */
  readonly notes: readonly string[]
  /** Commands that are printed for the user and never run. */
  readonly byHand: readonly ShellCommand[]
}

/** A recovery was interrupted after it had changed the cluster. Only watching the driver is left. */
export interface ResumePlan {
  readonly kind: 'resume'
  readonly cause: PlannedCause
  /** Id of the record of the interrupted recovery. */
  readonly recovery: string
  readonly by: string
  readonly startedMs: number
  readonly remedy: string
  /** Uid of the driver pod before the recovery changed the cluster. */
  readonly podBefore: string | null
}

/** No object can be patched. The user has to run commands. */
export interface PrintOnlyPlan {
  readonly kind: 'print-only'
  readonly cause: PlannedCause
  readonly why: string
  readonly remedy: PlannedRemedy
  readonly commands: readonly ShellCommand[]
  readonly risk: string
  readonly notes: readonly string[]
  readonly byHand: readonly ShellCommand[]
}

export interface RefusedPlan {
  readonly kind: 'refuse'
  readonly reason: RefusalReason
  /** The facts of this case, as a sentence. */
  readonly detail: string
  /** Null if no cause is known. */
  readonly cause: PlannedCause | null
  /** Alternatives, as sentences and commands. */
  readonly instead: readonly string[]
}

export interface PlannedCause {
  /** Id of the finding. */
  readonly id: string
  readonly title: string
  readonly confidence: Confidence
  readonly evidence: { readonly source: string; readonly excerpt: string } | null
}

export type PlannedRemedy =
  | {
      readonly kind: 'raise-memory'
      readonly key: 'spark.driver.memory' | 'spark.driver.memoryOverhead'
      readonly fromMiB: number
      readonly toMiB: number
      /** Request of the driver's container, which is also its limit. */
      readonly containerFromMiB: number
      readonly containerToMiB: number
      /** The factor without any cap. */
      readonly factor: number
      /** What limits the increase. Null if nothing does. */
      readonly cappedBy: string | null
    }
  | { readonly kind: 'rerun' }
  | { readonly kind: 'delete-stale-pod'; readonly pod: string }
