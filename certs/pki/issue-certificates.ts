import { createPrivateKey, generateKeyPair, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'
import { promisify } from 'node:util'
import forge from 'node-forge'

/** A certificate and its private key, PEM. The key must never reach a log. */
export interface KeyPair {
  readonly certificatePem: string
  readonly privateKeyPem: string
}

/** A fresh key, PEM. */
export interface RsaKeys {
  readonly publicKey: string
  readonly privateKey: string
}

const dayMs = 86_400_000
/** A clock that is a little behind ours must find the certificate valid already; no more than a tenth of its life. */
const maxSkewMs = 3_600_000

const rsaOptions = {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const

/** RSA 2048. Blocks for some hundred milliseconds: for the command line and tests. */
export const generateKeys = (): RsaKeys => generateKeyPairSync('rsa', rsaOptions)

/** The same in a thread of its own. */
export const generateKeysAside: () => Promise<RsaKeys> = () => promisify(generateKeyPair)('rsa', rsaOptions)

/** A new self-signed certificate authority, valid for `validDays` from `now`. */
export function createAuthority(now: Date, validDays = 365, keys: RsaKeys = generateKeys()): KeyPair {
  // Two authorities must differ by name too: a verifier that looks for an issuer by its name would try the wrong one.
  const serialNumber = randomSerial()
  const name = [{ name: 'commonName', value: `spark-nanny-ca-${serialNumber.slice(1, 9)}` }]
  const certificate = draft(keys, serialNumber, now, validDays)
  certificate.setSubject(name)
  certificate.setIssuer(name)
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, digitalSignature: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ])
  return { certificatePem: signed(certificate, keys.privateKey), privateKeyPem: keys.privateKey }
}

/**
 * A serving certificate for `hosts` (DNS names or IP addresses, the first is the common name), signed by `authority`
 * and valid for `validDays` from `now`. The API server asks for subject alternative names; the common name is not
 * enough.
 */
export function issueServingCertificate(
  authority: KeyPair,
  hosts: readonly [string, ...string[]],
  now: Date,
  validDays = 90,
  keys: RsaKeys = generateKeys(),
): KeyPair {
  const issuer = forge.pki.certificateFromPem(authority.certificatePem)
  const certificate = draft(keys, randomSerial(), now, validDays)
  // A common name has 64 characters at most (RFC 5280); names count only as subject alternative names.
  certificate.setSubject([{ name: 'commonName', value: hosts[0].slice(0, 64) }])
  certificate.setIssuer(issuer.subject.attributes)
  certificate.setExtensions([
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
    { name: 'extKeyUsage', serverAuth: true },
    {
      name: 'subjectAltName',
      altNames: hosts.map((host) => (isIP(host) ? { type: 7, ip: host } : { type: 2, value: host })),
    },
  ])
  return { certificatePem: signed(certificate, authority.privateKeyPem), privateKeyPem: keys.privateKey }
}

/** The leading 0 keeps the serial number positive. */
const randomSerial = () => `0${randomBytes(16).toString('hex').slice(1)}`

function draft(keys: RsaKeys, serialNumber: string, now: Date, validDays: number): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(keys.publicKey)
  certificate.serialNumber = serialNumber
  const validMs = validDays * dayMs
  certificate.validity.notBefore = new Date(now.getTime() - Math.min(maxSkewMs, validMs / 10))
  certificate.validity.notAfter = new Date(now.getTime() + validMs)
  return certificate
}

/** The certificate, PEM. OpenSSL signs: node-forge takes a tenth of a second for it, in which no admission is answered. */
function signed(certificate: forge.pki.Certificate, privateKeyPem: string): string {
  const key = forge.pki.privateKeyFromPem(privateKeyPem)
  key.sign = () => {
    const der = Buffer.from(forge.asn1.toDer(certificate.tbsCertificate).getBytes(), 'latin1')
    return sign('sha256', der, createPrivateKey(privateKeyPem)).toString('latin1')
  }
  certificate.sign(key, forge.md.sha256.create())
  return forge.pki.certificateToPem(certificate).replaceAll('\r', '')
}
