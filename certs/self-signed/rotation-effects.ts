import type { KubernetesApi } from '../../kubernetes/api.ts'
import { type Authority, formatAuthorities, parseAuthorities } from '../pki/ca-bundle.ts'
import type { KeyPair } from '../pki/issue-certificates.ts'
import type { Issuer } from '../pki/issuer.ts'
import type { Leaf, SecretContents, SecretText } from '../pki/secret-contents.ts'
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

/** The objects and the plan by which the step was decided. */
export interface RotationContext {
  readonly secret: FoundSecret
  readonly trust: Trust
  readonly plan: RotationPlan
  /** The start of the validity of new certificates. */
  readonly fromMs: number
}

/** Performs one step: one write, which takes effect only if the object has not changed since it was read. */
export async function performStep(
  step: Exclude<RotationStep, { readonly kind: 'keep' }>,
  { api, issuer, secretName, configurationName }: RotationTargets,
  context: RotationContext,
): Promise<WriteOutcome> {
  if (step.kind === 'publish-bundle') {
    if (context.trust.kind === 'absent') return { kind: 'conflict' }
    return writeCaBundles(api, configurationName, step.caBundles, context.trust.resourceVersion)
  }
  let text: SecretText
  try {
    text = await createNextText(step, issuer, context)
  } catch (error) {
    return {
      kind: 'failed',
      detail: `no certificate could be issued: ${error instanceof Error ? error.message : 'unknown'}`,
    }
  }
  return writeSecret(api, secretName, text, context.secret)
}

type SecretStep = Exclude<RotationStep, { readonly kind: 'keep' | 'publish-bundle' }>

/** The contents of the Secret after the step. */
async function createNextText(step: SecretStep, issuer: Issuer, context: RotationContext): Promise<SecretText> {
  const { plan, fromMs } = context
  switch (step.kind) {
    case 'create': {
      const created = await issuer.createAuthority(fromMs, plan.authorityValidityMs)
      const { carried } = step
      if (carried === null)
        return formatFresh(created, await issueLeaf(created, parseAuthority(created), issuer, context))
      return { ...formatRotating(created, [carried.leaf.issuer], carried.issuerKeyPem), ...formatLeaf(carried.leaf) }
    }
    case 'begin-ca-rotation': {
      const created = await issuer.createAuthority(fromMs, plan.authorityValidityMs)
      const { authorities, newestKeyPem, leaf } = step.contents
      return { ...formatRotating(created, authorities, newestKeyPem), ...formatLeaf(leaf) }
    }
    case 'renew-leaf':
      return {
        ...formatContents(step.contents),
        ...formatKeyPair(await issueLeafBySigner(step.signer, issuer, context)),
      }
    case 'switch-leaf': {
      const { authorities, newestKeyPem } = step.contents
      const leaf = await issueLeafBySigner({ authority: authorities[0], keyPem: newestKeyPem }, issuer, context)
      // The old key no longer signs anything.
      return { ...formatContents(step.contents), ...formatKeyPair(leaf), 'old-ca.key': '' }
    }
    case 'retire-ca':
      return {
        ...formatContents(step.contents),
        'ca.crt': formatAuthorities([step.contents.authorities[0]]),
        'old-ca.key': '',
      }
  }
}

const formatFresh = (authority: KeyPair, leaf: KeyPair): SecretText => ({
  'ca.crt': authority.certificatePem,
  'ca.key': authority.privateKeyPem,
  'old-ca.key': '',
  ...formatKeyPair(leaf),
})

const formatRotating = (newest: KeyPair, older: readonly Authority[], oldKeyPem: string | null) => ({
  'ca.crt': `${newest.certificatePem.trim()}\n${formatAuthorities(older)}`,
  'ca.key': newest.privateKeyPem,
  'old-ca.key': oldKeyPem ?? '',
})

const formatContents = ({ authorities, newestKeyPem, old, leaf }: SecretContents): SecretText => ({
  'ca.crt': formatAuthorities(authorities),
  'ca.key': newestKeyPem,
  'old-ca.key': old?.keyPem ?? '',
  ...formatLeaf(leaf),
})

const formatLeaf = (leaf: SecretContents['leaf'] | Leaf) =>
  leaf.kind === 'usable'
    ? { 'tls.crt': leaf.certificatePem, 'tls.key': leaf.privateKeyPem }
    : { 'tls.crt': '', 'tls.key': '' }

const formatKeyPair = ({ certificatePem, privateKeyPem }: KeyPair) => ({
  'tls.crt': certificatePem,
  'tls.key': privateKeyPem,
})

const issueLeafBySigner = ({ authority, keyPem }: Signer, issuer: Issuer, context: RotationContext) =>
  issueLeaf({ certificatePem: authority.certificatePem, privateKeyPem: keyPem }, authority, issuer, context)

/** Issues a leaf that ends no later than its authority: without the authority it would not verify. */
function issueLeaf(pair: KeyPair, authority: Authority | undefined, issuer: Issuer, { plan, fromMs }: RotationContext) {
  const untilMs = Math.min(fromMs + plan.leafValidityMs, authority?.expiresMs ?? Number.POSITIVE_INFINITY)
  return issuer.issueLeaf(pair, plan.hosts, fromMs, untilMs - fromMs)
}

const parseAuthority = ({ certificatePem }: KeyPair) => parseAuthorities(certificatePem).authorities[0]
