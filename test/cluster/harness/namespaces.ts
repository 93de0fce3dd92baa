import type { Cluster } from './cluster.ts'
import { waitFor } from './processes.ts'

export const driverServiceAccount = 'spark'

const driverRules = [
  {
    apiGroups: [''],
    resources: ['pods', 'services', 'configmaps', 'persistentvolumeclaims'],
    verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'],
  },
]

/** Creates a namespace with these labels, and the service account and role that Spark drivers need. */
export const createNamespace = async (
  cluster: Cluster,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> => {
  const metadata = { name: driverServiceAccount, namespace: name }
  const apiGroup = 'rbac.authorization.k8s.io'
  const subject = { kind: 'ServiceAccount', name: driverServiceAccount, namespace: name }
  await cluster.core.createNamespace({ body: { metadata: { name, labels } } })
  await cluster.core.createNamespacedServiceAccount({ namespace: name, body: { metadata } })
  await cluster.objects.create({ apiVersion: `${apiGroup}/v1`, kind: 'Role', metadata, rules: driverRules })
  await cluster.objects.create({
    apiVersion: `${apiGroup}/v1`,
    kind: 'RoleBinding',
    metadata,
    subjects: [subject],
    roleRef: { apiGroup, kind: 'Role', name: driverServiceAccount },
  })
  // Until then admission rejects pods of the default account.
  await waitFor({ what: `service account of ${name}`, timeoutMs: 30_000 }, () =>
    cluster.core.readNamespacedServiceAccount({ namespace: name, name: 'default' }),
  )
}

/** Deletes a namespace without waiting. Pods get no grace period, because frozen ones would use all of it. */
export const deleteNamespace = async (cluster: Cluster, name: string): Promise<void> => {
  await cluster.kubectl([
    '-n',
    name,
    'delete',
    'pods',
    '--all',
    '--grace-period=1',
    '--wait=false',
    '--ignore-not-found',
  ])
  await cluster.kubectl(['delete', 'namespace', name, '--wait=false', '--ignore-not-found'])
}
