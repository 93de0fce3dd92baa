import { generateKeyPair, generateKeyPairSync, randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import { promisify } from 'node:util'
import forge from 'node-forge'
import { signCertificate } from './openssl-signer.ts'

/** A certificate and its private key, PEM. The key must never reach a log. */
export interface KeyPair {
  readonly certificatePem: string
  readonly privateKeyPem: string
}

/** A new RSA key pair, PEM. */
export interface RsaKeys {
  readonly publicKey: string
  readonly privateKey: string
}

const dayMs = 86_400_000
/**
 * Certificates start this much in the past, or a tenth of their validity if that is shorter: a verifier whose clock is
 * slightly behind must already find the certificate valid.
 */
const maxSkewMs = 3_600_000

const rsaOptions = {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const

/** Generates an RSA 2048 key. Blocks for some hundred milliseconds: only for the command line and tests. */
export const generateKeys = (): RsaKeys => generateKeyPairSync('rsa', rsaOptions)

/** Generates an RSA 2048 key in a background thread. */
export const generateKeysInBackground: () => Promise<RsaKeys> = () => promisify(generateKeyPair)('rsa', rsaOptions)

/** Creates a self-signed certificate authority, valid for `validDays` from `now`. */
export function createAuthority(now: Date, validDays = 365, keys: RsaKeys = generateKeys()): KeyPair {
  // Every authority has its own name: a verifier that searches for the issuer by name would otherwise try the wrong one.
  const serialNumber = createSerialNumber()
  const name = [{ name: 'commonName', value: `spark-nanny-ca-${serialNumber.slice(0, 8)}` }]
  const certificate = createDraft(keys, serialNumber, now, validDays)
  certificate.setSubject(name)
  certificate.setIssuer(name)
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, digitalSignature: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ])
  return { certificatePem: signCertificate(certificate, keys.privateKey), privateKeyPem: keys.privateKey }
}

/**
 * Issues a serving certificate for `hosts` (DNS names or IP addresses; the first one is the common name), signed by
 * `authority` and valid for `validDays` from `now`. All hosts are subject alternative names, because the API server does
 * not accept a common name alone.
 */
export function issueServingCertificate(
  authority: KeyPair,
  hosts: readonly [string, ...string[]],
  now: Date,
  validDays = 90,
  keys: RsaKeys = generateKeys(),
): KeyPair {
  const issuer = forge.pki.certificateFromPem(authority.certificatePem)
  const certificate = createDraft(keys, createSerialNumber(), now, validDays)
  // A common name has at most 64 characters (RFC 5280). Verifiers read only the subject alternative names.
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
  return { certificatePem: signCertificate(certificate, authority.privateKeyPem), privateKeyPem: keys.privateKey }
}

/**
 * Creates a serial number of 16 bytes, hexadecimal, from random bytes. Its first byte is always 0x40 to 0x7f: a DER
 * integer must be positive and must not start with superfluous zeros. OpenSSL rejects the certificate otherwise
 * ("illegal padding"), and node-forge strips only one zero byte.
 */
export function createSerialNumber(random: Uint8Array = randomBytes(16)): string {
  const bytes = Buffer.from(random)
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f)
  return bytes.toString('hex')
}

function createDraft(keys: RsaKeys, serialNumber: string, now: Date, validDays: number): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(keys.publicKey)
  certificate.serialNumber = serialNumber
  const validMs = validDays * dayMs
  certificate.validity.notBefore = new Date(now.getTime() - Math.min(maxSkewMs, validMs / 10))
  certificate.validity.notAfter = new Date(now.getTime() + validMs)
  return certificate
}
