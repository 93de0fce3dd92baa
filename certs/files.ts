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
export function parseCertificate(certPem: string, keyPem: string): LoadedCertificate {
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

export interface CertificateSource {
  readonly certFile: string
  readonly keyFile: string
  readFile(path: string): Promise<string>
  /** Called with each certificate that differs from the one before. */
  loaded(certificate: ServingCertificate): void
  /** Called when the files became unusable; the certificate before is kept. */
  unusable(detail: string): void
}

/** Reads the files again at each call; tells only of changes. Symbolic links of a Secret volume are followed anew. */
export function certificateReader(source: CertificateSource): () => Promise<void> {
  let fingerprint = ''
  let problem = ''
  return async () => {
    const result = await readPair(source)
    if (result.kind === 'unusable') {
      if (result.detail !== problem) source.unusable(result.detail)
      problem = result.detail
      return
    }
    problem = ''
    if (result.certificate.fingerprint === fingerprint) return
    fingerprint = result.certificate.fingerprint
    source.loaded(result.certificate)
  }
}

async function readPair({ certFile, keyFile, readFile }: CertificateSource): Promise<LoadedCertificate> {
  try {
    // One after the other: which of two absent files is told of must not change from one look to the next.
    const certPem = await readFile(certFile)
    return parseCertificate(certPem, await readFile(keyFile))
  } catch (error) {
    return { kind: 'unusable', detail: error instanceof Error ? error.message : String(error) }
  }
}
