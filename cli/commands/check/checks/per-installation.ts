import type { Evidence, Installation } from '../evidence.ts'
import { notApplicable, type Result } from '../result.ts'

/** Of the first installation; that there is none, or that it is not known, is said once, by the check `installed`. */
export function ofInstallation(
  judge: (installation: Installation, evidence: Evidence) => Result,
): (evidence: Evidence) => Result {
  return (evidence) => {
    const [first] = evidence.installations.kind === 'read' ? evidence.installations.value : []
    return first === undefined ? notApplicable : judge(first, evidence)
  }
}
