import { type LoadedCertificate, parseServingCertificate, type ServingCertificate } from '../pki/serving-certificate.ts'

export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
  readFile(path: string): Promise<string>
  /** Called with each certificate that differs from the one before. */
  onLoaded(certificate: ServingCertificate): void
  /** Called when the files became unusable; the certificate before is kept. */
  onUnusable(detail: string): void
  /** Called when they are of use again. */
  onUsable?(): void
}

/** Reads the files again at each call; tells only of changes. Symbolic links of a Secret volume are followed anew. */
export function createCertificateReader(files: CertificateFiles): () => Promise<void> {
  let fingerprint = ''
  let problem = ''
  return async () => {
    const result = await readPair(files)
    if (result.kind === 'unusable') {
      if (result.detail !== problem) files.onUnusable(result.detail)
      problem = result.detail
      return
    }
    if (problem !== '') files.onUsable?.()
    problem = ''
    if (result.certificate.fingerprint === fingerprint) return
    fingerprint = result.certificate.fingerprint
    files.onLoaded(result.certificate)
  }
}

async function readPair({ certFile, keyFile, readFile }: CertificateFiles): Promise<LoadedCertificate> {
  try {
    // One after the other: which of two absent files is told of must not change from one look to the next.
    const certPem = await readFile(certFile)
    return parseServingCertificate(certPem, await readFile(keyFile))
  } catch (error) {
    return { kind: 'unusable', detail: error instanceof Error ? error.message : String(error) }
  }
}
