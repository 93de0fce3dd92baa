import { isIP } from 'node:net'
import forge from 'node-forge'

/** A certificate and its private key, PEM. The key must never reach a log. */
export interface KeyPair {
  readonly certificatePem: string
  readonly privateKeyPem: string
}

const dayMs = 86_400_000
/** A clock that is a little behind ours must find the certificate valid already. */
const skewMs = 3_600_000

/** A new self-signed certificate authority, valid for `validDays` from `now`. */
export function createAuthority(now: Date, validDays = 365): KeyPair {
  const keys = forge.pki.rsa.generateKeyPair(2048)
  const name = [{ name: 'commonName', value: 'spark-nanny-ca' }]
  const certificate = draft(keys.publicKey, now, validDays)
  certificate.setSubject(name)
  certificate.setIssuer(name)
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, digitalSignature: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ])
  return signed(certificate, keys.privateKey, keys.privateKey)
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
): KeyPair {
  const issuer = forge.pki.certificateFromPem(authority.certificatePem)
  const keys = forge.pki.rsa.generateKeyPair(2048)
  const certificate = draft(keys.publicKey, now, validDays)
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
  return signed(certificate, forge.pki.privateKeyFromPem(authority.privateKeyPem), keys.privateKey)
}

function draft(publicKey: forge.pki.rsa.PublicKey, now: Date, validDays: number): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = publicKey
  // The leading 0 keeps the serial number positive.
  certificate.serialNumber = `0${forge.util.bytesToHex(forge.random.getBytesSync(16)).slice(1)}`
  certificate.validity.notBefore = new Date(now.getTime() - skewMs)
  certificate.validity.notAfter = new Date(now.getTime() + validDays * dayMs)
  return certificate
}

function signed(
  certificate: forge.pki.Certificate,
  signingKey: forge.pki.rsa.PrivateKey,
  ownKey: forge.pki.rsa.PrivateKey,
): KeyPair {
  certificate.sign(signingKey, forge.md.sha256.create())
  return {
    certificatePem: forge.pki.certificateToPem(certificate),
    privateKeyPem: forge.pki.privateKeyToPem(ownKey),
  }
}
