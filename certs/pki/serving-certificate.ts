import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContextOptions } from 'node:tls'

/** A serving certificate, ready for use by the TLS server. */
export interface ServingCertificate {
  readonly context: SecureContextOptions
  readonly expiresMs: number
  readonly fingerprint: string
}

export type LoadedCertificate =
  | { readonly kind: 'loaded'; readonly certificate: ServingCertificate }
  | { readonly kind: 'unusable'; readonly detail: string }

/**
 * The suites of TLS 1.3, and those of TLS 1.2 that are authenticated (AEAD) and keep past sessions secret. Go, and so every API
 * server, has all of them; Node.js would also accept CBC.
 */
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/** Parses a PEM certificate chain and its key, or returns why they are unusable. */
export function parseServingCertificate(certPem: string, keyPem: string): LoadedCertificate {
  try {
    const leaf = new X509Certificate(certPem)
    // A Secret volume changes atomically. Other ways of writing the files may leave one old and one new file.
    if (!leaf.checkPrivateKey(createPrivateKey(keyPem)))
      return { kind: 'unusable', detail: 'the key belongs to another certificate' }
    const context = { cert: certPem, key: keyPem, minVersion: 'TLSv1.2', ciphers } as const
    createSecureContext(context)
    return {
      kind: 'loaded',
      certificate: { context, expiresMs: Date.parse(leaf.validTo), fingerprint: leaf.fingerprint256 },
    }
  } catch (error) {
    return { kind: 'unusable', detail: error instanceof Error ? error.message : String(error) }
  }
}
