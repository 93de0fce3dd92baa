import { cutText } from '../../core/json.ts'
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

/** A problem that can be found before a driver runs, and how to fix it. */
export interface StaticRule {
  readonly id: FindingId
  readonly cause: Cause
  readonly severity: Severity
  readonly confidence: Confidence
  readonly title: string
  /** The title of a finding. `{key}` is replaced by the detail of that name. */
  readonly detail: string
  readonly meaning: string
  readonly remedies: readonly [RemedySpec, ...RemedySpec[]]
}

/** A violation of a rule: its id, the details of the finding, and the evidence. */
export interface Violation<Id extends string> {
  readonly check: Id
  readonly details: Readonly<Record<string, string>>
  readonly evidence: readonly [EvidenceItem, ...EvidenceItem[]]
  /** Overrides the severity of the rule. */
  readonly severity?: Severity
  /** Listed before the remedies of the rule. */
  readonly remedies?: readonly RemedySpec[]
}

/** The finding about a violation, with its details filled in. */
export function toFinding(check: StaticRule, violation: Violation<string>, context: RemedyContext): Finding {
  const { id, cause, confidence, meaning } = check
  const [first, ...rest] = violation.evidence
  const remedyContext = { ...context, values: { ...context.values, ...violation.details } }
  const specs = violation.remedies === undefined ? check.remedies : [...violation.remedies, ...check.remedies]
  return {
    id,
    cause,
    severity: violation.severity ?? check.severity,
    confidence,
    title: filled(check.detail, violation.details),
    explanation: filled(meaning, violation.details),
    run: 'current',
    symptomOf: null,
    evidence: [boundExcerpt(first), ...rest.map(boundExcerpt)],
    details: violation.details,
    remedies: specs.map((spec) => planRemedy(spec, remedyContext)),
    page: findingPage(id, cause),
  }
}

/** Puts errors first and notes last. Otherwise keeps the order. */
export function sortFindings(findings: readonly Finding[]): readonly Finding[] {
  return (['error', 'warning', 'note'] as const).flatMap((severity) =>
    findings.filter((one) => one.severity === severity),
  )
}

/** Maximum number of characters of one value in a headline, and of one line of evidence. A file may contain values of any length. */
const maxDetailLength = 256
const maxExcerptLength = 400

const filled = (template: string, details: Readonly<Record<string, string>>) =>
  template.replace(/\{([a-zA-Z]+)\}/g, (whole, name: string) => cutText(details[name] ?? whole, maxDetailLength))

const boundExcerpt = (item: EvidenceItem): EvidenceItem => ({
  ...item,
  excerpt: cutText(item.excerpt, maxExcerptLength),
})
