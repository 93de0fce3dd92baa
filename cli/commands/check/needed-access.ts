import type { AccessRule, PathRule } from '../../cluster/access-rule.ts'
import type { WebhookDeployment } from './installed-objects.ts'

/**
 * The permissions that the webhook's ServiceAccount needs; they depend on the certificate source. The chart grants them in
 * charts/spark-nanny/files/rbac.yaml, and a test compares the two.
 */
export function webhookAccess(
  deployment: Pick<WebhookDeployment, 'namespace' | 'name' | 'env' | 'secret'>,
): readonly (AccessRule | PathRule)[] {
  const { namespace, name, env, secret } = deployment
  const configuration = env.SPARK_NANNY_WEBHOOK_CONFIGURATION
  const lease = env.SPARK_NANNY_LEASE ?? name
  const here = { group: '', namespace }
  const scope = env.SPARK_NANNY_NAMESPACES?.split(',') ?? []
  return [
    ...(scope.length === 0 ? [...accessToDrivers(''), ...accessToCluster] : scope.flatMap(accessInScope)),
    ...(configuration === undefined
      ? []
      : [
          {
            group: 'admissionregistration.k8s.io',
            resource: 'mutatingwebhookconfigurations',
            name: configuration,
            verbs: ['get', 'list', 'watch', 'patch'],
            namespace: '',
          },
        ]),
    { ...here, resource: 'pods', verbs: ['create'] },
    { group: 'coordination.k8s.io', resource: 'leases', name: lease, verbs: ['get', 'update', 'patch'], namespace },
    { group: 'coordination.k8s.io', resource: 'leases', verbs: ['create'], namespace },
    ...(env.SPARK_NANNY_CERTIFICATES === 'self-signed' && secret !== null
      ? [
          { ...here, resource: 'secrets', name: secret, verbs: ['get', 'list', 'watch', 'patch'] },
          { ...here, resource: 'secrets', verbs: ['create'] },
        ]
      : []),
  ]
}

/** The permissions for drivers in a namespace; if it is empty, in all. */
function accessToDrivers(namespace: string): readonly AccessRule[] {
  const core = { group: '', namespace }
  return [
    { ...core, resource: 'pods', verbs: ['list', 'watch', 'patch', 'delete'] },
    { ...core, resource: 'limitranges', verbs: ['list', 'watch'] },
    { ...core, resource: 'resourcequotas', verbs: ['list', 'watch'] },
    ...['sparkoperator.k8s.io', 'spark.apache.org'].map((group) => ({
      group,
      resource: 'sparkapplications',
      verbs: ['get', 'list', 'watch', 'patch'],
      namespace,
    })),
    { ...core, resource: 'events', verbs: ['create'] },
  ]
}

/** With rbac.namespaces. A Role in a namespace can also permit to read the namespace itself. */
const accessInScope = (namespace: string): readonly AccessRule[] => [
  ...accessToDrivers(namespace),
  { group: '', resource: 'namespaces', name: namespace, verbs: ['get'], namespace },
]

const accessToCluster: readonly (AccessRule | PathRule)[] = [
  { group: '', resource: 'namespaces', verbs: ['list', 'watch'], namespace: '' },
  { group: '', resource: 'nodes', verbs: ['list', 'watch'], namespace: '' },
  { path: '/apis/security.openshift.io', verb: 'get' },
]

/** The permissions that `helm install` needs with the default values. Kubernetes before 1.30 gets no admission policies. */
export function accessToInstall(namespace: string, hasAdmissionPolicies: boolean): readonly AccessRule[] {
  const verbs = ['create']
  const policies = ['validatingadmissionpolicies', 'validatingadmissionpolicybindings']
  return [
    { group: 'admissionregistration.k8s.io', resource: 'mutatingwebhookconfigurations', verbs, namespace: '' },
    ...(hasAdmissionPolicies ? policies : []).map((resource) => ({
      group: 'admissionregistration.k8s.io',
      resource,
      verbs,
      namespace: '',
    })),
    { group: 'rbac.authorization.k8s.io', resource: 'clusterroles', verbs, namespace: '' },
    { group: 'rbac.authorization.k8s.io', resource: 'clusterrolebindings', verbs, namespace: '' },
    { group: 'rbac.authorization.k8s.io', resource: 'roles', verbs, namespace },
    { group: 'rbac.authorization.k8s.io', resource: 'rolebindings', verbs, namespace },
    { group: 'apps', resource: 'deployments', verbs, namespace },
    { group: '', resource: 'services', verbs, namespace },
    { group: '', resource: 'serviceaccounts', verbs, namespace },
    { group: '', resource: 'secrets', verbs: ['create', 'get', 'list'], namespace },
    { group: 'coordination.k8s.io', resource: 'leases', verbs, namespace },
    { group: 'policy', resource: 'poddisruptionbudgets', verbs, namespace },
  ]
}
