import {
  type Cause,
  type Confidence,
  type EvidenceItem,
  type Finding,
  type FindingId,
  findingPage,
  type Severity,
} from '../findings/findings.ts'
import { planRemedy, type RemedyContext, type RemedySpec } from '../findings/remedies.ts'

/** One row of a catalogue: what can be wrong before a driver runs, and what to do about it. */
export interface StaticRule {
  readonly id: FindingId
  readonly cause: Cause
  readonly severity: Severity
  readonly confidence: Confidence
  readonly title: string
  /** The title once the names are known: `{key}` is one of the breach's details. */
  readonly detail: string
  readonly meaning: string
  readonly remedies: readonly [RemedySpec, ...RemedySpec[]]
}

/** What a check found: the row's id, the names, and where it stands. */
export interface Violation<Id extends string> {
  readonly check: Id
  readonly details: Readonly<Record<string, string>>
  readonly evidence: readonly [EvidenceItem, ...EvidenceItem[]]
  /** Where it is known better than by the row. */
  readonly severity?: Severity
  /** Before those of the row. */
  readonly remedies?: readonly RemedySpec[]
}

/** The finding of a breach, worded with its names. */
export function toFinding(check: StaticRule, breach: Violation<string>, context: RemedyContext): Finding {
  const { id, cause, confidence, meaning } = check
  const remedyContext = { ...context, values: { ...context.values, ...breach.details } }
  const specs = breach.remedies === undefined ? check.remedies : [...breach.remedies, ...check.remedies]
  return {
    id,
    cause,
    severity: breach.severity ?? check.severity,
    confidence,
    title: filled(check.detail, breach.details),
    explanation: filled(meaning, breach.details),
    run: 'current',
    symptomOf: null,
    evidence: breach.evidence,
    details: breach.details,
    remedies: specs.map((spec) => planRemedy(spec, remedyContext)),
    page: findingPage(id, cause),
  }
}

/** Errors first; else in the order in which they were found. */
export function sortFindings(findings: readonly Finding[]): readonly Finding[] {
  return [
    ...findings.filter(({ severity }) => severity === 'error'),
    ...findings.filter(({ severity }) => severity !== 'error'),
  ]
}

const filled = (template: string, details: Readonly<Record<string, string>>) =>
  template.replace(/\{([a-zA-Z]+)\}/g, (whole, name: string) => details[name] ?? whole)
