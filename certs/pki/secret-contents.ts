import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { toRecord } from '../../core/json.ts'
import { type Authority, parseAuthorities } from './ca-bundle.ts'

/**
 * What the replicas share, in a Secret: `ca.crt` all authorities to trust, the newest first; `ca.key` the key of the newest;
 * `old-ca.key` the key of the one before, until the serving certificate is the newest's; `tls.crt` and `tls.key`.
 */
export interface SecretContents {
  readonly authorities: readonly [Authority, ...Authority[]]
  readonly newestKeyPem: string
  /** The key of one that is not the newest. */
  readonly old: { readonly authority: Authority; readonly keyPem: string } | null
  readonly leaf: Leaf | UnusableLeaf
}

export interface Leaf {
  readonly kind: 'usable'
  readonly fingerprint: string
  readonly certificatePem: string
  readonly privateKeyPem: string
  /** Which of the contents's authorities signed it. */
  readonly issuer: Authority
  readonly hosts: readonly string[]
  readonly startsMs: number
  readonly expiresMs: number
}

export interface UnusableLeaf {
  readonly kind: 'unusable'
  readonly detail: string
}

export type FoundContents =
  | { readonly kind: 'absent' }
  /** There is a Secret, and nothing of ours in it, as the chart makes it. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'corrupted'; readonly detail: string }
  | { readonly kind: 'usable'; readonly contents: SecretContents }

export const secretKeys = ['ca.crt', 'ca.key', 'old-ca.key', 'tls.crt', 'tls.key'] as const
/** PEM by key of the Secret. */
export type SecretText = Readonly<Record<(typeof secretKeys)[number], string>>

/** From a Secret's `data`. Details never hold what stood in it. */
export function parseSecretContents(data: unknown): FoundContents {
  const text = decodeSecretText(data)
  if (Object.values(text).every((value) => value.trim() === '')) return { kind: 'empty' }
  const corrupted = (detail: string): FoundContents => ({ kind: 'corrupted', detail })
  const { authorities, garbage } = parseAuthorities(text['ca.crt'])
  const [newest, ...older] = authorities
  if (newest === undefined) return corrupted('ca.crt holds no certificate of an authority')
  if (garbage) return corrupted('ca.crt holds something else than certificates of authorities')
  const newestKey = parsePrivateKey(text['ca.key'])
  if (newestKey === undefined) return corrupted(text['ca.key'] === '' ? 'ca.key is absent' : 'ca.key is no private key')
  if (newestKey.asymmetricKeyType !== 'rsa') return corrupted('ca.key is no RSA key')
  if (!isKeyOf(newest, newestKey)) return corrupted('ca.key is not the key of the first certificate in ca.crt')
  const oldKey = parsePrivateKey(text['old-ca.key'])
  const old = oldKey && older.find((authority) => isKeyOf(authority, oldKey))
  return {
    kind: 'usable',
    contents: {
      authorities: [newest, ...older],
      newestKeyPem: text['ca.key'],
      old: old === undefined ? null : { authority: old, keyPem: text['old-ca.key'] },
      leaf: parseLeaf(text['tls.crt'], text['tls.key'], authorities),
    },
  }
}

function parseLeaf(certificatePem: string, privateKeyPem: string, authorities: readonly Authority[]) {
  const unusable = (detail: string): UnusableLeaf => ({ kind: 'unusable', detail })
  if (certificatePem.trim() === '') return unusable('tls.crt is absent')
  const certificate = parseCertificate(certificatePem)
  if (certificate === undefined) return unusable('tls.crt is no certificate')
  const key = parsePrivateKey(privateKeyPem)
  if (key === undefined)
    return unusable(privateKeyPem.trim() === '' ? 'tls.key is absent' : 'tls.key is no private key')
  if (!certificate.checkPrivateKey(key)) return unusable('tls.key is not the key of tls.crt')
  const issuer = authorities.find((authority) => isSignedBy(certificate, authority))
  if (issuer === undefined) return unusable('tls.crt is signed by no authority of ca.crt')
  const leaf: Leaf = {
    kind: 'usable',
    fingerprint: certificate.fingerprint256,
    certificatePem,
    privateKeyPem,
    issuer,
    hosts: parseHosts(certificate),
    startsMs: Date.parse(certificate.validFrom),
    expiresMs: Date.parse(certificate.validTo),
  }
  return leaf
}

function decodeSecretText(data: unknown): SecretText {
  const record = toRecord(data)
  const text = (key: (typeof secretKeys)[number]) => {
    const value = record[key]
    return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : ''
  }
  return {
    'ca.crt': text('ca.crt'),
    'ca.key': text('ca.key'),
    'old-ca.key': text('old-ca.key'),
    'tls.crt': text('tls.crt'),
    'tls.key': text('tls.key'),
  }
}

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

function parsePrivateKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}

function isKeyOf(authority: Authority, key: KeyObject): boolean {
  return new X509Certificate(authority.certificatePem).checkPrivateKey(key)
}

function isSignedBy(certificate: X509Certificate, authority: Authority): boolean {
  const issuer = new X509Certificate(authority.certificatePem)
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

/** OpenSSL's text of the subject alternative names: `DNS:a.svc, IP Address:10.0.0.1`. */
function parseHosts({ subjectAltName = '' }: X509Certificate): readonly string[] {
  return [...subjectAltName.matchAll(/(?:DNS|IP Address):([^,\s]+)/g)].map(([, name = '']) => name)
}
