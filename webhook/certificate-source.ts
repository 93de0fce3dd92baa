import { readFile } from 'node:fs/promises'
import { createFilesSource } from '../certs/mounted/files-source.ts'
import { createForgeIssuer } from '../certs/pki/issuer.ts'
import { createSelfSignedSource } from '../certs/self-signed/self-signed.ts'
import type { CertificateDeps, CertificateSource } from '../certs/source.ts'
import { probeHandshake } from '../certs/trust/handshake-probe.ts'
import type { KubernetesApi } from '../kubernetes/api.ts'
import type { CertificatesConfig } from './config/config.ts'

const servicePort = 443
const dialDeadlineMs = 3_000

/** Creates the source that the configuration names. `namespace` and `api` are null if there is no Kubernetes API. */
export function createCertificateSource(
  config: CertificatesConfig,
  namespace: string | null,
  api: KubernetesApi | null,
  deps: CertificateDeps,
): CertificateSource {
  if (config.kind === 'files') {
    const { certFile, keyFile, ca } = config
    const caFile = ca === null || api === null ? null : { ...ca, api }
    const read = (path: string) => readFile(path, 'utf8')
    return createFilesSource({ certFile, keyFile, caFile }, { ...deps, readFile: read })
  }
  if (api === null || namespace === null) throw new Error('self-signed certificates without a Kubernetes API')
  const { secretName, serviceNames, configurationName, authorityValidityMs, leafValidityMs, holdMs } = config
  // The names by which the API server calls Services (k8s.io/apiserver/pkg/util/webhook/client.go).
  const formatHost = (serviceName: string) => `${serviceName}.${namespace}.svc`
  const [first, ...others] = serviceNames
  const host = formatHost(first)
  const target = { host, port: servicePort, servername: host, deadlineMs: dialDeadlineMs }
  return createSelfSignedSource(
    {
      secretName: { namespace, name: secretName },
      configurationName,
      plan: { hosts: [host, ...others.map(formatHost)], authorityValidityMs, leafValidityMs, holdMs },
    },
    {
      ...deps,
      api,
      issuer: createForgeIssuer(),
      probeHandshake: (authoritiesPem) => probeHandshake(target, authoritiesPem),
    },
  )
}
