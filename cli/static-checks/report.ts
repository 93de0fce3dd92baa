import type { Unknown } from '../evidence/evidence.ts'
import type { Finding } from '../findings/findings.ts'
import { type ExitCode, exitCodes } from '../io/exit-codes.ts'
import type { Output } from '../io/output.ts'
import { renderReport } from '../render/render.ts'
import type { Checked, OutputForm, RuleMetadata } from '../render/report.ts'
import type { Style } from '../terminal/style.ts'

/** The result of the checks before a run. */
export interface StaticCheckReport {
  readonly checked: Checked
  readonly version: string
  readonly findings: readonly Finding[]
  readonly rules: readonly RuleMetadata[]
  /** What could not be checked. */
  readonly unknown: readonly Unknown[]
}

/** Renders the report with the renderers of diagnose. There is no driver and no log yet. */
export function renderStaticChecks(
  { checked, version, findings, rules, unknown }: StaticCheckReport,
  form: OutputForm,
  style: Style,
): Output {
  const subject = { namespace: '', pod: null, application: checked.name }
  return renderReport(
    { checked, subject, version, diagnosis: { state: 'unknown', findings, unknown }, rules, tail: [] },
    form,
    style,
  )
}

/** Checks that could not be made only count if the command was not run offline. */
export function staticCheckExitCode(
  { findings, unknown }: StaticCheckReport,
  strict: boolean,
  offline: boolean,
): ExitCode {
  if (findings.some(({ severity }) => severity === 'error')) return exitCodes.errors
  if (strict && findings.some(({ severity }) => severity === 'warning')) return exitCodes.warnings
  return unknown.length > 0 && !offline ? exitCodes.incomplete : exitCodes.ok
}
