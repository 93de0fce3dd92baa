import { access, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { serviceAccountTokenDir } from '../../core/contract/pod-contract.ts'
import type { KubernetesApi } from '../../kubernetes/api.ts'
import { type ApiAccess, createClient } from '../../kubernetes/client.ts'
import { accessInCluster } from '../../kubernetes/in-cluster-access.ts'
import { UsageError } from '../options/usage-error.ts'

/** Flags of all commands that use a cluster; see `withConnectionFlags`. */
export interface ConnectionFlags {
  readonly namespace?: string
  readonly context?: string
  readonly kubeconfig?: string
}

export interface Connection {
  readonly api: KubernetesApi
  /** URL of the API server, without a trailing slash. */
  readonly server: string
  /** `--namespace`, or the namespace of the context or of the current pod, or `default`. */
  readonly namespace: string
  /** Name of the context. Null inside a pod. */
  readonly context: string | null
  close(): void
}

/**
 * Finds the cluster like kubectl: `--kubeconfig`, then the files of $KUBECONFIG, then ~/.kube/config, then the service
 * account of the current pod. Files of $KUBECONFIG that do not exist are skipped. Sends no request to the API server.
 */
export async function connect(
  flags: ConnectionFlags,
  env: Readonly<Record<string, string | undefined>>,
  serviceAccountDir: string = serviceAccountTokenDir,
): Promise<Connection> {
  const files = await kubeconfigFiles(flags, env)
  if (files.length > 0) {
    // Loaded on demand, because client-node takes 0.1 s to load.
    const { chooseContext } = await import('../../kubernetes/kubeconfig.ts')
    const choice = chooseContext(files, flags.context)
    if (choice.kind === 'problem') throw new UsageError(choice.problem)
    const { name, namespace } = choice.context
    return connection(await choice.context.access(), flags.namespace ?? namespace ?? 'default', name)
  }
  const inCluster = await accessInCluster(env, serviceAccountDir)
  if (inCluster === undefined) {
    throw new UsageError('no cluster is configured: set --kubeconfig or KUBECONFIG; ~/.kube/config does not exist')
  }
  if (flags.context !== undefined)
    throw new UsageError(`there is no context "${flags.context}", because there is no kubeconfig`)
  const own = await readFile(`${serviceAccountDir}/namespace`, 'utf8').catch(() => '')
  return connection(inCluster, flags.namespace ?? (own.trim() || 'default'), null)
}

async function kubeconfigFiles(
  { kubeconfig }: ConnectionFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[]> {
  if (kubeconfig !== undefined) {
    if (!(await fileExists(kubeconfig)))
      throw new UsageError(`${kubeconfig}: there is no such file; expected a kubeconfig`)
    return [kubeconfig]
  }
  const named = (env.KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '')
  const paths = named.length > 0 ? named : [join(env.HOME || homedir(), '.kube', 'config')]
  const found = await Promise.all(paths.map(fileExists))
  const files = paths.filter((_, index) => found[index])
  if (named.length > 0 && files.length === 0) {
    throw new UsageError(`KUBECONFIG is ${env.KUBECONFIG}: there is no such file; expected a kubeconfig`)
  }
  return files
}

const fileExists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

function connection(apiAccess: ApiAccess, namespace: string, context: string | null): Connection {
  const client = createClient(apiAccess)
  return { api: client, server: apiAccess.server, namespace, context, close: () => client.close() }
}
