import { toVisible } from '../../core/visible-text.ts'
import { type Finding, findingPage } from '../findings/findings.ts'
import { formatSubject, type Report } from './report.ts'
import { remedyTitle } from './text.ts'

/** The report as SARIF 2.1.0 (OASIS): one rule per finding id, one result per finding, with locations in the files of a bundle. */
export function toSarif({
  subject,
  version,
  diagnosis: { findings, unknown },
  checked,
  rules: knownRules,
}: Report): object {
  const ids = [...new Set(findings.map(({ id }) => id))]
  const rules = ids.flatMap((id) => {
    const rule = knownRules.find((row) => row.id === id)
    if (rule === undefined) return []
    return {
      id,
      shortDescription: { text: rule.title },
      fullDescription: { text: rule.meaning },
      help: { text: `See ${findingPage(id, rule.cause)}.` },
      defaultConfiguration: { level: rule.severity },
      properties: { cause: rule.cause },
    }
  })
  const results = findings.map((finding) => ({
    ruleId: finding.id,
    ruleIndex: ids.indexOf(finding.id),
    level: finding.severity,
    message: {
      text: [finding.title, ...finding.remedies.map((remedy) => `- ${remedyTitle(remedy)}`)].map(toMessage).join('\n'),
    },
    locations: finding.evidence.map(({ source, line, excerpt }) => ({
      physicalLocation: {
        artifactLocation: { uri: source },
        ...(line !== null && { region: { startLine: line, snippet: { text: excerpt } } }),
      },
      logicalLocations: [{ fullyQualifiedName: formatSubject(subject), kind: 'resource' }],
      ...(line === null && { message: { text: toMessage(excerpt) } }),
    })),
    partialFingerprints: {
      finding: [formatSubject(subject), finding.id, ...(checked === undefined ? [] : listNames(finding))].join('/'),
    },
    properties: { confidence: finding.confidence, run: finding.run, symptomOf: finding.symptomOf },
  }))
  const notifications = unknown.map(({ what, source, why }) => ({
    level: 'warning',
    message: { text: toMessage(`${what} (${source}): ${why}`) },
  }))
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: { name: 'spark-nanny', version, rules },
        },
        invocations: [{ executionSuccessful: true, toolExecutionNotifications: notifications }],
        results,
      },
    ],
  }
}

/** Details that distinguish findings of the same rule, which many settings may violate. */
function listNames({ details }: Finding): readonly string[] {
  return ['key', 'path', 'kind', 'name', 'role', 'resource', 'what'].flatMap((field) => details[field] ?? [])
}

/** One line of a message. SARIF reads `[text](url)` as a link, unless its brackets are escaped (section 3.11.6). */
const toMessage = (text: string): string => toVisible(text).replace(/[[\]]/g, '\\$&')
