import { type Clocks, isPast } from '../pki/clocks.ts'
import type { Leaf } from '../pki/secret-contents.ts'
import { type Trust, trustedByAll } from './trust.ts'
import { isHeld, type Proof } from './trust-evidence.ts'

export interface AdoptionCase {
  /** What the Secret holds. */
  readonly found: Leaf
  /** What is served now. */
  readonly current: Leaf | null
  readonly trust: Trust
  readonly proof: Proof
  readonly clocks: Clocks
  readonly holdMs: number
  readonly elapsedMs: number
}

/**
 * Whether to serve what the Secret holds in place of what is served. What verifies is kept until what the Secret holds is
 * trusted everywhere too: the Secret may have been made anew by a replica that had nothing in memory.
 */
export function isAdopted({ found, current, trust, proof, clocks, holdMs, elapsedMs }: AdoptionCase): boolean {
  if (current === null) return true
  if (current.fingerprint === found.fingerprint) return false
  const currentIsGood =
    !isPast(clocks, current.expiresMs) && trustedByAll(trust, current.issuer.fingerprint) && trust.kind === 'found'
  if (!currentIsGood) return true
  if (isPast(clocks, found.expiresMs)) return false
  return current.issuer.fingerprint === found.issuer.fingerprint || isHeld(proof, found.issuer, holdMs, elapsedMs)
}
