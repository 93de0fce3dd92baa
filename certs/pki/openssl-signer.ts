import { createPrivateKey, sign } from 'node:crypto'
import forge from 'node-forge'

/**
 * Signs a certificate with SHA-256 and returns it as PEM.
 *
 * node-forge builds the certificate, but OpenSSL computes the signature: node-forge does it in JavaScript, which takes
 * about 100 ms. The event loop is blocked for that time, and no admission request is answered. node-forge calls
 * `key.sign` with a digest; this method is replaced for this one key object, and signs the encoded certificate body
 * (`tbsCertificate`, which node-forge sets before it calls `sign`) instead of the digest.
 */
export function signCertificate(certificate: forge.pki.Certificate, privateKeyPem: string): string {
  const key = forge.pki.privateKeyFromPem(privateKeyPem)
  key.sign = () => {
    const body = Buffer.from(forge.asn1.toDer(certificate.tbsCertificate).getBytes(), 'latin1')
    return sign('sha256', body, createPrivateKey(privateKeyPem)).toString('latin1')
  }
  certificate.sign(key, forge.md.sha256.create())
  return forge.pki.certificateToPem(certificate).replaceAll('\r', '')
}
