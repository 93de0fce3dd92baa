import { type ExitCode, exitCodes } from '../../io/exit-codes.ts'
import type { Category, CheckSeverity } from './result.ts'

export interface CheckReport {
  readonly categories: readonly {
    readonly name: string
    readonly checks: readonly ReportedCheck[]
  }[]
  /** Whether no other check could run, because the API server did not respond. */
  readonly cutShort: boolean
}

export interface ReportedCheck {
  readonly id: string
  readonly title: string
  readonly result: CheckSeverity
  readonly detail: string
  /** How to fix the problem. Null if the check succeeded. */
  readonly hint: string | null
}

export function runAll<E>(categories: readonly Category<E>[], evidence: E): CheckReport {
  const judged = categories.map(({ name, checks }) => ({
    name,
    checks: checks.flatMap(({ id, title, hint, judge }): readonly ReportedCheck[] => {
      const result = judge(evidence)
      if (result.kind === 'not-applicable') return []
      const { kind, detail } = result
      return [{ id, title, result: kind, detail: oneLine(detail), hint: kind === 'ok' ? null : hint }]
    }),
  }))
  return { categories: judged.filter(({ checks }) => checks.length > 0), cutShort: false }
}

/** An error decides first, then an unknown result: a check that could not be made is never counted as successful. */
export function checkExitCode(report: CheckReport, strict: boolean): ExitCode {
  if (report.cutShort) return exitCodes.failed
  const has = (severity: CheckSeverity) =>
    report.categories.some(({ checks }) => checks.some(({ result }) => result === severity))
  if (has('error')) return exitCodes.errors
  if (has('unknown')) return exitCodes.incomplete
  return strict && has('warning') ? exitCodes.warnings : exitCodes.ok
}

/** Messages of the API server may contain line breaks. */
const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim()
