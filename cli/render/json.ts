import type { Report } from './report.ts'

/** The report for programs; the fields are stable. The first finding is the root cause. `symptomOf` is the id of the finding that explains a symptom. */
export function toJsonReport({ subject, version, diagnosis: { state, findings, unknown }, checked }: Report): object {
  return checked === undefined
    ? { version, subject, state, findings, unknown }
    : { version, subject: checked.name, findings, unknown }
}
