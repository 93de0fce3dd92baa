import type { Report } from './report.ts'

/** For programs; the fields are stable. The first finding is the root cause; `symptomOf` names the one that explains it. */
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
