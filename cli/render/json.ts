import type { Report } from './report.ts'

/** The report for programs; the fields are stable. The first finding is the root cause. `symptomOf` is the id of the finding that explains a symptom. */
export function toJsonReport({
  subject,
  version,
  diagnosis: { state, findings, unknown, isProven },
  checked,
}: Report): object {
  return checked === undefined
    ? { version, subject, state, healthy: isProven === true && findings.length === 0, findings, unknown }
    : { version, subject: checked.name, findings, unknown }
}
