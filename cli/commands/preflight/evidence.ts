import type { Capabilities } from '../../../core/kubernetes/capabilities.ts'
import type { ApiResponse } from '../../../kubernetes/api.ts'
import type { AccessReviewResult } from '../../cluster/access-rule.ts'
import type { ApiReading } from '../../cluster/reading.ts'
import type { SchemaCheck } from '../../config-checks/schema.ts'
import type { EvidenceItem } from '../../findings/findings.ts'
import type { ApplicationInput, Input } from '../../static-checks/input.ts'
import type { Violation } from '../../static-checks/run.ts'
import type { NodeRoom } from '../../workload/node-room.ts'
import type { Reference } from '../../workload/references.ts'
import type { Workload } from '../../workload/workload.ts'
import type { PreflightCheck } from './catalogue.ts'

/** The input of the rules. */
export interface PreflightSubject {
  readonly input: Input
  /** Null if a size in the configuration is invalid. The findings about the configuration report that. */
  readonly workload: Workload | null
  /** Null if the command runs offline. */
  readonly cluster: ClusterEvidence | null
  /** The SparkApplication, compared with its CRD. Null for a configuration. */
  readonly schema: SchemaCheck | null
}

/** What was read from the cluster. */
export interface ClusterEvidence {
  /** Null if the namespace does not exist. */
  readonly namespace: ApiReading<{ readonly labels: Readonly<Record<string, unknown>> } | null>
  readonly nodes: ApiReading<readonly NodeRoom[]>
  readonly capabilities: Capabilities
  readonly limitRanges: ApiReading<readonly unknown[]>
  readonly quotas: ApiReading<readonly unknown[]>
  readonly access: ApiReading<readonly AccessReviewResult[]>
  readonly references: readonly { readonly reference: Reference; readonly object: ApiReading<unknown> }[]
  readonly dryRuns: DryRuns
  /**
   * Dry runs of the same pods without resources and service account. Admission checks LimitRanges and service accounts
   * before PodSecurity, so their rejection hides a violation of PodSecurity. Null if the pod itself was not rejected.
   */
  readonly bareDryRuns: { readonly driver: ApiResponse | null; readonly executor: ApiResponse | null }
  /** Dry run of the SparkApplication. Null if the input is not a SparkApplication. */
  readonly application: ApiResponse | null
  /** Whether a SparkApplication with the same name exists. */
  readonly existing: ApiReading<boolean>
}

export interface DryRuns {
  readonly driver: ApiResponse
  readonly executor: ApiResponse
}

export type PreflightViolation = Violation<PreflightCheck>
export type PreflightViolations = readonly PreflightViolation[]
export type PreflightRule = (subject: PreflightSubject) => PreflightViolations

/** One line from one source, as evidence. */
export const evidenceFor = (source: string, excerpt: string) => [{ source, line: null, excerpt, count: 1 }] as const

/** As {@link evidenceFor}, with the line of a field of the SparkApplication: its path from `spec`, as text or in parts. */
export function evidenceAt(
  { origin }: ApplicationInput,
  path: string | readonly (string | number)[],
  excerpt: string,
): readonly [EvidenceItem] {
  const parts = typeof path === 'string' ? splitPath(path) : path
  return [{ source: origin.source, line: origin.lineOf(parts), excerpt, count: 1 }]
}

/** `spec.volumes[0].name` in parts. A key of sparkConf contains dots. */
function splitPath(path: string): readonly (string | number)[] {
  const [, map, key] = /^(spec\.sparkConf)\.(.+)$/.exec(path) ?? []
  if (map !== undefined && key !== undefined) return [...map.split('.'), key]
  return path.split(/[.[\]]+/).flatMap((part) => (part === '' ? [] : [/^\d+$/.test(part) ? Number(part) : part]))
}

/** The source of the input, as findings name it. */
export const formatOrigin = (input: Input): string => (input.kind === 'conf' ? input.name : input.origin.source)
