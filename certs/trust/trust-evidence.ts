import type { Authority } from '../pki/ca-bundle.ts'
import { findCommonAuthorities, type Trust } from './trust.ts'

/** What a replica has seen for itself of who trusts what, and since when. */
export interface TrustEvidence {
  /** Since when all webhooks were seen to trust an authority, without a break; by fingerprint. */
  readonly trustedSinceMs: ReadonlyMap<string, number>
  /** Whether a connection through the Service verified with the caBundle as it is. */
  readonly wholeVerified: boolean
  /** Connections that trusted one authority alone and verified, one after the other. */
  readonly alone: { readonly fingerprint: string; readonly sinceMs: number; readonly dials: number } | null
}

export const noEvidence: TrustEvidence = { trustedSinceMs: new Map(), wholeVerified: false, alone: null }

/** A Service spreads connections over its pods: some may go to a replica that has the old certificate still. */
const leastDials = 10

/** After the webhook configuration was read. */
export function recordRead(evidence: TrustEvidence, trust: Trust, elapsedMs: number): TrustEvidence {
  const now = findCommonAuthorities(trust).map(({ fingerprint }) => fingerprint)
  const before = evidence.trustedSinceMs
  const same = before.size === now.length && now.every((fingerprint) => before.has(fingerprint))
  return {
    ...evidence,
    trustedSinceMs: new Map(now.map((fingerprint) => [fingerprint, before.get(fingerprint) ?? elapsedMs])),
    wholeVerified: evidence.wholeVerified && same,
  }
}

/** After connections of our own: `whole` with the caBundle, `alone` with the newest authority and no other. */
export function recordProbes(
  evidence: TrustEvidence,
  newest: Authority,
  dials: { readonly whole: boolean; readonly alone: readonly boolean[] },
  elapsedMs: number,
): TrustEvidence {
  const { fingerprint } = newest
  const before =
    evidence.alone?.fingerprint === fingerprint ? evidence.alone : { fingerprint, sinceMs: elapsedMs, dials: 0 }
  const unbroken = dials.alone.length > 0 && dials.alone.every((verified) => verified)
  return {
    ...evidence,
    wholeVerified: dials.whole,
    alone: unbroken ? { ...before, dials: before.dials + dials.alone.length } : null,
  }
}

export function hasHeldLongEnough(
  { trustedSinceMs }: TrustEvidence,
  { fingerprint }: Authority,
  holdMs: number,
  nowMs: number,
): boolean {
  const sinceMs = trustedSinceMs.get(fingerprint)
  return sinceMs !== undefined && nowMs - sinceMs >= holdMs
}

export function isProvenAlone(
  { alone }: TrustEvidence,
  { fingerprint }: Authority,
  holdMs: number,
  nowMs: number,
): boolean {
  return alone?.fingerprint === fingerprint && alone.dials >= leastDials && nowMs - alone.sinceMs >= holdMs
}
