import { readFile } from 'node:fs/promises'
import type { ApiAccess } from './client.ts'

/** What a pod finds of the API server in its environment. */
export interface AccessEnvironment {
  readonly KUBECONFIG?: string | undefined
  readonly KUBERNETES_SERVICE_HOST?: string | undefined
  readonly KUBERNETES_SERVICE_PORT?: string | undefined
}

/**
 * In a pod by its service account; else by KUBECONFIG. client-node, which reads kubeconfigs, is only loaded for the latter:
 * it alone takes 85 MB of resident memory.
 */
export async function loadAccess(env: AccessEnvironment, serviceAccountDir: string): Promise<ApiAccess> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443', KUBECONFIG: file } = env
  if (file !== undefined && file !== '') return accessByKubeconfig(file)
  if (host === undefined || host === '') {
    throw new Error('no Kubernetes API: neither KUBECONFIG nor KUBERNETES_SERVICE_HOST is set')
  }
  const ca = await readFile(`${serviceAccountDir}/ca.crt`, 'utf8')
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    tls: { ca },
    authorization: async () => `Bearer ${(await readFile(`${serviceAccountDir}/token`, 'utf8')).trim()}`,
  }
}

async function accessByKubeconfig(file: string): Promise<ApiAccess> {
  const { HttpMethod, KubeConfig, RequestContext } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  config.loadFromFile(file)
  const cluster = config.getCurrentCluster()
  if (!cluster) throw new Error(`${file} has no current cluster`)
  const options: { ca?: unknown; cert?: unknown; key?: unknown } = {}
  await config.applyToHTTPSOptions(options)
  const pem = (value: unknown) => (value === undefined || value === null ? undefined : String(value))
  const parts = { ca: pem(options.ca), cert: pem(options.cert), key: pem(options.key) }
  return {
    server: cluster.server.replace(/\/$/, ''),
    tls: {
      ...(parts.ca !== undefined && { ca: parts.ca }),
      ...(parts.cert !== undefined && { cert: parts.cert }),
      ...(parts.key !== undefined && { key: parts.key }),
      ...(cluster.skipTLSVerify === true && { rejectUnauthorized: false }),
    },
    authorization: async () => {
      // Tokens of all of kubeconfig's kinds (exec plug-ins, files, OIDC) are client-node's to renew.
      const context = new RequestContext(cluster.server, HttpMethod.GET)
      await config.applySecurityAuthentication(context)
      return context.getHeaders().Authorization
    },
  }
}
