import type { Finding } from '../findings/findings.ts'
import type { Remedy } from '../findings/remedies.ts'
import type { Style } from '../terminal/style.ts'
import { wrap } from '../terminal/wrap.ts'
import { formatPlace, groupByRoot, headline, printable, type Report } from './report.ts'

/** Renders the report for people: the root cause first, then its evidence and what to do. */
export function renderReportText(report: Report, style: Style): string {
  const { findings, unknown } = report.diagnosis
  const lines = [`${headline(report, style.bold)}.`, '']
  for (const { root, symptoms } of groupByRoot(findings)) {
    lines.push(...heading(root, style), ...body(root, style))
    if (symptoms.length > 0) {
      lines.push('  Also explains:')
      for (const symptom of symptoms) {
        const [first] = symptom.evidence
        const where = first === undefined ? '' : style.dim(`  (${formatPlace(first)})`)
        lines.push(`    - ${printable(symptom.title)}  ${style.dim(symptom.id)}${where}`)
      }
    }
    lines.push('')
  }
  if (findings.length === 0) lines.push(...nothing(report, style))
  if (unknown.length > 0) {
    lines.push(style.yellow('Could not be checked:'))
    for (const { what, source, why } of unknown) lines.push(`  ? ${what} (${printable(source)}): ${printable(why)}`)
    lines.push('')
  }
  return `${lines.join('\n').trimEnd()}\n`
}

function heading(finding: Finding, style: Style): readonly string[] {
  const paint = finding.severity === 'error' ? style.red : style.yellow
  const earlier = finding.run === 'previous' ? ', in the previous run' : ''
  return [
    `${paint(finding.severity === 'error' ? '×' : '‼')} ${style.bold(printable(finding.title))}`,
    style.dim(`  ${finding.id}, cause: ${finding.cause}, confidence: ${finding.confidence}${earlier}`),
  ]
}

function body(finding: Finding, style: Style): readonly string[] {
  return [
    ...wrap(finding.explanation, 98).map((line) => `  ${line}`),
    '  Evidence:',
    ...finding.evidence.map((entry) => {
      const count = entry.count > 1 ? style.dim(` (${entry.count} times)`) : ''
      return `    ${style.dim(formatPlace(entry))}  ${printable(entry.excerpt)}${count}`
    }),
    '  What to do:',
    ...finding.remedies.flatMap((remedy, index) => remedyLines(remedy, index, style)),
    style.dim(`  More: ${finding.page}`),
  ]
}

function remedyLines(remedy: Remedy, index: number, style: Style): readonly string[] {
  return [
    `    ${index + 1}. ${printable(remedyTitle(remedy))}`,
    ...remedy.commands.map((command) => style.dim(`         ${printable(command)}`)),
  ]
}

/** The title of a remedy, with the setting that it changes, if any. */
export function remedyTitle(remedy: Remedy): string {
  if (remedy.kind === 'set-conf') return `${remedy.title}: ${remedy.key}=${remedy.value}`
  if (remedy.kind !== 'raise-memory') return remedy.title
  const from = remedy.current === null ? '' : ` (now ${remedy.current})`
  return `${remedy.title}: ${remedy.key}=${remedy.proposed ?? 'MORE'}${from}`
}

function nothing({ diagnosis: { state, unknown }, tail, checked }: Report, style: Style): readonly string[] {
  const incomplete = unknown.length > 0
  if (checked === undefined && (state === 'absent' || state === 'unknown')) return ['No findings.', '']
  if (state !== 'failed') {
    return [
      incomplete ? 'No problems found in the evidence that could be read.' : style.green('√ No problems found.'),
      '',
    ]
  }
  const end = tail.filter(({ text }) => text !== '').slice(-5)
  return ['No known cause. Last log lines:', ...end.map(({ number, text }) => `  ${number}  ${printable(text)}`), '']
}
