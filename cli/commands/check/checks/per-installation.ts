import type { CheckEvidence, Installation } from '../evidence.ts'
import { type CheckResult, notApplicable } from '../result.ts'

/** Of the first installation; that there is none, or that it is not known, is said once, by the check `installed`. */
export function perInstallation(
  judge: (installation: Installation, evidence: CheckEvidence) => CheckResult,
): (evidence: CheckEvidence) => CheckResult {
  return (evidence) => {
    const [first] = evidence.installations.kind === 'read' ? evidence.installations.value : []
    return first === undefined ? notApplicable : judge(first, evidence)
  }
}
