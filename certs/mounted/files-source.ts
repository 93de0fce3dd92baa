import type { ServingCertificate } from '../pki/serving-certificate.ts'
import { type CertificateEdges, type CertificateSource, certificateTrouble } from '../source.ts'
import { trackProblems } from '../trust/problems.ts'
import { redactingLog } from '../trust/redaction.ts'
import { type CaFile, caFilePublisher } from './ca-file.ts'
import { certificateReader } from './files.ts'

export interface FilesOptions {
  readonly certFile: string
  readonly keyFile: string
  /** Null: somebody else fills the caBundle, as cert-manager's cainjector does. */
  readonly caFile: CaFile | null
}

export interface FilesEdges extends CertificateEdges {
  readFile(path: string): Promise<string>
}

/** The kubelet brings a changed Secret into a mounted volume within about a minute. */
const pollMs = 10_000

/** A certificate that somebody else keeps: cert-manager, or whoever fills the Secret that is mounted here. */
export function filesSource({ certFile, keyFile, caFile }: FilesOptions, edges: FilesEdges): CertificateSource {
  const log = redactingLog(edges.log)
  const problems = trackProblems(log, edges.metrics.certificateSourceHealthy)
  const publisher = caFile === null ? null : caFilePublisher(caFile, problems, { ...edges, log })
  let certificate: ServingCertificate | null = null
  const readFiles = certificateReader({
    certFile,
    keyFile,
    readFile: edges.readFile,
    loaded: (loaded) => {
      certificate = loaded
      edges.serve(loaded)
      edges.metrics.certificateExpiry(loaded.expiresMs)
      const expires = new Date(loaded.expiresMs).toISOString()
      log.info({ event: 'certificate-loaded', expires, fingerprint: loaded.fingerprint })
    },
    unusable: (detail) => problems.set('files-unusable', detail),
    usable: () => problems.set('files-unusable', null),
  })
  const look = async (): Promise<void> => {
    await readFiles()
    const expired = certificateTrouble(certificate, edges.nowMs()).includes('certificate-expired')
    problems.set('certificate-expired', expired ? 'the serving certificate has expired' : null)
  }
  return {
    prepare: look,
    loops: {
      certificates: async (signal) => {
        while (!signal.aborted) {
          await edges.sleep(pollMs, signal)
          await look()
        }
      },
      ...publisher?.loops,
    },
    unready: () => [...certificateTrouble(certificate, edges.nowMs()), ...(publisher?.unready() ?? [])],
  }
}
