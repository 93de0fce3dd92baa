import { type Authority, formatAuthorities } from '../pki/ca-bundle.ts'
import type { HandshakeResult } from './handshake-probe.ts'
import type { Trust } from './trust.ts'

/** What connections of our own have shown of who verifies by what. */
export interface TrustProbeResult {
  /** Whether a connection verified with each caBundle as it is. */
  readonly whole: boolean
  /** Of several at once: a Service gives each to one of its pods. */
  readonly alone: readonly boolean[]
  /** Why `whole` is false. */
  readonly detail: string | null
}

const dialsAtOnce = 3

/** Connects through the Service, with what the API server trusts, and with the newest authority alone. */
export async function probeTrust(
  trust: Trust,
  newest: Authority,
  dial: (authoritiesPem: string) => Promise<HandshakeResult>,
): Promise<TrustProbeResult> {
  const webhooks = trust.kind === 'found' ? trust.webhooks : []
  const caBundles = new Set(webhooks.map(({ authorities }) => formatAuthorities(authorities)))
  const [wholes, alone] = await Promise.all([
    Promise.all([...caBundles].map(dial)),
    Promise.all(Array.from({ length: dialsAtOnce }, () => dial(newest.certificatePem))),
  ])
  const failed = wholes.find((outcome) => outcome.kind !== 'verified')
  return {
    whole: wholes.length > 0 && failed === undefined,
    alone: alone.map(({ kind }) => kind === 'verified'),
    detail: failed === undefined ? null : `${failed.kind}: ${failed.detail}`,
  }
}
