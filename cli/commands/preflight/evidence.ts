import type { Capabilities } from '../../../core/kubernetes/capabilities.ts'
import type { ApiResponse } from '../../../kubernetes/api.ts'
import type { AccessReviewResult } from '../../cluster/access-rule.ts'
import type { ReadResult } from '../../cluster/reading.ts'
import type { Input } from '../../static-checks/input.ts'
import type { Violation } from '../../static-checks/run.ts'
import type { NodeRoom } from '../../workload/node-room.ts'
import type { Reference } from '../../workload/references.ts'
import type { Workload } from '../../workload/workload.ts'
import type { PreflightCheck } from './catalogue.ts'

/** All that the rules look at. */
export interface PreflightSubject {
  readonly input: Input
  /** Null: a size in the configuration cannot be read; the configuration's own findings say so. */
  readonly workload: Workload | null
  /** Null: no cluster was asked. */
  readonly cluster: ClusterEvidence | null
}

/** What the cluster said. */
export interface ClusterEvidence {
  /** Null: it does not exist. */
  readonly namespace: ReadResult<{ readonly labels: Readonly<Record<string, unknown>> } | null>
  readonly nodes: ReadResult<readonly NodeRoom[]>
  readonly capabilities: Capabilities
  readonly limitRanges: ReadResult<readonly unknown[]>
  readonly quotas: ReadResult<readonly unknown[]>
  readonly access: ReadResult<readonly AccessReviewResult[]>
  readonly references: readonly { readonly reference: Reference; readonly object: ReadResult<unknown> }[]
  readonly dryRuns: DryRuns
  /**
   * Of the same pods without resources and account, where the whole ones were refused: LimitRanges and accounts are
   * looked at first, and the first refusal hides what PodSecurity has to say. Null: there was no need.
   */
  readonly bareDryRuns: { readonly driver: ApiResponse | null; readonly executor: ApiResponse | null }
  /** Null: it is no SparkApplication. */
  readonly application: ApiResponse | null
  /** Whether a SparkApplication of that name is there. */
  readonly existing: ReadResult<boolean>
}

export interface DryRuns {
  readonly driver: ApiResponse
  readonly executor: ApiResponse
}

export type PreflightViolations = readonly Violation<PreflightCheck>[]
export type PreflightRule = (subject: PreflightSubject) => PreflightViolations

/** Evidence that is one line of one place. */
export const evidenceFor = (source: string, excerpt: string) => [{ source, line: null, excerpt, count: 1 }] as const

/** Where the input comes from. */
export const formatOrigin = (input: Input): string => (input.kind === 'conf' ? input.name : input.origin.source)
