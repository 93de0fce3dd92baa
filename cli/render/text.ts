import type { Finding } from '../findings/findings.ts'
import type { Remedy } from '../findings/remedies.ts'
import { type Line, line } from '../io/line.ts'
import type { Style } from '../terminal/style.ts'
import { wrap } from '../terminal/wrap.ts'
import { formatPlace, groupByRoot, headline, type Report } from './report.ts'

/** Renders the report for people: the root cause first, then its evidence and what to do. */
export function renderReportText(report: Report, style: Style): readonly Line[] {
  const { findings, unknown } = report.diagnosis
  const { before, name, after } = headline(report)
  const lines: Line[] = [line`${before}${style.bold(name)}${after}.`, '']
  for (const { root, symptoms } of groupByRoot(findings)) {
    lines.push(...heading(root, style), ...body(root, style))
    if (symptoms.length > 0) {
      lines.push('  Also explains:')
      for (const symptom of symptoms) {
        const [first] = symptom.evidence
        const where = first === undefined ? '' : style.dim(`  (${formatPlace(first)})`)
        lines.push(line`    - ${symptom.title}  ${style.dim(symptom.id)}${where}`)
      }
    }
    lines.push('')
  }
  if (findings.length === 0) lines.push(...nothing(report, style))
  if (unknown.length > 0) {
    lines.push(style.yellow('Could not be checked:'))
    for (const { what, source, why } of unknown) lines.push(line`  ? ${what} (${source}): ${why}`)
    lines.push('')
  }
  return lines
}

function heading(finding: Finding, style: Style): readonly Line[] {
  const { paint, mark } = severityMarks(style)[finding.severity]
  const earlier = finding.run === 'previous' ? ', in the previous run' : ''
  return [
    line`${paint(mark)} ${style.bold(finding.title)}`,
    style.dim(`  ${finding.id}, cause: ${finding.cause}, confidence: ${finding.confidence}${earlier}`),
  ]
}

const severityMarks = (style: Style) =>
  ({
    error: { paint: style.red, mark: '×' },
    warning: { paint: style.yellow, mark: '‼' },
    note: { paint: style.dim, mark: 'i' },
  }) as const

function body(finding: Finding, style: Style): readonly Line[] {
  return [
    ...wrap(finding.explanation, 98).map((text) => `  ${text}`),
    '  Evidence:',
    ...finding.evidence.map((entry) => {
      const count = entry.count > 1 ? style.dim(` (${entry.count} times)`) : ''
      return line`    ${style.dim(formatPlace(entry))}  ${entry.excerpt}${count}`
    }),
    '  What to do:',
    ...finding.remedies.flatMap((remedy, index) => remedyLines(remedy, index, style)),
    style.dim(`  More: ${finding.page}`),
  ]
}

function remedyLines(remedy: Remedy, index: number, style: Style): readonly Line[] {
  return [
    `    ${index + 1}. ${remedyTitle(remedy)}`,
    ...remedy.commands.map((command) => style.dim(`         ${command}`)),
  ]
}

/** The title of a remedy, with the setting that it changes, if any. */
export function remedyTitle(remedy: Remedy): string {
  if (remedy.kind === 'set-conf') return `${remedy.title}: ${remedy.key}=${remedy.value}`
  if (remedy.kind !== 'raise-memory') return remedy.title
  const from = remedy.current === null ? '' : ` (now ${remedy.current})`
  if (remedy.proposed === null) return `${remedy.title}: raise ${remedy.key}${from}`
  return `${remedy.title}: ${remedy.key}=${remedy.proposed}${from}`
}

function nothing({ diagnosis: { state, unknown, isProven }, tail, checked }: Report, style: Style): readonly Line[] {
  if (checked !== undefined || isProven === true) {
    const incomplete = unknown.length > 0
    return [
      incomplete ? 'No problems found in the evidence that could be read.' : style.green('√ No problems found.'),
      '',
    ]
  }
  if (state === 'absent' || state === 'unknown') return ['No findings.', '']
  const end = tail.filter(({ text }) => text !== '').slice(-5)
  const what =
    state === 'failed' ? 'No known cause.' : `No known problem, but nothing shows that the driver is healthy.`
  if (end.length === 0) return [what, '']
  return [`${what} Last log lines:`, ...end.map(({ number, text }) => `  ${number}  ${text}`), '']
}
