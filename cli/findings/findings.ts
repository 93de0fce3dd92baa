import type { Unknown } from '../evidence/evidence.ts'
import type { Remedy } from './remedies.ts'

export const causes = [
  'memory',
  'config',
  'classpath',
  'image',
  'scheduling',
  'volume',
  'network',
  'permission',
  'quota',
  'application',
  'node',
  'hang',
] as const

export type Cause = (typeof causes)[number]

/** error: it ends the driver or holds it back. warning: it did once, or may. */
export type Severity = 'error' | 'warning'

/** high: no other reading of the evidence is known. medium: likely. low: a guess to start from. */
export type Confidence = 'high' | 'medium' | 'low'

/** Stable: alerts, tickets and pages name it. `SPN-` and words in capitals. */
export type FindingId = `SPN-${string}`

/** One thing that is wrong, and what to do about it. */
export interface Finding {
  readonly id: FindingId
  readonly cause: Cause
  readonly severity: Severity
  readonly confidence: Confidence
  readonly title: string
  readonly explanation: string
  /** Which run of the driver's container it is about. */
  readonly run: 'current' | 'previous'
  /** The finding that explains this one; null: a root cause. */
  readonly symptomOf: FindingId | null
  /** At least one. */
  readonly evidence: readonly EvidenceItem[]
  /** What was found out on the way: `class`, `user`, `quota`, … */
  readonly details: Readonly<Record<string, string>>
  readonly remedies: readonly Remedy[]
  /** Page and anchor in docs/. */
  readonly page: string
}

export interface EvidenceItem {
  /** `driver.log`, `previous.log`, `events`, `pod`, `node`, … */
  readonly source: string
  /** Of a log, from 1. */
  readonly line: number | null
  readonly excerpt: string
  /** How often; 1 when it is not a matter of counting. */
  readonly count: number
}

/** What is known of the driver's fate. */
export type DriverPhase =
  /** There is no such pod, or nothing is known of it. */
  'absent' | 'unknown' | 'pending' | 'running' | 'hung' | 'completed' | 'failed'

/** The findings, the root cause first and its symptoms behind it, and what could not be read. */
export interface Diagnosis {
  readonly state: DriverPhase
  readonly findings: readonly Finding[]
  readonly unknown: readonly Unknown[]
}

export const findingPage = (id: FindingId, cause: Cause): string => `docs/findings/${cause}.md#${id.toLowerCase()}`
