import type { ServingCertificate } from '../pki/serving-certificate.ts'
import { type CertificateDeps, type CertificateSource, findUnreadyReasons } from '../source.ts'
import { createProblemTracker } from '../trust/problems.ts'
import { createRedactingLog } from '../trust/redaction.ts'
import { type CaFile, createCaFilePublisher } from './ca-file.ts'
import { createCertificateReader } from './files.ts'

export interface FilesOptions {
  readonly certFile: string
  readonly keyFile: string
  /** Null if another program fills the caBundle, as cert-manager's cainjector does. */
  readonly caFile: CaFile | null
}

export interface FilesDeps extends CertificateDeps {
  readFile(path: string): Promise<string>
}

/** The kubelet updates a mounted volume within about a minute after its Secret changed. */
const pollMs = 10_000

/** A certificate in mounted files, which cert-manager or another program keeps up to date. */
export function createFilesSource({ certFile, keyFile, caFile }: FilesOptions, deps: FilesDeps): CertificateSource {
  const log = createRedactingLog(deps.log)
  const problems = createProblemTracker(log, deps.metrics.setCertificateSourceHealthy)
  const publisher = caFile === null ? null : createCaFilePublisher(caFile, problems, { ...deps, log })
  let certificate: ServingCertificate | null = null
  const readFiles = createCertificateReader({
    certFile,
    keyFile,
    readFile: deps.readFile,
    onLoaded: (loaded) => {
      certificate = loaded
      deps.serve(loaded)
      deps.metrics.setCertificateExpiry(loaded.expiresMs)
      const expires = new Date(loaded.expiresMs).toISOString()
      log.info({ event: 'certificate-loaded', expires, fingerprint: loaded.fingerprint })
    },
    onUnusable: (detail) => problems.set('files-unusable', detail),
    onUsable: () => problems.set('files-unusable', null),
  })
  const readAndCheck = async (): Promise<void> => {
    await readFiles()
    const expired = findUnreadyReasons(certificate, deps.nowMs()).includes('certificate-expired')
    problems.set('certificate-expired', expired ? 'the serving certificate has expired' : null)
  }
  return {
    prepare: readAndCheck,
    loops: {
      certificates: async (signal) => {
        while (!signal.aborted) {
          await deps.sleep(pollMs, signal)
          await readAndCheck()
        }
      },
      ...publisher?.loops,
    },
    unready: () => [...findUnreadyReasons(certificate, deps.nowMs()), ...(publisher?.unready() ?? [])],
  }
}
