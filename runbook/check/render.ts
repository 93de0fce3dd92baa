import type { Style } from '../terminal/style.ts'
import type { Report, ReportedCheck } from './report.ts'
import type { Severity } from './result.ts'

/** Where each check has its section. */
const page = 'docs/check.md'

export const signs = { ok: '√', warning: '‼', error: '×', unknown: '?' } as const satisfies Record<Severity, string>

/** As a page for a person, in the form of `linkerd check`. */
export function renderText(report: Report, success: boolean, style: Style): string {
  const paint = { ok: style.green, warning: style.yellow, error: style.red, unknown: style.yellow }
  const lines = report.categories.flatMap(({ name, checks }) => [
    style.bold(name),
    '-'.repeat(name.length),
    ...checks.flatMap((check) => renderCheck(check, paint[check.result], style)),
    '',
  ])
  return `${[...lines, lastLine(report, success, style)].join('\n')}\n`
}

function renderCheck(
  { id, title, result, detail, hint }: ReportedCheck,
  paint: (text: string) => string,
  style: Style,
) {
  const sign = paint(signs[result])
  if (hint === null) return [`${sign} ${title}${detail === '' ? '' : style.dim(` (${detail})`)}`]
  return [
    `${sign} ${title}`,
    `    ${detail}`,
    ...wrap(hint, 96).map((line) => `    ${style.dim(line)}`),
    `    ${style.dim(`see ${page}#${id}`)}`,
  ]
}

function lastLine({ categories, cutShort }: Report, success: boolean, style: Style): string {
  const counted = (severity: Severity, one: string, many: string) => {
    const number = categories.flatMap(({ checks }) => checks).filter(({ result }) => result === severity).length
    return number === 0 ? [] : [`${number} ${number === 1 ? one : many}`]
  }
  const counts = [
    ...counted('error', 'error', 'errors'),
    ...counted('warning', 'warning', 'warnings'),
    ...counted('unknown', 'unknown', 'unknown'),
  ]
  const tail = `${counts.length === 0 ? '' : ` (${counts.join(', ')})`}${cutShort ? '; nothing else was checked' : ''}`
  return `Status check results are ${success ? style.green(signs.ok) : style.red(signs.error)}${tail}`
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** For scripts; the fields are stable. */
export function renderJson({ categories }: Report, success: boolean): string {
  return `${JSON.stringify({ success, categories }, null, 2)}\n`
}
