import { type Clocks, isPastByBothClocks } from '../pki/clocks.ts'
import type { Leaf } from '../pki/secret-contents.ts'
import { isTrustedByAll, type Trust } from './trust.ts'
import { hasHeldLongEnough, type TrustEvidence } from './trust-evidence.ts'

export interface ServingChange {
  /** The certificate in the Secret. */
  readonly found: Leaf
  /** The certificate that is served now. */
  readonly current: Leaf | null
  readonly trust: Trust
  readonly evidence: TrustEvidence
  readonly clocks: Clocks
  readonly holdMs: number
  readonly elapsedMs: number
}

/**
 * Whether to replace the served certificate by the one in the Secret. A certificate that verifies is kept until the one in
 * the Secret is trusted everywhere too: the Secret may have been created again by a replica that had no state.
 */
export function shouldServe({ found, current, trust, evidence, clocks, holdMs, elapsedMs }: ServingChange): boolean {
  if (current === null) return true
  if (current.fingerprint === found.fingerprint) return false
  const currentVerifies =
    !isPastByBothClocks(clocks, current.expiresMs) &&
    isTrustedByAll(trust, current.issuer.fingerprint) &&
    trust.kind === 'found'
  if (!currentVerifies) return true
  if (isPastByBothClocks(clocks, found.expiresMs)) return false
  return (
    current.issuer.fingerprint === found.issuer.fingerprint ||
    hasHeldLongEnough(evidence, found.issuer, holdMs, elapsedMs)
  )
}
