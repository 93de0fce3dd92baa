import { access, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { serviceAccountTokenDir } from '../../core/contract/pod-contract.ts'
import type { KubernetesApi } from '../../kubernetes/api.ts'
import { type ApiAccess, createClient } from '../../kubernetes/client.ts'
import { accessInCluster } from '../../kubernetes/in-cluster-access.ts'
import { UsageError } from '../options/usage-error.ts'

/** Flags that all commands share which talk to a cluster; see `withConnectionFlags`. */
export interface ConnectionFlags {
  readonly namespace?: string
  readonly context?: string
  readonly kubeconfig?: string
}

export interface Connection {
  readonly api: KubernetesApi
  /** URL of the API server, without a slash at its end. */
  readonly server: string
  /** `--namespace`, else that of the context or of the own pod, else `default`. */
  readonly namespace: string
  /** Null within a pod. */
  readonly context: string | null
  close(): void
}

/**
 * As kubectl does: `--kubeconfig`, else the files of $KUBECONFIG, else ~/.kube/config, else the service account of the
 * own pod. Files of $KUBECONFIG that do not exist are passed over. Asks the API server nothing yet.
 */
export async function connect(
  flags: ConnectionFlags,
  env: Readonly<Record<string, string | undefined>>,
  serviceAccountDir: string = serviceAccountTokenDir,
): Promise<Connection> {
  const files = await kubeconfigFiles(flags, env)
  if (files.length > 0) {
    // client-node takes a tenth of a second to load.
    const { chooseContext } = await import('../../kubernetes/kubeconfig.ts')
    const choice = chooseContext(files, flags.context)
    if (choice.kind === 'problem') throw new UsageError(choice.problem)
    const { name, namespace } = choice.context
    return connection(await choice.context.access(), flags.namespace ?? namespace ?? 'default', name)
  }
  const inCluster = await accessInCluster(env, serviceAccountDir)
  if (inCluster === undefined) {
    throw new UsageError('no cluster: give --kubeconfig or set KUBECONFIG; ~/.kube/config is absent')
  }
  if (flags.context !== undefined) throw new UsageError(`no context "${flags.context}": there is no kubeconfig`)
  const own = await readFile(`${serviceAccountDir}/namespace`, 'utf8').catch(() => '')
  return connection(inCluster, flags.namespace ?? (own.trim() || 'default'), null)
}

async function kubeconfigFiles(
  { kubeconfig }: ConnectionFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[]> {
  if (kubeconfig !== undefined) {
    if (!(await isThere(kubeconfig)))
      throw new UsageError(`${kubeconfig}: there is no such file; expected a kubeconfig`)
    return [kubeconfig]
  }
  const named = (env.KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '')
  const paths = named.length > 0 ? named : [join(env.HOME || homedir(), '.kube', 'config')]
  const found = await Promise.all(paths.map(isThere))
  const files = paths.filter((_, index) => found[index])
  if (named.length > 0 && files.length === 0) {
    throw new UsageError(`KUBECONFIG is ${env.KUBECONFIG}: there is no such file; expected a kubeconfig`)
  }
  return files
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

function connection(apiAccess: ApiAccess, namespace: string, context: string | null): Connection {
  const client = createClient(apiAccess)
  return { api: client, server: apiAccess.server, namespace, context, close: () => client.close() }
}
