import type { Log } from '../../core/log.ts'

/** Why a source of certificates does not work as it should. */
export type CertificateProblem =
  | 'files-unusable'
  | 'ca-file-unusable'
  | 'read-failed'
  | 'write-failed'
  | 'secret-corrupted'
  | 'configuration-absent'
  | 'clocks-disagree'
  | 'dial-failed'
  | 'certificate-expired'

/** The current problems. Each one is logged once when it appears or its detail changes, and once when it is resolved. */
export interface Problems {
  /** Sets or, with a `detail` of null, resolves a problem. */
  set(problem: CertificateProblem, detail: string | null): void
}

/** Calls `reportHealth` after each change, with whether there are no problems. */
export function createProblemTracker(log: Log, reportHealth: (healthy: boolean) => void): Problems {
  const current = new Map<CertificateProblem, string>()
  reportHealth(true)
  return {
    set: (problem, detail) => {
      if (current.get(problem) === (detail ?? undefined)) return
      if (detail === null) {
        current.delete(problem)
        log.info({ event: 'certificate-problem-resolved', problem })
      } else {
        current.set(problem, detail)
        log.error({ event: 'certificate-problem', problem, detail })
      }
      reportHealth(current.size === 0)
    },
  }
}
