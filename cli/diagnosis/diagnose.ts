import { readEffectiveConf } from '../evidence/effective-conf.ts'
import { type Evidence, listUnknowns, valueIn } from '../evidence/evidence.ts'
import {
  type Confidence,
  type Diagnosis,
  type EvidenceItem,
  type Finding,
  type FindingId,
  findingPage,
} from '../findings/findings.ts'
import { planRemedy, type RemedySpec } from '../findings/remedies.ts'
import { fillTemplate } from '../log/phrase.ts'
import { catalogue } from '../rules/catalogue.ts'
import { collectFacts, type Facts } from '../rules/facts.ts'
import { isProvenHealthy } from '../rules/health.ts'
import { findMatch, type Match } from '../rules/match.ts'
import type { Rule } from '../rules/rule.ts'
import { logFiles } from './documents.ts'
import { buildExplanationGraph, findRoot, orderRoots } from './explanation-graph.ts'
import { diagnosisRemedyContext } from './remedy-context.ts'
import { scanSubmission } from './submission-log.ts'

/**
 * Finds the problems of a driver: the root cause first, then the findings that it explains, and what could not be read.
 * Pure. A healthy or completed driver has no findings.
 */
export function diagnose(evidence: Evidence): Diagnosis {
  const { current, previous } = collectFacts(evidence, scanSubmission(evidence))
  const now = applyRules(current)
  // Findings of the previous run count as warnings while the current run is alive.
  const before = previous === undefined || current.state === 'completed' ? [] : applyRules(previous)
  const alive = current.state === 'running' || current.state === 'pending'
  const earlier = before
    .filter(({ rule }) => !now.some((found) => found.rule.id === rule.id))
    .map((found): Found => (alive ? { ...found, severity: 'warning' } : found))
  return {
    state: current.state,
    findings: orderFindings([...now, ...earlier], evidence),
    unknown: listUnknowns(evidence),
    isProven: isProvenHealthy(current),
  }
}

interface Found {
  readonly rule: Rule
  readonly facts: Facts
  readonly severity: Rule['severity']
  readonly confidence: Confidence
  readonly evidence: readonly [EvidenceItem, ...EvidenceItem[]]
  readonly details: Readonly<Record<string, string>>
  readonly weight: Match['weight']
  readonly byExecutor: boolean
  /** Whether the driver logged the problem and then ended with an exception that says less. */
  readonly ledToEnd: boolean
}

function applyRules(facts: Facts): readonly Found[] {
  if (facts.state === 'completed') return []
  return catalogue.flatMap((rule) => applyRule(rule, facts) ?? [])
}

function applyRule(rule: Rule, facts: Facts): Found | undefined {
  const matches = rule.matchers.flatMap((matcher) => findMatch(matcher, rule, facts) ?? [])
  const [first, ...rest] = matches.flatMap(({ evidence }) => evidence)
  if (first === undefined) return undefined
  const details = withSettingName(Object.assign({}, ...matches.toReversed().map((match) => match.details)), facts)
  const weight = weights.find((one) => matches.some((match) => match.weight === one)) ?? 'sure'
  return {
    rule,
    facts,
    severity: weight === 'incidental' ? 'warning' : rule.severity,
    // The driver may have recovered from an error that was only logged.
    confidence:
      (weight === 'logged' || weight === 'incidental') && rule.confidence === 'high' ? 'medium' : rule.confidence,
    evidence: [
      first,
      ...rest.filter(({ excerpt, line }) => excerpt !== first.excerpt || line !== first.line).slice(0, 4),
    ],
    details,
    weight,
    byExecutor: matches.every((match) => match.byExecutor),
    ledToEnd: weight === 'logged' && matches.some((match) => match.ledToEnd),
  }
}

/** Adds the name of the setting if Spark reported only its invalid value. */
function withSettingName(
  details: Readonly<Record<string, string>>,
  { evidence }: Facts,
): Readonly<Record<string, string>> {
  const { key, value } = details
  if (key !== undefined || value === undefined) return details
  const [found] = [...readEffectiveConf(evidence)].filter(([, given]) => given === value)
  return found === undefined ? details : { ...details, key: found[0] }
}

const weights = ['sure', 'reported', 'logged', 'incidental'] as const

/** Orders the findings: root causes by rank, each followed by its symptoms. */
function orderFindings(found: readonly Found[], evidence: Evidence): readonly Finding[] {
  const ranked = found.toSorted((a, b) => rank(a) - rank(b))
  const graph = buildExplanationGraph(ranked, explainsFinding)
  const ends = ranked.filter((one) => isConclusive(one) && one.facts.run === 'current')
  const explainsEnd = new Set(ends.map((one) => findRoot(graph, one)))
  return orderRoots(ranked, graph, explainsEnd).flatMap((root) => {
    const symptoms = ranked.filter((one) => one !== root && findRoot(graph, one) === root && !repeats(one, root))
    return [
      toFinding(lowerSeverity(root, explainsEnd), null, evidence),
      ...symptoms.map((symptom) => toFinding(symptom, root.rule.id, evidence)),
    ]
  })
}

/** Whether a fallback reports the same line of the log as the finding that explains it. */
const repeats = (symptom: Found, root: Found): boolean =>
  symptom.rule.fallback === true &&
  symptom.evidence.some(
    ({ source, line }) =>
      line !== null && root.evidence.some((entry) => entry.source === source && entry.line === line),
  )

/** If the end of the driver is explained with certainty, other root causes that were only logged become warnings. */
function lowerSeverity(root: Found, explainsEnd: ReadonlySet<Found>): Found {
  const isUnrelated = explainsEnd.size > 0 && !explainsEnd.has(root)
  return isUnrelated && root.weight !== 'sure' ? { ...root, severity: 'warning' } : root
}

/** Whether one finding explains another. Only within the same run of the container. */
function explainsFinding(one: Found, other: Found): boolean {
  if (one.facts.run !== other.facts.run) return false
  if (one.weight === 'incidental' && other.severity === 'error') return false
  // An error that was only logged does not explain the exception that ended the driver, unless that says less.
  const isBound =
    one.weight === 'logged' && other.weight === 'sure' && !isExitCode(other) && other.rule.symptom !== true
  if (explains(one.rule, other.rule)) return !isBound || (one.ledToEnd && other.rule.fallback === true)
  const isKnown = isConclusive(one) || one.ledToEnd || (one.weight === 'logged' && other.weight === 'logged')
  return isFallbackFor(other.rule, one.rule) && isKnown
}

/** Whether the rule lists the other rule among those that it explains. */
export function explains({ explains: named = [] }: Rule, { id }: Rule): boolean {
  return named.some((one) => (one.endsWith('*') ? id.startsWith(one.slice(0, -1)) : id === one))
}

/** Whether `rule` is a fallback that the other rule replaces. */
export function isFallbackFor(rule: Rule, other: Rule): boolean {
  return rule.fallback === true && other.fallback !== true && !explains(rule, other)
}

/** Whether the finding is certain, and names more than the exit code of the driver. */
const isConclusive = (one: Found) => one.weight === 'sure' && one.severity === 'error' && !isExitCode(one)

const isExitCode = ({ rule }: Found) => rule.id.startsWith('SPN-EXIT-')

const confidences: readonly Confidence[] = ['high', 'medium', 'low']

function rank(found: Found): number {
  const { rule, severity, confidence, weight, facts } = found
  return (
    (severity === 'error' ? 0 : 100_000) +
    (facts.run === 'current' ? 0 : 50_000) +
    (isExitCode(found) ? 20_000 : 0) +
    (weight === 'sure' ? 0 : 10_000) +
    confidences.indexOf(confidence) * 1_000 +
    catalogue.indexOf(rule)
  )
}

function toFinding(found: Found, symptomOf: FindingId | null, evidence: Evidence): Finding {
  const { rule, facts, details } = found
  const context = diagnosisRemedyContext(evidence, details, facts.run)
  return {
    id: rule.id,
    cause: rule.cause,
    severity: found.severity,
    confidence: found.confidence,
    // What explains an exit code shows the end of the log itself.
    title: symptomOf !== null && isExitCode(found) ? rule.title : formatTitle(found),
    explanation: rule.meaning,
    run: facts.run,
    symptomOf,
    evidence: found.evidence,
    details,
    remedies: chooseRemedies(found).map((spec) => planRemedy(spec, context)),
    page: findingPage(rule.id, rule.cause),
  }
}

function chooseRemedies({ rule, byExecutor, evidence }: Found): readonly RemedySpec[] {
  const { onExecutors } = rule
  if (onExecutors === undefined) return rule.remedies
  const isLogged = evidence.every(({ source }) => source === logFiles.log || source === logFiles.previousLog)
  return byExecutor || (onExecutors.when === 'logged' && isLogged) ? onExecutors.remedies : rule.remedies
}

const maxTitleLength = 120

/** The headline: one line that names the reason, and says if executors reported it. */
function formatTitle({ rule, details, byExecutor }: Found): string {
  const known = [rule.detail ?? []].flat().map((detail) => fillTemplate(detail, details))
  const text = known.find((detail) => detail !== undefined) ?? rule.title
  const line = `${byExecutor ? 'On the executors: ' : ''}${text}`.replace(/\s+/g, ' ').trim()
  if (line.length <= maxTitleLength) return line
  const cut = line.slice(0, maxTitleLength - 1)
  const lastSpace = cut.lastIndexOf(' ')
  return `${(lastSpace > maxTitleLength - 25 ? cut.slice(0, lastSpace) : cut).replace(/[\s,;:(]+$/, '')}…`
}

/** Whether none of the pod, its log and its SparkApplication could be read. */
export function hasNoEvidence(evidence: Evidence): boolean {
  return (
    valueIn(evidence.pod) === undefined &&
    valueIn(evidence.log) === undefined &&
    valueIn(evidence.application) === undefined
  )
}
