import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { toRecord } from '../../core/json.ts'
import { type Authority, parseAuthorities } from './ca-bundle.ts'
import { parseServingCertificate } from './serving-certificate.ts'

/**
 * The Secret that all replicas share:
 * - `ca.crt`: all authorities to trust, the newest first.
 * - `ca.key`: the key of the newest authority.
 * - `old-ca.key`: the key of the previous authority, until the newest authority has signed the serving certificate.
 * - `tls.crt` and `tls.key`: the serving certificate and its key.
 */
export interface SecretContents {
  readonly authorities: readonly [Authority, ...Authority[]]
  readonly newestKeyPem: string
  /** An authority that is not the newest, with its key. */
  readonly old: { readonly authority: Authority; readonly keyPem: string } | null
  readonly leaf: Leaf | UnusableLeaf
}

export interface Leaf {
  readonly kind: 'usable'
  readonly fingerprint: string
  readonly certificatePem: string
  readonly privateKeyPem: string
  /** The authority of `ca.crt` that signed it. */
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
  /** The Secret exists without contents, as the chart creates it. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'corrupted'; readonly detail: string }
  | { readonly kind: 'usable'; readonly contents: SecretContents }

export const secretKeys = ['ca.crt', 'ca.key', 'old-ca.key', 'tls.crt', 'tls.key'] as const
/** PEM text, by key of the Secret. */
export type SecretText = Readonly<Record<(typeof secretKeys)[number], string>>

/** Parses the `data` of a Secret. Details never contain any of its text. */
export function parseSecretContents(data: unknown): FoundContents {
  const text = decodeSecretText(data)
  if (Object.values(text).every((value) => value.trim() === '')) return { kind: 'empty' }
  const corrupted = (detail: string): FoundContents => ({ kind: 'corrupted', detail })
  const { authorities, garbage } = parseAuthorities(text['ca.crt'])
  const [newest, ...older] = authorities
  if (newest === undefined) return corrupted('ca.crt does not contain a CA certificate')
  if (garbage) return corrupted('ca.crt contains something other than CA certificates')
  const newestKey = parsePrivateKey(text['ca.key'])
  if (newestKey === undefined)
    return corrupted(text['ca.key'] === '' ? 'ca.key is absent' : 'ca.key is not a private key')
  if (newestKey.asymmetricKeyType !== 'rsa') return corrupted('ca.key is not an RSA key')
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
  if (certificate === undefined) return unusable('tls.crt is not a certificate')
  const key = parsePrivateKey(privateKeyPem)
  if (key === undefined)
    return unusable(privateKeyPem.trim() === '' ? 'tls.key is absent' : 'tls.key is not a private key')
  if (!certificate.checkPrivateKey(key)) return unusable('tls.key is not the key of tls.crt')
  const issuer = authorities.find((authority) => isSignedBy(certificate, authority))
  if (issuer === undefined) return unusable('tls.crt is not signed by an authority of ca.crt')
  // OpenSSL refuses to serve some that are sound otherwise, such as one with an RSA key of 1024 bits.
  if (parseServingCertificate(certificatePem, privateKeyPem).kind === 'unusable')
    return unusable('tls.crt or tls.key cannot be served, because OpenSSL considers its key or signature too weak')
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

/** Parses OpenSSL's text of the subject alternative names: `DNS:a.svc, IP Address:10.0.0.1`. */
function parseHosts({ subjectAltName = '' }: X509Certificate): readonly string[] {
  return [...subjectAltName.matchAll(/(?:DNS|IP Address):([^,\s]+)/g)].map(([, name = '']) => name)
}
