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

/**
 * error: the problem ended the driver or blocks it. warning: it did so earlier, or may do so. note: it is a choice, of which the
 * reader should know the result; only the checks before a run have notes.
 */
export type Severity = 'error' | 'warning' | 'note'

/** high: no other explanation of the evidence is known. medium: likely. low: a starting point. */
export type Confidence = 'high' | 'medium' | 'low'

/** Stable identifier that alerts, tickets and pages refer to: `SPN-` and words in capital letters. */
export type FindingId = `SPN-${string}`

/** One problem and how to fix it. */
export interface Finding {
  readonly id: FindingId
  readonly cause: Cause
  readonly severity: Severity
  readonly confidence: Confidence
  readonly title: string
  readonly explanation: string
  /** The run of the driver's container that the finding is about. */
  readonly run: 'current' | 'previous'
  /** The finding that explains this one, or null for a root cause. */
  readonly symptomOf: FindingId | null
  /** At least one. */
  readonly evidence: readonly EvidenceItem[]
  /** Values captured from the evidence: `class`, `user`, `quota`, … */
  readonly details: Readonly<Record<string, string>>
  readonly remedies: readonly Remedy[]
  /** Page and anchor in docs/. */
  readonly page: string
}

export interface EvidenceItem {
  /** `driver.log`, `previous.log`, `events`, `pod`, `node`, … */
  readonly source: string
  /** Line number in a log, starting at 1. */
  readonly line: number | null
  readonly excerpt: string
  /** Number of occurrences. 1 if not counted. */
  readonly count: number
}

/** The state of the driver. */
export type DriverPhase =
  /** absent: the pod does not exist. unknown: the pod could not be read. */
  'absent' | 'unknown' | 'pending' | 'running' | 'hung' | 'completed' | 'failed'

/** The findings, each root cause before its symptoms, and what could not be read. */
export interface Diagnosis {
  readonly state: DriverPhase
  readonly findings: readonly Finding[]
  readonly unknown: readonly Unknown[]
  /** Whether the evidence shows that the driver is well, as opposed to showing no problem. Undefined for a check before a run. */
  readonly isProven?: boolean
}

export const findingPage = (id: FindingId, cause: Cause): string => `docs/findings/${cause}.md#${id.toLowerCase()}`
