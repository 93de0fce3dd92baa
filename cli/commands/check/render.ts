import type { Style } from '../../terminal/style.ts'
import { wrap } from '../../terminal/wrap.ts'
import type { CheckReport, ReportedCheck } from './report.ts'
import type { CheckSeverity } from './result.ts'

/** The page that has a section for each check. */
const page = 'docs/check.md'

export const signs = { ok: '√', warning: '‼', error: '×', unknown: '?' } as const satisfies Record<
  CheckSeverity,
  string
>

/** The report for people, in the layout of `linkerd check`. A reason that several unknown checks share is printed once. */
export function renderCheckText(report: CheckReport, success: boolean, style: Style): string {
  const paint = { ok: style.green, warning: style.yellow, error: style.red, unknown: style.yellow }
  const firstTitles = new Map<string, string>()
  const lines = report.categories.flatMap(({ name, checks }) => [
    style.bold(name),
    '-'.repeat(name.length),
    ...checks.flatMap((check) => {
      const before = firstTitles.get(check.detail) ?? null
      if (check.result === 'unknown' && before === null) firstTitles.set(check.detail, check.title)
      return renderCheck(check, before, paint[check.result], style)
    }),
    '',
  ])
  return `${[...lines, lastLine(report, success, style)].join('\n')}\n`
}

function renderCheck(
  { id, title, result, detail, hint }: ReportedCheck,
  before: string | null,
  paint: (text: string) => string,
  style: Style,
): readonly string[] {
  const sign = paint(signs[result])
  if (hint === null) return [`${sign} ${title}${detail === '' ? '' : style.dim(` (${detail})`)}`]
  if (before !== null && result === 'unknown') return [`${sign} ${title}`, `    same reason as for “${before}”`]
  // The hint explains how to fix a failed check; it does not help if the check could not be made.
  const advice = result === 'unknown' ? [] : wrap(hint, 96)
  return [
    `${sign} ${title}`,
    `    ${detail}`,
    ...[...advice, `see ${page}#${id}`].map((line) => `    ${style.dim(line)}`),
  ]
}

function lastLine({ categories, cutShort }: CheckReport, success: boolean, style: Style): string {
  const counted = (severity: CheckSeverity, one: string, many: string) => {
    const number = categories.flatMap(({ checks }) => checks).filter(({ result }) => result === severity).length
    return number === 0 ? [] : [`${number} ${number === 1 ? one : many}`]
  }
  const counts = [
    ...counted('error', 'error', 'errors'),
    ...counted('warning', 'warning', 'warnings'),
    ...counted('unknown', 'unknown', 'unknown'),
  ]
  const tail = `${counts.length === 0 ? '' : ` (${counts.join(', ')})`}${cutShort ? '; no other check could run' : ''}`
  return `Status check results are ${success ? style.green(signs.ok) : style.red(signs.error)}${tail}`
}

/** The report for scripts. The fields are stable. */
export function renderCheckJson({ categories }: CheckReport, success: boolean): string {
  return `${JSON.stringify({ success, categories }, null, 2)}\n`
}
