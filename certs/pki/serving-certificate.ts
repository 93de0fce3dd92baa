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

/** Parses a PEM certificate chain and its key, or returns why they are unusable. */
export function parseServingCertificate(certPem: string, keyPem: string): LoadedCertificate {
  try {
    const leaf = new X509Certificate(certPem)
    // A Secret volume changes atomically. Other ways of writing the files may leave one old and one new file.
    if (!leaf.checkPrivateKey(createPrivateKey(keyPem)))
      return { kind: 'unusable', detail: 'the key belongs to another certificate' }
    const context = { cert: certPem, key: keyPem, minVersion: 'TLSv1.2' } as const
    createSecureContext(context)
    return {
      kind: 'loaded',
      certificate: { context, expiresMs: Date.parse(leaf.validTo), fingerprint: leaf.fingerprint256 },
    }
  } catch (error) {
    return { kind: 'unusable', detail: error instanceof Error ? error.message : String(error) }
  }
}
