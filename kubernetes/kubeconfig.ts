import { HttpMethod, KubeConfig, RequestContext } from '@kubernetes/client-node'
import type { ApiAccess } from './client.ts'

/** One context of one or several kubeconfig files. */
export interface KubeconfigContext {
  readonly name: string
  /** The namespace of the context; null if it has none. */
  readonly namespace: string | null
  /** Reads certificates, exec plug-ins and tokens; rejects if one of them is wrong. */
  access(): Promise<ApiAccess>
}

export type KubeconfigChoice =
  | { readonly kind: 'context'; readonly context: KubeconfigContext }
  /** One line for the user. */
  | { readonly kind: 'problem'; readonly problem: string }

/**
 * The context with the name `wanted`, else the current context. The files must exist; they are merged as kubectl merges
 * `$KUBECONFIG`, so that an earlier file wins. This module loads client-node; import it only when it is needed.
 */
export function chooseContext(files: readonly string[], wanted: string | undefined): KubeconfigChoice {
  const problem = (text: string): KubeconfigChoice => ({ kind: 'problem', problem: text })
  const config = new KubeConfig()
  for (const file of files) {
    const next = new KubeConfig()
    try {
      next.loadFromFile(file)
    } catch (error) {
      return problem(
        `${file}: is not a kubeconfig: ${error instanceof Error ? firstLine(error.message) : String(error)}`,
      )
    }
    config.loadFromOptions({
      clusters: firstByName([...config.getClusters(), ...next.getClusters()]),
      contexts: firstByName([...config.getContexts(), ...next.getContexts()]),
      users: firstByName([...config.getUsers(), ...next.getUsers()]),
      currentContext: config.getCurrentContext() || next.getCurrentContext(),
    })
  }
  const where = files.join(', ')
  const name = wanted ?? config.getCurrentContext()
  const known = config.getContexts().map((context) => context.name)
  const available = known.length === 0 ? 'there is none' : `there are ${known.join(', ')}`
  if (!name) return problem(`${where}: no current context; ${available}`)
  const context = config.getContexts().find((one) => one.name === name)
  if (context === undefined) return problem(`${where}: no context "${name}"; ${available}`)
  config.setCurrentContext(name)
  const cluster = config.getCurrentCluster()
  if (cluster === null)
    return problem(`${where}: context "${name}" names cluster "${context.cluster}", which is absent`)
  if (cluster.proxyUrl) return problem(`${where}: cluster "${cluster.name}": proxy-url is not supported`)
  // Without impersonation spark-nanny would act with the permissions of another user.
  if (config.getCurrentUser()?.impersonateUser) {
    return problem(`${where}: user "${context.user}": impersonation (as) is not supported`)
  }
  const namespace = context.namespace ? context.namespace : null
  return { kind: 'context', context: { name, namespace, access: () => createAccess(config, cluster) } }
}

async function createAccess(
  config: KubeConfig,
  cluster: { readonly server: string; readonly skipTLSVerify?: boolean; readonly tlsServerName?: string },
): Promise<ApiAccess> {
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
      ...(cluster.tlsServerName !== undefined && { servername: cluster.tlsServerName }),
    },
    authorization: async () => {
      // client-node renews the tokens of every kind (exec plug-ins, files, OIDC).
      const context = new RequestContext(cluster.server, HttpMethod.GET)
      await config.applySecurityAuthentication(context)
      return context.getHeaders().Authorization
    },
  }
}

function firstByName<T extends { readonly name: string }>(items: readonly T[]): T[] {
  return items.filter((item, index) => items.findIndex(({ name }) => name === item.name) === index)
}

const firstLine = (text: string) => text.split('\n')[0] ?? text
