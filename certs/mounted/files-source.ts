import type { ServingCertificate } from '../pki/serving-certificate.ts'
import { type CertificateDeps, type CertificateSource, findUnreadyReasons } from '../source.ts'
import { createProblemTracker } from '../trust/problems.ts'
import { createRedactingLog } from '../trust/redaction.ts'
import { type CaFile, createCaFilePublisher } from './ca-file.ts'
import { createCertificateReader } from './files.ts'

export interface FilesOptions {
  readonly certFile: string
  readonly keyFile: string
  /** Null: somebody else fills the caBundle, as cert-manager's cainjector does. */
  readonly caFile: CaFile | null
}

export interface FilesDeps extends CertificateDeps {
  readFile(path: string): Promise<string>
}

/** The kubelet brings a changed Secret into a mounted volume within about a minute. */
const pollMs = 10_000

/** A certificate that somebody else keeps: cert-manager, or whoever fills the Secret that is mounted here. */
export function createFilesSource({ certFile, keyFile, caFile }: FilesOptions, edges: FilesDeps): CertificateSource {
  const log = createRedactingLog(edges.log)
  const problems = createProblemTracker(log, edges.metrics.certificateSourceHealthy)
  const publisher = caFile === null ? null : createCaFilePublisher(caFile, problems, { ...edges, log })
  let certificate: ServingCertificate | null = null
  const readFiles = createCertificateReader({
    certFile,
    keyFile,
    readFile: edges.readFile,
    onLoaded: (loaded) => {
      certificate = loaded
      edges.serve(loaded)
      edges.metrics.certificateExpiry(loaded.expiresMs)
      const expires = new Date(loaded.expiresMs).toISOString()
      log.info({ event: 'certificate-loaded', expires, fingerprint: loaded.fingerprint })
    },
    onUnusable: (detail) => problems.set('files-unusable', detail),
    onUsable: () => problems.set('files-unusable', null),
  })
  const look = async (): Promise<void> => {
    await readFiles()
    const expired = findUnreadyReasons(certificate, edges.nowMs()).includes('certificate-expired')
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
    unready: () => [...findUnreadyReasons(certificate, edges.nowMs()), ...(publisher?.unready() ?? [])],
  }
}
