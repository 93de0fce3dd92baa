import type { Unknown } from '../evidence/evidence.ts'
import type { Finding } from '../findings/findings.ts'
import { type ExitCode, exitCodes } from '../io/exit-codes.ts'
import { renderReport } from '../render/render.ts'
import type { Checked, OutputForm, RuleMetadata } from '../render/report.ts'
import type { Style } from '../terminal/style.ts'

/** What came of the checks before a run. */
export interface StaticCheckReport {
  readonly checked: Checked
  readonly version: string
  readonly findings: readonly Finding[]
  readonly rules: readonly RuleMetadata[]
  /** What could not be known. */
  readonly unknown: readonly Unknown[]
}

/** By the renderers of diagnose; there is no driver yet, and no log. */
export function renderStaticChecks(
  { checked, version, findings, rules, unknown }: StaticCheckReport,
  form: OutputForm,
  style: Style,
): string {
  const subject = { namespace: '', pod: null, application: checked.name }
  return renderReport(
    { checked, subject, version, diagnosis: { state: 'unknown', findings, unknown }, rules, tail: [] },
    form,
    style,
  )
}

/** Of what was asked and not answered; what the caller did not want asked counts for nothing. */
export function staticCheckExitCode(
  { findings, unknown }: StaticCheckReport,
  strict: boolean,
  offline: boolean,
): ExitCode {
  if (findings.some(({ severity }) => severity === 'error')) return exitCodes.errors
  if (strict && findings.length > 0) return exitCodes.warnings
  return unknown.length > 0 && !offline ? exitCodes.incomplete : exitCodes.ok
}
