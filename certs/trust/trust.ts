import { toList, toRecord } from '../../core/json.ts'
import {
  type Authority,
  type AuthorityList,
  formatAuthorities,
  includesAuthority,
  parseAuthorities,
} from '../pki/ca-bundle.ts'
import { type Clocks, isPastByBothClocks } from '../pki/clocks.ts'

/** The authorities that the API server trusts when it calls a webhook. */
export type Trust =
  /** There is no webhook configuration, or it has no webhooks: the API server calls no webhook. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'found'; readonly resourceVersion: string; readonly webhooks: readonly TrustingWebhook[] }

export interface TrustingWebhook extends AuthorityList {
  readonly name: string
}

/** Parses a MutatingWebhookConfiguration. */
export function parseTrust(object: unknown): Trust {
  const { metadata, webhooks } = toRecord(object)
  const { resourceVersion } = toRecord(metadata)
  const list = toList(webhooks)
  if (list.length === 0 || typeof resourceVersion !== 'string') return { kind: 'absent' }
  return {
    kind: 'found',
    resourceVersion,
    webhooks: list.map((webhook) => {
      const { name, clientConfig } = toRecord(webhook)
      const { caBundle } = toRecord(clientConfig)
      const pem = typeof caBundle === 'string' ? Buffer.from(caBundle, 'base64').toString('utf8') : ''
      return { name: String(name), ...parseAuthorities(pem) }
    }),
  }
}

export const isTrustedByAll = (trust: Trust, fingerprint: string): boolean =>
  trust.kind === 'found' && trust.webhooks.every(({ authorities }) => includesAuthority(authorities, fingerprint))

/** The authorities that all webhooks trust. */
export function findCommonAuthorities(trust: Trust): readonly Authority[] {
  const [first] = trust.kind === 'found' ? trust.webhooks : []
  return (first?.authorities ?? []).filter(({ fingerprint }) => isTrustedByAll(trust, fingerprint))
}

/** The authorities that at least one webhook trusts, except those in `wanted`. */
export function findForeignAuthorities(trust: Trust, wanted: readonly Authority[]): readonly Authority[] {
  if (trust.kind === 'absent') return []
  return trust.webhooks
    .flatMap(({ authorities }) => authorities)
    .filter(({ fingerprint }) => !includesAuthority(wanted, fingerprint))
}

/** The PEM caBundle that a webhook should have. */
export interface CaBundle {
  readonly name: string
  readonly pem: string
}

/**
 * The caBundles to write; empty if all are correct. Missing authorities are added. A foreign authority stays until it
 * expires or `removeForeign` is set, because another replica may still serve a certificate that it signed.
 */
export function computeCaBundlesToWrite(
  trust: Trust,
  wanted: readonly Authority[],
  removeForeign: boolean,
  clocks: Clocks,
): readonly CaBundle[] {
  if (trust.kind === 'absent') return []
  return trust.webhooks.flatMap(({ name, authorities, garbage }) => {
    const others = authorities.filter(({ fingerprint }) => !includesAuthority(wanted, fingerprint))
    const kept = removeForeign ? [] : others.filter(({ expiresMs }) => !isPastByBothClocks(clocks, expiresMs))
    const complete = wanted.every(({ fingerprint }) => includesAuthority(authorities, fingerprint))
    if (complete && !garbage && kept.length === others.length) return []
    return [{ name, pem: formatAuthorities([...wanted, ...kept]) }]
  })
}

export const describeAbsence = (configurationName: string) =>
  `there is no MutatingWebhookConfiguration ${configurationName}, or it has no webhooks: no driver is protected`
