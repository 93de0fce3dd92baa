import type { Report } from './report.ts'

/** Renders the report for programs; the fields are stable. The first finding is the root cause. `symptomOf` is the id of the finding that explains a symptom. */
export function renderReportJson({
  subject,
  version,
  diagnosis: { state, findings, unknown },
  checked,
}: Report): string {
  if (checked !== undefined)
    return `${JSON.stringify({ version, subject: checked.name, findings, unknown }, null, 2)}\n`
  return `${JSON.stringify({ version, subject, state, findings, unknown }, null, 2)}\n`
}
