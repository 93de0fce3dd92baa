import type { Finding } from '../findings.ts'
import type { Style } from '../terminal/style.ts'
import type { PrecheckReport } from './report.ts'

export const reportForms = ['text', 'json'] as const
export type ReportForm = (typeof reportForms)[number]

export function renderReport(report: PrecheckReport, form: ReportForm, style: Style): string {
  if (form === 'json') return `${JSON.stringify({ findings: report.findings, unknown: report.unknown }, null, 2)}\n`
  const parts = [
    ...report.findings.map((finding) => textOf(finding, style)),
    ...report.unknown.map(({ what, source, why }) => `${style.yellow('unknown')} ${what} (${source}): ${why}`),
  ]
  return `${parts.length === 0 ? `${style.green('ok')} ${report.subject}: nothing found` : parts.join('\n\n')}\n`
}

function textOf({ id, severity, title, explanation, evidence, remedies, page }: Finding, style: Style): string {
  const head = severity === 'error' ? style.red('error') : style.yellow('warning')
  return [
    `${head} ${style.bold(title)} [${id}]`,
    ...evidence.map(({ source, line, excerpt }) => `  ${source}${line === null ? '' : `:${line}`}: ${excerpt}`),
    `  ${explanation}`,
    ...remedies.flatMap(({ title: remedy, commands }) => [
      `  → ${remedy}`,
      ...commands.map((command) => `      ${command}`),
    ]),
    `  ${style.dim(page)}`,
  ].join('\n')
}
