import type { Authority } from '../pki/ca-bundle.ts'
import { commonAuthorities, type Trust } from './trust.ts'

/** What a replica has seen for itself of who trusts what, and since when. */
export interface Proof {
  /** Since when all webhooks were seen to trust an authority, without a break; by fingerprint. */
  readonly trustedSinceMs: ReadonlyMap<string, number>
  /** Whether a connection through the Service verified with the caBundle as it is. */
  readonly wholeVerified: boolean
  /** Connections that trusted one authority alone and verified, one after the other. */
  readonly alone: { readonly fingerprint: string; readonly sinceMs: number; readonly dials: number } | null
}

export const noProof: Proof = { trustedSinceMs: new Map(), wholeVerified: false, alone: null }

/** A Service spreads connections over its pods: some may go to a replica that has the old certificate still. */
const leastDials = 10

/** After the webhook configuration was read. */
export function afterRead(proof: Proof, trust: Trust, elapsedMs: number): Proof {
  const now = commonAuthorities(trust).map(({ fingerprint }) => fingerprint)
  const before = proof.trustedSinceMs
  const same = before.size === now.length && now.every((fingerprint) => before.has(fingerprint))
  return {
    ...proof,
    trustedSinceMs: new Map(now.map((fingerprint) => [fingerprint, before.get(fingerprint) ?? elapsedMs])),
    wholeVerified: proof.wholeVerified && same,
  }
}

/** After connections of our own: `whole` with the caBundle, `alone` with the newest authority and no other. */
export function afterDials(
  proof: Proof,
  newest: Authority,
  dials: { readonly whole: boolean; readonly alone: readonly boolean[] },
  elapsedMs: number,
): Proof {
  const { fingerprint } = newest
  const before = proof.alone?.fingerprint === fingerprint ? proof.alone : { fingerprint, sinceMs: elapsedMs, dials: 0 }
  const unbroken = dials.alone.length > 0 && dials.alone.every((verified) => verified)
  return {
    ...proof,
    wholeVerified: dials.whole,
    alone: unbroken ? { ...before, dials: before.dials + dials.alone.length } : null,
  }
}

export function isHeld({ trustedSinceMs }: Proof, { fingerprint }: Authority, holdMs: number, nowMs: number): boolean {
  const sinceMs = trustedSinceMs.get(fingerprint)
  return sinceMs !== undefined && nowMs - sinceMs >= holdMs
}

export function isProvenAlone({ alone }: Proof, { fingerprint }: Authority, holdMs: number, nowMs: number): boolean {
  return alone?.fingerprint === fingerprint && alone.dials >= leastDials && nowMs - alone.sinceMs >= holdMs
}
