import { type Authority, includesAuthority } from '../pki/ca-bundle.ts'
import { type Clocks, isAheadOfBothClocks, isPastByBothClocks } from '../pki/clocks.ts'
import type { FoundContents, Leaf, SecretContents } from '../pki/secret-contents.ts'
import {
  type CaBundle,
  computeCaBundlesToWrite,
  findForeignAuthorities,
  isTrustedByAll,
  type Trust,
} from '../trust/trust.ts'
import { hasHeldLongEnough, isProvenAlone, type TrustEvidence } from '../trust/trust-evidence.ts'
import type { RotationReason } from './rotation-reasons.ts'

/** The certificate that a replica serves, and the key of its authority if the replica has it in memory. */
export interface Serving {
  readonly leaf: Leaf
  readonly issuerKeyPem: string | null
}

/** Everything that decides the next step. Read together, the webhook configuration before the Secret. */
export interface RotationState {
  readonly found: FoundContents
  readonly trust: Trust
  readonly serving: Serving | null
  readonly evidence: TrustEvidence
  readonly clocks: Clocks
  /** Milliseconds of a monotonic clock. */
  readonly elapsedMs: number
  readonly plan: RotationPlan
}

export interface RotationPlan {
  readonly hosts: readonly [string, ...string[]]
  readonly authorityValidityMs: number
  readonly leafValidityMs: number
  /** How long all API servers need to see a new caBundle, and all replicas to see a new certificate. */
  readonly holdMs: number
}

/** One step. Each step is one write, after which all objects are read again. */
export type RotationStep =
  | { readonly kind: 'keep'; readonly reason: RotationReason }
  /** A new authority. `carried` is what was served until now, which stays valid as in a rotation; if null, all is new. */
  | { readonly kind: 'create'; readonly reason: RotationReason; readonly carried: Serving | null }
  | { readonly kind: 'begin-ca-rotation'; readonly reason: RotationReason; readonly contents: SecretContents }
  | {
      readonly kind: 'renew-leaf'
      readonly reason: RotationReason
      readonly contents: SecretContents
      readonly signer: Signer
    }
  /** The newest authority signs the leaf: the second phase of a rotation. */
  | { readonly kind: 'switch-leaf'; readonly reason: RotationReason; readonly contents: SecretContents }
  /** The Secret keeps only the newest authority: the last phase of a rotation. */
  | { readonly kind: 'retire-ca'; readonly reason: RotationReason; readonly contents: SecretContents }
  | { readonly kind: 'publish-bundle'; readonly reason: RotationReason; readonly caBundles: readonly CaBundle[] }

export interface Signer {
  readonly authority: Authority
  readonly keyPem: string
}

/** Decides the next step. Pure: all replicas that read the same objects decide the same step. */
export function decideNextStep(state: RotationState): RotationStep {
  const { found, trust, serving, clocks } = state
  // An uninstall removes the webhook configuration first. A Secret that it removes next must not be created again.
  if (found.kind === 'absent' && trust.kind === 'absent' && serving !== null)
    return { kind: 'keep', reason: 'waiting-for-configuration' }
  if (found.kind === 'absent') return createContents(state, 'secret-absent')
  if (found.kind === 'empty') return createContents(state, 'secret-empty')
  if (found.kind === 'corrupted') return createContents(state, 'secret-corrupted')
  const { contents } = found
  const [newest] = contents.authorities
  if (isPastByBothClocks(clocks, newest.expiresMs)) return createContents(state, 'ca-expired')
  if (isAheadOfBothClocks(clocks, newest.startsMs)) return createContents(state, 'ca-not-yet-valid')
  return (
    publishMissing(state, contents) ??
    replaceUnusableLeaf(state, contents) ??
    continueRotation(state, contents) ??
    renewDueLeaf(state, contents) ??
    startRotation(state, contents) ??
    removeForeignAuthorities(state, contents)
  )
}

type Rule<T extends RotationStep = RotationStep> = (state: RotationState, contents: SecretContents) => T | undefined

function createContents({ serving, clocks, trust }: RotationState, reason: RotationReason): RotationStep {
  const isUsable =
    serving !== null &&
    !isPastByBothClocks(clocks, serving.leaf.expiresMs) &&
    !isPastByBothClocks(clocks, serving.leaf.issuer.expiresMs) &&
    isTrustedByAll(trust, serving.leaf.issuer.fingerprint)
  return { kind: 'create', reason, carried: isUsable ? serving : null }
}

/** Trust comes first: an authority must be trusted before a certificate that it signed is served. */
const publishMissing: Rule = ({ trust, clocks }, { authorities }) => {
  const wanted = authorities.filter(({ expiresMs }) => !isPastByBothClocks(clocks, expiresMs))
  const caBundles = computeCaBundlesToWrite(trust, wanted, false, clocks)
  if (caBundles.length === 0) return undefined
  const isUntrusted = wanted.some(({ fingerprint }) => !isTrustedByAll(trust, fingerprint))
  return { kind: 'publish-bundle', reason: isUntrusted ? 'ca-not-trusted' : 'ca-bundle-stale', caBundles }
}

/** Replaces a leaf that cannot be used, independent of its age. */
const replaceUnusableLeaf: Rule = (state, contents) => {
  const { leaf } = contents
  const { clocks, plan } = state
  const renew = (reason: RotationReason): RotationStep => ({
    kind: 'renew-leaf',
    reason,
    contents,
    signer: chooseSigner(state, contents),
  })
  if (leaf.kind === 'unusable') return renew('leaf-unusable')
  if (!plan.hosts.every((host) => leaf.hosts.includes(host))) return renew('leaf-hosts')
  if (isAheadOfBothClocks(clocks, leaf.startsMs)) return renew('leaf-not-yet-valid')
  return undefined
}

const continueRotation: Rule = (state, contents) => {
  const { authorities, leaf } = contents
  const { clocks, trust, evidence, plan, elapsedMs } = state
  const [newest, ...older] = authorities
  if (older.length === 0 || leaf.kind === 'unusable') return undefined
  const keep = (reason: RotationReason): RotationStep => ({ kind: 'keep', reason })
  if (leaf.issuer.fingerprint === newest.fingerprint) {
    if (older.every(({ expiresMs }) => isPastByBothClocks(clocks, expiresMs)))
      return { kind: 'retire-ca', reason: 'old-ca-expired', contents }
    if (!isProvenAlone(evidence, newest, plan.holdMs, elapsedMs))
      return renewDueLeaf(state, contents) ?? keep('waiting-for-replicas')
    return { kind: 'retire-ca', reason: 'others-not-needed', contents }
  }
  if (isPastByBothClocks(clocks, leaf.issuer.expiresMs))
    return { kind: 'switch-leaf', reason: 'old-ca-expired', contents }
  const renewed = renewDueLeaf(state, contents)
  if (renewed !== undefined) return renewed
  if (trust.kind === 'absent') return keep('waiting-for-configuration')
  if (!hasHeldLongEnough(evidence, newest, plan.holdMs, elapsedMs)) return keep('waiting-for-hold')
  if (evidence.wholeVerified) return { kind: 'switch-leaf', reason: 'new-ca-proven', contents }
  if (endsSoon(clocks, leaf.issuer)) return { kind: 'switch-leaf', reason: 'old-ca-ends', contents }
  return keep('waiting-for-dial')
}

const renewDueLeaf: Rule = (state, contents) => {
  const { leaf } = contents
  if (leaf.kind === 'unusable' || !isPastByBothClocks(state.clocks, computeRenewalMs(leaf))) return undefined
  const signer = chooseSigner(state, contents)
  // Another leaf of the same authority would not end later than this one.
  const endsWithIt = leaf.expiresMs >= signer.authority.expiresMs - 1_000
  return endsWithIt ? undefined : { kind: 'renew-leaf', reason: 'leaf-due', contents, signer }
}

/** Starts a rotation, but only after the current authority is trusted: there is one rotation at a time. */
const startRotation: Rule = ({ clocks, trust }, contents) => {
  const [newest] = contents.authorities
  if (!isPastByBothClocks(clocks, computeRenewalMs(newest))) return undefined
  if (trust.kind === 'absent') return { kind: 'keep', reason: 'waiting-for-configuration' }
  return { kind: 'begin-ca-rotation', reason: 'ca-due', contents }
}

function removeForeignAuthorities(
  { trust, clocks, evidence, plan, elapsedMs }: RotationState,
  { authorities }: SecretContents,
): RotationStep {
  if (findForeignAuthorities(trust, authorities).length === 0) return { kind: 'keep', reason: 'settled' }
  if (!isProvenAlone(evidence, authorities[0], plan.holdMs, elapsedMs))
    return { kind: 'keep', reason: 'waiting-for-replicas' }
  const caBundles = computeCaBundlesToWrite(trust, authorities, true, clocks)
  return { kind: 'publish-bundle', reason: 'others-not-needed', caBundles }
}

/** Chooses the authority whose certificates verify everywhere: the old one until the leaf has been switched. */
function chooseSigner({ clocks }: RotationState, { authorities, newestKeyPem, old, leaf }: SecretContents): Signer {
  const newest = { authority: authorities[0], keyPem: newestKeyPem }
  const switched = leaf.kind === 'usable' && leaf.issuer.fingerprint === newest.authority.fingerprint
  if (switched || old === null || !includesAuthority(authorities, old.authority.fingerprint)) return newest
  return isPastByBothClocks(clocks, old.authority.expiresMs) ? newest : old
}

const computeRenewalMs = ({ startsMs, expiresMs }: { readonly startsMs: number; readonly expiresMs: number }) =>
  startsMs + ((expiresMs - startsMs) * 2) / 3

const endsSoon = (clocks: Clocks, { startsMs, expiresMs }: Authority) =>
  isPastByBothClocks(clocks, expiresMs - (expiresMs - startsMs) / 10)
