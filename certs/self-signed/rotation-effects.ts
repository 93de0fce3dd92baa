import type { KubernetesApi } from '../../kubernetes/api.ts'
import { type Authority, parseAuthorities, renderAuthorities } from '../pki/ca-bundle.ts'
import type { KeyPair } from '../pki/issue-certificates.ts'
import type { Issuer } from '../pki/issuer.ts'
import type { Bundle, BundleText, Leaf } from '../pki/secret-contents.ts'
import { type FoundSecret, type SecretName, type WriteOutcome, writeSecret } from '../trust/secret.ts'
import type { Trust } from '../trust/trust.ts'
import { writeCaBundles } from '../trust/webhook-configuration.ts'
import type { RotationPlan, RotationStep, Signer } from './rotation.ts'

export interface RotationTargets {
  readonly api: KubernetesApi
  readonly issuer: Issuer
  readonly secretName: SecretName
  readonly configurationName: string
}

/** What the step was decided by. */
export interface RotationGround {
  readonly secret: FoundSecret
  readonly trust: Trust
  readonly plan: RotationPlan
  /** What new certificates are dated by. */
  readonly fromMs: number
}

/** Does one step: one write, which holds only if nobody wrote since. */
export async function perform(
  step: Exclude<RotationStep, { readonly kind: 'keep' }>,
  { api, issuer, secretName, configurationName }: RotationTargets,
  ground: RotationGround,
): Promise<WriteOutcome> {
  if (step.kind === 'publish-bundle') {
    if (ground.trust.kind === 'absent') return { kind: 'conflict' }
    return writeCaBundles(api, configurationName, step.caBundles, ground.trust.resourceVersion)
  }
  let text: BundleText
  try {
    text = await nextText(step, issuer, ground)
  } catch (error) {
    return { kind: 'failed', detail: `nothing could be issued: ${error instanceof Error ? error.message : 'unknown'}` }
  }
  return writeSecret(api, secretName, text, ground.secret)
}

type SecretStep = Exclude<RotationStep, { readonly kind: 'keep' | 'publish-bundle' }>

/** What the Secret is to hold after the step. */
async function nextText(step: SecretStep, issuer: Issuer, ground: RotationGround): Promise<BundleText> {
  const { plan, fromMs } = ground
  switch (step.kind) {
    case 'create': {
      const created = await issuer.authority(fromMs, plan.authorityValidityMs)
      const { carried } = step
      if (carried === null) return freshText(created, await leafBy(created, authorityOf(created), issuer, ground))
      return { ...carriedText(created, [carried.leaf.issuer], carried.issuerKeyPem), ...leafText(carried.leaf) }
    }
    case 'begin-ca-rotation': {
      const created = await issuer.authority(fromMs, plan.authorityValidityMs)
      const { authorities, newestKeyPem, leaf } = step.bundle
      return { ...carriedText(created, authorities, newestKeyPem), ...leafText(leaf) }
    }
    case 'renew-leaf':
      return { ...bundleText(step.bundle), ...pairText(await leafBySigner(step.signer, issuer, ground)) }
    case 'switch-leaf': {
      const { authorities, newestKeyPem } = step.bundle
      const leaf = await leafBySigner({ authority: authorities[0], keyPem: newestKeyPem }, issuer, ground)
      // The old key signs nothing any more.
      return { ...bundleText(step.bundle), ...pairText(leaf), 'old-ca.key': '' }
    }
    case 'retire-ca':
      return {
        ...bundleText(step.bundle),
        'ca.crt': renderAuthorities([step.bundle.authorities[0]]),
        'old-ca.key': '',
      }
  }
}

const freshText = (authority: KeyPair, leaf: KeyPair): BundleText => ({
  'ca.crt': authority.certificatePem,
  'ca.key': authority.privateKeyPem,
  'old-ca.key': '',
  ...pairText(leaf),
})

const carriedText = (newest: KeyPair, older: readonly Authority[], oldKeyPem: string | null) => ({
  'ca.crt': `${newest.certificatePem.trim()}\n${renderAuthorities(older)}`,
  'ca.key': newest.privateKeyPem,
  'old-ca.key': oldKeyPem ?? '',
})

const bundleText = ({ authorities, newestKeyPem, old, leaf }: Bundle): BundleText => ({
  'ca.crt': renderAuthorities(authorities),
  'ca.key': newestKeyPem,
  'old-ca.key': old?.keyPem ?? '',
  ...leafText(leaf),
})

const leafText = (leaf: Bundle['leaf'] | Leaf) =>
  leaf.kind === 'usable'
    ? { 'tls.crt': leaf.certificatePem, 'tls.key': leaf.privateKeyPem }
    : { 'tls.crt': '', 'tls.key': '' }

const pairText = ({ certificatePem, privateKeyPem }: KeyPair) => ({
  'tls.crt': certificatePem,
  'tls.key': privateKeyPem,
})

const leafBySigner = ({ authority, keyPem }: Signer, issuer: Issuer, ground: RotationGround) =>
  leafBy({ certificatePem: authority.certificatePem, privateKeyPem: keyPem }, authority, issuer, ground)

/** No longer than its authority, with which it ends to be worth anything. */
function leafBy(pair: KeyPair, authority: Authority | undefined, issuer: Issuer, { plan, fromMs }: RotationGround) {
  const untilMs = Math.min(fromMs + plan.leafValidityMs, authority?.expiresMs ?? Number.POSITIVE_INFINITY)
  return issuer.leaf(pair, plan.hosts, fromMs, untilMs - fromMs)
}

const authorityOf = ({ certificatePem }: KeyPair) => parseAuthorities(certificatePem).authorities[0]
