import { type Line, line, type SafeLine } from '../../io/line.ts'
import { jsonOutput, type Output } from '../../io/output.ts'
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
export function renderCheckText(report: CheckReport, success: boolean, style: Style): Output {
  const paint = { ok: style.green, warning: style.yellow, error: style.red, unknown: style.yellow }
  const firstTitles = new Map<string, string>()
  const lines = report.categories.flatMap(({ name, checks }): readonly Line[] => [
    style.bold(name),
    '-'.repeat(name.length),
    ...checks.flatMap((check) => {
      const before = firstTitles.get(check.detail) ?? null
      if (check.result === 'unknown' && before === null) firstTitles.set(check.detail, check.title)
      return renderCheck(check, before, paint[check.result], style)
    }),
    '',
  ])
  return { kind: 'lines', lines: [...lines, lastLine(report, success, style)] }
}

function renderCheck(
  { id, title, result, detail, hint }: ReportedCheck,
  before: string | null,
  paint: (text: Line) => SafeLine,
  style: Style,
): readonly Line[] {
  const sign = paint(signs[result])
  if (hint === null) return [line`${sign} ${title}${detail === '' ? '' : style.dim(` (${detail})`)}`]
  if (before !== null && result === 'unknown') return [line`${sign} ${title}`, `    same reason as for “${before}”`]
  // The hint explains how to fix a failed check; it does not help if the check could not be made.
  const advice = result === 'unknown' ? [] : wrap(hint, 96)
  return [
    line`${sign} ${title}`,
    `    ${detail}`,
    ...[...advice, `see ${page}#${id}`].map((text) => line`    ${style.dim(text)}`),
  ]
}

function lastLine({ categories, cutShort }: CheckReport, success: boolean, style: Style): SafeLine {
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
  return line`Status check results are ${success ? style.green(signs.ok) : style.red(signs.error)}${tail}`
}

/** The report for scripts. The fields are stable. */
export const renderCheckJson = ({ categories }: CheckReport, success: boolean): Output =>
  jsonOutput({ success, categories })
