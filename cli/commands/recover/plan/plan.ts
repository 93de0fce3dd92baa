import type { Confidence } from '../../../findings/findings.ts'
import type { Step } from '../facts/recoveries.ts'
import type { RefusalReason } from './refusal-reasons.ts'

/** What is to be done about a driver. Nothing of it is done before --apply, and only `apply` ever is. */
export type Plan = ApplyPlan | ResumePlan | PrintOnlyPlan | RefusedPlan

/** A remedy of the allow-list, step by step. */
export interface ApplyPlan {
  readonly kind: 'apply'
  readonly cause: PlannedCause
  readonly remedy: PlannedRemedy
  readonly steps: readonly [Step, ...Step[]]
  readonly risk: string
  /** What will run again, and who sees to it. */
  readonly reruns: string
  readonly undo: string
  /** What else is worth knowing. */
  readonly notes: readonly string[]
  /** Left to people: printed, never done. */
  readonly byHand: readonly string[]
}

/** A run was cut off after it had acted: what is left is to watch. */
export interface ResumePlan {
  readonly kind: 'resume'
  readonly cause: PlannedCause
  /** Id of the record that the run left. */
  readonly recovery: string
  readonly by: string
  readonly startedMs: number
  readonly remedy: string
  /** The driver's pod before it acted. */
  readonly podBefore: string | null
}

/** Nothing here can be patched: what a person has to enter. */
export interface PrintOnlyPlan {
  readonly kind: 'print-only'
  readonly cause: PlannedCause
  readonly why: string
  readonly remedy: PlannedRemedy
  readonly commands: readonly string[]
  readonly risk: string
  readonly notes: readonly string[]
  readonly byHand: readonly string[]
}

export interface RefusedPlan {
  readonly kind: 'refuse'
  readonly reason: RefusalReason
  /** This case of the reason, in a sentence. */
  readonly detail: string
  /** Null: none is known. */
  readonly cause: PlannedCause | null
  /** What to do instead: sentences and commands. */
  readonly instead: readonly string[]
}

export interface PlannedCause {
  /** Of a finding. */
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
      /** Request and limit of the driver's container. */
      readonly containerFromMiB: number
      readonly containerToMiB: number
      /** What it would be raised by if there were no cap. */
      readonly factor: number
      /** Null: nothing held the step back. */
      readonly cappedBy: string | null
    }
  | { readonly kind: 'rerun' }
  | { readonly kind: 'delete-stale-pod'; readonly pod: string }
