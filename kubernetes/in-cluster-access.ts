import { readFile } from 'node:fs/promises'
import type { ApiAccess } from './client.ts'

/** The environment variables that locate the API server. */
export interface AccessEnvironment {
  readonly KUBECONFIG?: string | undefined
  readonly KUBERNETES_SERVICE_HOST?: string | undefined
  readonly KUBERNETES_SERVICE_PORT?: string | undefined
}

/**
 * By KUBECONFIG if it is set, else by the pod's service account. client-node, which reads kubeconfigs, is only loaded for
 * the former, because it takes 85 MB of resident memory.
 */
export async function loadAccess(env: AccessEnvironment, serviceAccountDir: string): Promise<ApiAccess> {
  const { KUBECONFIG: file } = env
  if (file !== undefined && file !== '') {
    const { chooseContext } = await import('./kubeconfig.ts')
    const choice = chooseContext([file], undefined)
    if (choice.kind === 'problem') throw new Error(choice.problem)
    return choice.context.access()
  }
  const access = await accessInCluster(env, serviceAccountDir)
  if (access === undefined) {
    throw new Error('no Kubernetes API: neither KUBECONFIG nor KUBERNETES_SERVICE_HOST is set')
  }
  return access
}

/** By the service account of the process's pod; undefined if the process does not run in a pod. */
export async function accessInCluster(
  { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' }: AccessEnvironment,
  serviceAccountDir: string,
): Promise<ApiAccess | undefined> {
  if (host === undefined || host === '') return undefined
  const ca = await readFile(`${serviceAccountDir}/ca.crt`, 'utf8')
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    tls: { ca },
    authorization: async () => `Bearer ${(await readFile(`${serviceAccountDir}/token`, 'utf8')).trim()}`,
  }
}
