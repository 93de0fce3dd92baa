import { toVisible } from '../../core/visible-text.ts'
import { formatPlace, groupByRoot, headline, type Report } from './report.ts'
import { remedyTitle } from './text.ts'

/** Renders the report as Markdown for a ticket. */
export function renderMarkdown(report: Report): string {
  const { diagnosis, version } = report
  const { findings, unknown } = diagnosis
  const { before, name, after } = headline(report)
  const lines = [`## ${before}\`${toVisible(name).replaceAll('`', "'")}\`${after}`, '']
  if (findings.length === 0) lines.push('No findings.', '')
  for (const { root, symptoms } of groupByRoot(findings)) {
    const earlier = root.run === 'previous' ? ', in the previous run' : ''
    lines.push(
      `### ${inline(root.title)}`,
      '',
      `\`${root.id}\`, cause: ${root.cause}, severity: ${root.severity}, confidence: ${root.confidence}${earlier}`,
      '',
      root.explanation,
      '',
      ...fence(root.evidence.map((entry) => `${formatPlace(entry)}  ${entry.excerpt}`)),
      '',
      ...root.remedies.flatMap((remedy) => [
        `1. ${inline(remedyTitle(remedy))}`,
        ...(remedy.commands.length === 0 ? [] : ['', ...fence(remedy.commands).map((line) => `   ${line}`), '']),
      ]),
      '',
    )
    if (symptoms.length > 0)
      lines.push('Also explains:', '', ...symptoms.map(({ title, id }) => `- ${inline(title)} (\`${id}\`)`), '')
  }
  if (unknown.length > 0) {
    lines.push(
      '### Could not be checked',
      '',
      ...unknown.map(({ what, source, why }) => `- ${inline(what)} (${inline(source)}): ${inline(why)}`),
      '',
    )
  }
  lines.push(`_spark-nanny ${version}_`)
  return `${lines.join('\n').replace(/\n{3,}/g, '\n\n')}\n`
}

/** Escapes text from the cluster, so that it is one line and is not interpreted as Markdown or as an HTML entity. */
const inline = (text: string) =>
  toVisible(text.replace(/\s+/g, ' ')).replace(/[\\`*_[\]<>|#@&~$]/g, (sign) => `\\${sign}`)

/** Uses a fence that is longer than any in the text. */
function fence(lines: readonly string[]): readonly string[] {
  const longest = Math.max(2, ...[...lines.join('\n').matchAll(/`+/g)].map(([ticks]) => ticks.length))
  const ticks = '`'.repeat(longest + 1)
  return [`${ticks}text`, ...lines.map(toVisible), ticks]
}
