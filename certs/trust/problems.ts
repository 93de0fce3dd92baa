import type { Log } from '../../core/log.ts'

/** What can be wrong with a source of certificates. */
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

/** What is wrong now: each told once when it comes, and once when it goes. */
export interface Problems {
  set(problem: CertificateProblem, detail: string | null): void
}

export function trackProblems(log: Log, healthy: (healthy: boolean) => void): Problems {
  const current = new Map<CertificateProblem, string>()
  healthy(true)
  return {
    set: (problem, detail) => {
      if (current.get(problem) === (detail ?? undefined)) return
      if (detail === null) {
        current.delete(problem)
        log.info({ event: 'certificate-problem-solved', problem })
      } else {
        current.set(problem, detail)
        log.error({ event: 'certificate-problem', problem, detail })
      }
      healthy(current.size === 0)
    },
  }
}
