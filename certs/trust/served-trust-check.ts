import { type Clocks, isPastByBothClocks } from '../pki/clocks.ts'
import type { Leaf } from '../pki/secret-contents.ts'
import { isTrustedByAll, type Trust } from './trust.ts'
import { hasHeldLongEnough, type TrustEvidence } from './trust-evidence.ts'

export interface ServingChange {
  /** What the Secret holds. */
  readonly found: Leaf
  /** What is served now. */
  readonly current: Leaf | null
  readonly trust: Trust
  readonly evidence: TrustEvidence
  readonly clocks: Clocks
  readonly holdMs: number
  readonly elapsedMs: number
}

/**
 * Whether to serve what the Secret holds in place of what is served. What verifies is kept until what the Secret holds is
 * trusted everywhere too: the Secret may have been made anew by a replica that had nothing in memory.
 */
export function shouldServe({ found, current, trust, evidence, clocks, holdMs, elapsedMs }: ServingChange): boolean {
  if (current === null) return true
  if (current.fingerprint === found.fingerprint) return false
  const currentIsGood =
    !isPastByBothClocks(clocks, current.expiresMs) &&
    isTrustedByAll(trust, current.issuer.fingerprint) &&
    trust.kind === 'found'
  if (!currentIsGood) return true
  if (isPastByBothClocks(clocks, found.expiresMs)) return false
  return (
    current.issuer.fingerprint === found.issuer.fingerprint ||
    hasHeldLongEnough(evidence, found.issuer, holdMs, elapsedMs)
  )
}
