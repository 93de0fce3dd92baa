import { type Authority, holds } from '../pki/ca-bundle.ts'
import { type Clocks, isAhead, isPast } from '../pki/clocks.ts'
import type { Bundle, FoundBundle, Leaf } from '../pki/secret-contents.ts'
import { type CaBundle, caBundlesToWrite, strangers, type Trust, trustedByAll } from '../trust/trust.ts'
import { isHeld, isProvenAlone, type Proof } from '../trust/trust-evidence.ts'
import type { RotationReason } from './rotation-reasons.ts'

/** What a replica serves, and what of its authority it has in memory. */
export interface Serving {
  readonly leaf: Leaf
  readonly issuerKeyPem: string | null
}

/** All that the next step is decided by. Read at one time, the webhook configuration before the Secret. */
export interface Situation {
  readonly found: FoundBundle
  readonly trust: Trust
  readonly serving: Serving | null
  readonly proof: Proof
  readonly clocks: Clocks
  /** Passes by, whatever the clocks say. */
  readonly elapsedMs: number
  readonly plan: RotationPlan
}

export interface RotationPlan {
  readonly hosts: readonly [string, ...string[]]
  readonly authorityValidityMs: number
  readonly leafValidityMs: number
  /** For several API servers to hear of a new caBundle, and for several replicas to hear of a new certificate. */
  readonly holdMs: number
}

/** One step. Each is one write, after which everything is read again. */
export type RotationStep =
  | { readonly kind: 'keep'; readonly reason: RotationReason }
  /** A new authority. `carried`: beside what is served until now, so that it is a rotation; else all is new. */
  | { readonly kind: 'create'; readonly reason: RotationReason; readonly carried: Serving | null }
  | { readonly kind: 'begin-ca-rotation'; readonly reason: RotationReason; readonly bundle: Bundle }
  | { readonly kind: 'renew-leaf'; readonly reason: RotationReason; readonly bundle: Bundle; readonly signer: Signer }
  /** The leaf by the newest authority: the second phase. */
  | { readonly kind: 'switch-leaf'; readonly reason: RotationReason; readonly bundle: Bundle }
  /** The Secret lists the newest authority alone. */
  | { readonly kind: 'retire-ca'; readonly reason: RotationReason; readonly bundle: Bundle }
  | { readonly kind: 'publish-bundle'; readonly reason: RotationReason; readonly caBundles: readonly CaBundle[] }

export interface Signer {
  readonly authority: Authority
  readonly keyPem: string
}

/** The next step, the same for every replica that sees the same. */
export function nextStep(situation: Situation): RotationStep {
  const { found, trust, serving, clocks } = situation
  // An uninstallation takes the webhook configuration first: what it then takes does not come back while we still run.
  if (found.kind === 'absent' && trust.kind === 'absent' && serving !== null)
    return { kind: 'keep', reason: 'waiting-for-configuration' }
  if (found.kind === 'absent') return create(situation, 'secret-absent')
  if (found.kind === 'empty') return create(situation, 'secret-empty')
  if (found.kind === 'corrupted') return create(situation, 'secret-corrupted')
  const { bundle } = found
  const [newest] = bundle.authorities
  if (isPast(clocks, newest.expiresMs)) return create(situation, 'ca-expired')
  if (isAhead(clocks, newest.startsMs)) return create(situation, 'ca-not-yet-valid')
  return (
    publish(situation, bundle) ??
    replaceLeaf(situation, bundle) ??
    goOnRotating(situation, bundle) ??
    renewInTime(situation, bundle) ??
    beginRotation(situation, bundle) ??
    dropStrangers(situation, bundle)
  )
}

type Rule<T extends RotationStep = RotationStep> = (situation: Situation, bundle: Bundle) => T | undefined

function create({ serving, clocks, trust }: Situation, reason: RotationReason): RotationStep {
  const good =
    serving !== null &&
    !isPast(clocks, serving.leaf.expiresMs) &&
    !isPast(clocks, serving.leaf.issuer.expiresMs) &&
    trustedByAll(trust, serving.leaf.issuer.fingerprint)
  return { kind: 'create', reason, carried: good ? serving : null }
}

/** Trust first: an authority is trusted before anything that it signed is served. */
const publish: Rule = ({ trust, clocks }, { authorities }) => {
  const wanted = authorities.filter(({ expiresMs }) => !isPast(clocks, expiresMs))
  const caBundles = caBundlesToWrite(trust, wanted, false, clocks)
  if (caBundles.length === 0) return undefined
  const lacking = wanted.some(({ fingerprint }) => !trustedByAll(trust, fingerprint))
  return { kind: 'publish-bundle', reason: lacking ? 'ca-not-trusted' : 'ca-bundle-stale', caBundles }
}

/** What is wrong with a leaf now, whatever its age. */
const replaceLeaf: Rule = (situation, bundle) => {
  const { leaf } = bundle
  const { clocks, plan } = situation
  const renew = (reason: RotationReason): RotationStep => ({
    kind: 'renew-leaf',
    reason,
    bundle,
    signer: signerOf(situation, bundle),
  })
  if (leaf.kind === 'unusable') return renew('leaf-unusable')
  if (!plan.hosts.every((host) => leaf.hosts.includes(host))) return renew('leaf-hosts')
  if (isAhead(clocks, leaf.startsMs)) return renew('leaf-not-yet-valid')
  return undefined
}

const goOnRotating: Rule = (situation, bundle) => {
  const { authorities, leaf } = bundle
  const { clocks, trust, proof, plan, elapsedMs } = situation
  const [newest, ...older] = authorities
  if (older.length === 0 || leaf.kind === 'unusable') return undefined
  const keep = (reason: RotationReason): RotationStep => ({ kind: 'keep', reason })
  if (leaf.issuer.fingerprint === newest.fingerprint) {
    if (older.every(({ expiresMs }) => isPast(clocks, expiresMs)))
      return { kind: 'retire-ca', reason: 'old-ca-expired', bundle }
    if (!isProvenAlone(proof, newest, plan.holdMs, elapsedMs))
      return renewInTime(situation, bundle) ?? keep('waiting-for-replicas')
    return { kind: 'retire-ca', reason: 'others-not-needed', bundle }
  }
  if (isPast(clocks, leaf.issuer.expiresMs)) return { kind: 'switch-leaf', reason: 'old-ca-expired', bundle }
  const renewed = renewInTime(situation, bundle)
  if (renewed !== undefined) return renewed
  if (trust.kind === 'absent') return keep('waiting-for-configuration')
  if (!isHeld(proof, newest, plan.holdMs, elapsedMs)) return keep('waiting-for-hold')
  if (proof.wholeVerified) return { kind: 'switch-leaf', reason: 'new-ca-proven', bundle }
  if (endsSoon(clocks, leaf.issuer)) return { kind: 'switch-leaf', reason: 'old-ca-ends', bundle }
  return keep('waiting-for-dial')
}

const renewInTime: Rule = (situation, bundle) => {
  const { leaf } = bundle
  if (leaf.kind === 'unusable' || !isPast(situation.clocks, twoThirdsOf(leaf))) return undefined
  const signer = signerOf(situation, bundle)
  // One more by the same authority would end no later than this one.
  const endsWithIt = leaf.expiresMs >= signer.authority.expiresMs - 1_000
  return endsWithIt ? undefined : { kind: 'renew-leaf', reason: 'leaf-due', bundle, signer }
}

/** Not before the authority that is to be replaced is itself trusted: one rotation at a time. */
const beginRotation: Rule = ({ clocks, trust }, bundle) => {
  const [newest] = bundle.authorities
  if (!isPast(clocks, twoThirdsOf(newest))) return undefined
  if (trust.kind === 'absent') return { kind: 'keep', reason: 'waiting-for-configuration' }
  return { kind: 'begin-ca-rotation', reason: 'ca-due', bundle }
}

function dropStrangers({ trust, clocks, proof, plan, elapsedMs }: Situation, { authorities }: Bundle): RotationStep {
  if (strangers(trust, authorities).length === 0) return { kind: 'keep', reason: 'settled' }
  if (!isProvenAlone(proof, authorities[0], plan.holdMs, elapsedMs))
    return { kind: 'keep', reason: 'waiting-for-replicas' }
  const caBundles = caBundlesToWrite(trust, authorities, true, clocks)
  return { kind: 'publish-bundle', reason: 'others-not-needed', caBundles }
}

/** The authority whose certificates verify everywhere: the old one as long as the leaf has not been switched. */
function signerOf({ clocks }: Situation, { authorities, newestKeyPem, old, leaf }: Bundle): Signer {
  const newest = { authority: authorities[0], keyPem: newestKeyPem }
  const switched = leaf.kind === 'usable' && leaf.issuer.fingerprint === newest.authority.fingerprint
  if (switched || old === null || !holds(authorities, old.authority.fingerprint)) return newest
  return isPast(clocks, old.authority.expiresMs) ? newest : old
}

const twoThirdsOf = ({ startsMs, expiresMs }: { readonly startsMs: number; readonly expiresMs: number }) =>
  startsMs + ((expiresMs - startsMs) * 2) / 3

const endsSoon = (clocks: Clocks, { startsMs, expiresMs }: Authority) =>
  isPast(clocks, expiresMs - (expiresMs - startsMs) / 10)
