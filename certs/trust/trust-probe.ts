import { type Authority, formatAuthorities } from '../pki/ca-bundle.ts'
import type { HandshakeResult } from './handshake-probe.ts'
import type { Trust } from './trust.ts'

/** What test connections have shown about which authorities verify. */
export interface TrustProbeResult {
  /** Whether a connection verified with each caBundle as it is. */
  readonly whole: boolean
  /** Whether each of several concurrent connections verified. A Service sends each one to one of its pods. */
  readonly alone: readonly boolean[]
  /** Why `whole` is false; null if it is true. */
  readonly detail: string | null
}

const concurrentConnections = 3

/** Connects through the Service: once per caBundle that the API server trusts, and several times with the newest authority alone. */
export async function probeTrust(
  trust: Trust,
  newest: Authority,
  probe: (authoritiesPem: string) => Promise<HandshakeResult>,
): Promise<TrustProbeResult> {
  const webhooks = trust.kind === 'found' ? trust.webhooks : []
  const caBundles = new Set(webhooks.map(({ authorities }) => formatAuthorities(authorities)))
  const [wholes, alone] = await Promise.all([
    Promise.all([...caBundles].map(probe)),
    Promise.all(Array.from({ length: concurrentConnections }, () => probe(newest.certificatePem))),
  ])
  const failed = wholes.find((outcome) => outcome.kind !== 'verified')
  return {
    whole: wholes.length > 0 && failed === undefined,
    alone: alone.map(({ kind }) => kind === 'verified'),
    detail: failed === undefined ? null : `${failed.kind}: ${failed.detail}`,
  }
}
