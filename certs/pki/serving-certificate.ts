import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContextOptions } from 'node:tls'

/** A serving certificate and what is known of it. */
export interface ServingCertificate {
  readonly context: SecureContextOptions
  readonly expiresMs: number
  readonly fingerprint: string
}

export type LoadedCertificate =
  | { readonly kind: 'loaded'; readonly certificate: ServingCertificate }
  | { readonly kind: 'unusable'; readonly detail: string }

/** A certificate chain and key in PEM that belong together, or why they are of no use. */
export function parseServingCertificate(certPem: string, keyPem: string): LoadedCertificate {
  try {
    const leaf = new X509Certificate(certPem)
    // A Secret is swapped as a whole, but other ways of writing the files may show one new and one old.
    if (!leaf.checkPrivateKey(createPrivateKey(keyPem)))
      return { kind: 'unusable', detail: 'the key is of another certificate' }
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
