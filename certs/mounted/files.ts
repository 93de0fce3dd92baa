import { type LoadedCertificate, parseServingCertificate, type ServingCertificate } from '../pki/serving-certificate.ts'

export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
  readFile(path: string): Promise<string>
  /** Called with each certificate that differs from the previous one. */
  onLoaded(certificate: ServingCertificate): void
  /** Called when the files have become unusable. The previous certificate stays in use. */
  onUnusable(detail: string): void
  /** Called when the files are usable again. */
  onUsable?(): void
}

/**
 * Returns a function that reads the files and reports only changes. Each call resolves the symbolic links of a Secret volume
 * again.
 */
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
    // Read in sequence: if both files are absent, every attempt must report the same one.
    const certPem = await readFile(certFile)
    return parseServingCertificate(certPem, await readFile(keyFile))
  } catch (error) {
    return { kind: 'unusable', detail: error instanceof Error ? error.message : String(error) }
  }
}
