import type { CheckEvidence, Installation } from '../evidence.ts'
import { type CheckResult, notApplicable } from '../result.ts'

/** Judges the first installation. If it is missing or unreadable, only `installed` reports that. */
export function perInstallation(
  judge: (installation: Installation, evidence: CheckEvidence) => CheckResult,
): (evidence: CheckEvidence) => CheckResult {
  return (evidence) => {
    const [first] = evidence.installations.kind === 'read' ? evidence.installations.value : []
    return first === undefined ? notApplicable : judge(first, evidence)
  }
}
