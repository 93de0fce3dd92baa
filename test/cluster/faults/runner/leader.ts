import { recordOf } from '../../../../core/json.ts'
import type { PassedWrite } from '../proxy/proxy.ts'

/** Who leads, by what the API server has answered to those who wrote the lease. */
export interface KnownLeader {
  /** The name of a replica; empty: nobody. */
  name(): string
  answered(write: PassedWrite): void
  /** How often another took over. */
  changes(): number
}

export function knownLeader(): KnownLeader {
  let name = ''
  let changes = 0
  let newest = 0n
  return {
    name: () => name,
    changes: () => changes,
    answered: ({ path, answers }) => {
      const answer = answers.at(-1)
      if (!path.includes('/leases') || answer === undefined || answer.status >= 300) return
      const { metadata, spec } = recordOf(answer.body)
      const version = BigInt(String(recordOf(metadata).resourceVersion ?? 0))
      if (version <= newest) return
      newest = version
      const next = String(recordOf(spec).holderIdentity ?? '').replace(/_.*$/, '')
      if (next !== '' && next !== name) changes += 1
      name = next
    },
  }
}
