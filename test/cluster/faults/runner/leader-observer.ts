import { toRecord } from '../../../../core/json.ts'
import type { PassedWrite } from '../proxy/proxy.ts'

/** Derives the leader from the API server's responses to writes of the lease. */
export interface LeaderObserver {
  /** The name of a replica; empty if none leads. */
  name(): string
  answered(write: PassedWrite): void
  /** How often the leader changed. */
  changes(): number
}

export function createLeaderObserver(): LeaderObserver {
  let name = ''
  let changes = 0
  let newest = 0n
  return {
    name: () => name,
    changes: () => changes,
    answered: ({ path, answers }) => {
      const answer = answers.at(-1)
      if (!path.includes('/leases') || answer === undefined || answer.status >= 300) return
      const { metadata, spec } = toRecord(answer.body)
      const version = BigInt(String(toRecord(metadata).resourceVersion ?? 0))
      if (version <= newest) return
      newest = version
      const next = String(toRecord(spec).holderIdentity ?? '').replace(/_.*$/, '')
      if (next !== '' && next !== name) changes += 1
      name = next
    },
  }
}
