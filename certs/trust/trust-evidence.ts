import type { Authority } from '../pki/ca-bundle.ts'
import { findCommonAuthorities, type Trust } from './trust.ts'

/** What one replica has observed about which authorities are trusted, and since when. */
export interface TrustEvidence {
  /** Since when all webhooks have trusted an authority without interruption, by its fingerprint. */
  readonly trustedSinceMs: ReadonlyMap<string, number>
  /** Whether a connection through the Service verified with the current caBundle. */
  readonly wholeVerified: boolean
  /** An unbroken series of connections that trusted only this authority and verified; null if there is none. */
  readonly alone: { readonly fingerprint: string; readonly sinceMs: number; readonly connections: number } | null
}

export const noEvidence: TrustEvidence = { trustedSinceMs: new Map(), wholeVerified: false, alone: null }

/** A Service distributes connections over its pods: a single one may miss a replica that still has the old certificate. */
const minConnections = 10

/** The evidence after the webhook configuration was read. */
export function recordRead(evidence: TrustEvidence, trust: Trust, elapsedMs: number): TrustEvidence {
  const now = findCommonAuthorities(trust).map(({ fingerprint }) => fingerprint)
  const before = evidence.trustedSinceMs
  const isUnchanged = before.size === now.length && now.every((fingerprint) => before.has(fingerprint))
  return {
    ...evidence,
    trustedSinceMs: new Map(now.map((fingerprint) => [fingerprint, before.get(fingerprint) ?? elapsedMs])),
    wholeVerified: evidence.wholeVerified && isUnchanged,
  }
}

/** The evidence after test connections: `whole` with the caBundle, `alone` with only the newest authority. */
export function recordProbes(
  evidence: TrustEvidence,
  newest: Authority,
  connections: { readonly whole: boolean; readonly alone: readonly boolean[] },
  elapsedMs: number,
): TrustEvidence {
  const { fingerprint } = newest
  const before =
    evidence.alone?.fingerprint === fingerprint ? evidence.alone : { fingerprint, sinceMs: elapsedMs, connections: 0 }
  const unbroken = connections.alone.length > 0 && connections.alone.every((verified) => verified)
  return {
    ...evidence,
    wholeVerified: connections.whole,
    alone: unbroken ? { ...before, connections: before.connections + connections.alone.length } : null,
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
  return alone?.fingerprint === fingerprint && alone.connections >= minConnections && nowMs - alone.sinceMs >= holdMs
}
