import { createAuthority, issueServingCertificate } from '../../../../certs/pki/issue-certificates.ts'
import type { FakeObject } from '../../../support/fake-api-server.ts'
import { type FakeCluster, nowMs, version } from './fake-cluster.ts'

const dayMs = 86_400_000
export const authority = await createAuthority(new Date(nowMs - 10 * dayMs), 365)

/** Issues a certificate for the webhook's Service. It was issued `daysAgo` and is valid for 90 days. */
export const issueLeafDaysAgo = (daysAgo: number) =>
  issueServingCertificate(
    authority,
    ['spark-nanny-webhook.spark-nanny.svc', 'spark-nanny-webhook.spark-nanny.svc.cluster.local'],
    new Date(nowMs - daysAgo * dayMs),
    90,
  )

export const base64 = (text: string) => Buffer.from(text).toString('base64')

const podLabels = {
  'app.kubernetes.io/name': 'spark-nanny',
  'app.kubernetes.io/instance': 'spark-nanny',
  'app.kubernetes.io/version': version,
  'app.kubernetes.io/component': 'webhook',
}
const buildMetadata = (name: string) => ({ name, namespace: 'spark-nanny', labels: podLabels })

export interface Replicas {
  readonly wanted: number
  readonly ready: number
}

export function deployment({ wanted, ready }: Replicas): FakeObject {
  const env = {
    SPARK_NANNY_SIDECAR_IMAGE: `registry.invalid/spark-nanny-sidecar:${version}`,
    SPARK_NANNY_LEASE: 'spark-nanny',
    SPARK_NANNY_CERTIFICATES: 'self-signed',
    SPARK_NANNY_CERTIFICATE_SECRET: 'spark-nanny-webhook-tls',
    SPARK_NANNY_WEBHOOK_CONFIGURATION: 'spark-nanny',
  }
  const container = {
    name: 'webhook',
    image: `registry.invalid/spark-nanny-webhook:${version}`,
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
  }
  const available = ready > 0
  return {
    metadata: { ...buildMetadata('spark-nanny'), generation: 2 },
    spec: {
      replicas: wanted,
      template: {
        metadata: { labels: podLabels },
        spec: { serviceAccountName: 'spark-nanny', containers: [container] },
      },
    },
    status: {
      observedGeneration: 2,
      updatedReplicas: wanted,
      readyReplicas: ready,
      conditions: [
        {
          type: 'Available',
          status: available ? 'True' : 'False',
          message: available ? '' : 'Deployment does not have minimum availability.',
        },
      ],
    },
  }
}

export function replica(index: number, ready = true): FakeObject {
  return {
    metadata: buildMetadata(`spark-nanny-${index}`),
    spec: { nodeName: `node-${index}`, containers: [{ image: `registry.invalid/spark-nanny-webhook:${version}` }] },
    status: {
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: ready
        ? []
        : [{ state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 5m0s' } } }],
    },
  }
}

export function webhookConfiguration(caBundle: string): FakeObject {
  const webhook = (name: string) => ({
    name,
    failurePolicy: 'Ignore',
    clientConfig: {
      caBundle: base64(caBundle),
      service: { namespace: 'spark-nanny', name: 'spark-nanny-webhook', path: '/mutate' },
    },
    namespaceSelector: {
      matchLabels: { 'spark-nanny.io/inject': 'enabled' },
      matchExpressions: [
        { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', 'spark-nanny'] },
      ],
    },
  })
  const { namespace: _, ...metadata } = buildMetadata('spark-nanny')
  return { metadata, webhooks: [webhook('pods.spark-nanny.io'), webhook('services.spark-nanny.io')] }
}

/** The admission policies of the chart, as far as the checks read them. */
export const admissionPolicies: readonly FakeObject[] = [
  'pods',
  'sparkapplications',
  'mutatingwebhookconfigurations',
].map((resource) => ({
  metadata: { name: `spark-nanny-${resource}`, labels: podLabels },
  spec: {
    matchConstraints: { resourceRules: [{ resources: [resource] }] },
    matchConditions: [{ expression: "request.userInfo.username == 'system:serviceaccount:spark-nanny:spark-nanny'" }],
  },
}))
export const admissionPolicyBindings: readonly FakeObject[] = admissionPolicies.map(({ metadata }) => ({
  metadata,
  spec: { policyName: metadata.name, validationActions: ['Deny'] },
}))

export function namespace(name: string, labels: Readonly<Record<string, string>> = {}): FakeObject {
  return { metadata: { name, labels: { 'kubernetes.io/metadata.name': name, ...labels } } }
}

export function node(name: string): FakeObject {
  return {
    metadata: { name, labels: { 'kubernetes.io/os': 'linux' } },
    spec: {},
    status: {
      nodeInfo: { kubeletVersion: 'v1.36.3' },
      declaredFeatures: ['RestartAllContainersOnContainerExits'],
    },
  }
}

/** A driver pod that is Ready. `injected` is the version of its sidecar, or null if it has none. */
export function driver(name: string, injected: string | null): FakeObject {
  return {
    metadata: {
      name,
      namespace: 'jobs',
      labels: { 'spark-role': 'driver' },
      annotations: injected === null ? {} : { 'spark-nanny.io/injected': injected },
    },
    spec: { initContainers: injected === null ? [] : [{ name: 'spark-nanny' }], containers: [] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  }
}

const systemNamespaces = [namespace('default'), namespace('kube-system')]

/** A cluster without spark-nanny. */
export const bareCluster: FakeCluster = {
  webhook: null,
  objects: {
    '/api/v1/nodes': [node('node-1'), node('node-2')],
    '/api/v1/namespaces': systemNamespaces,
    '/api/v1/pods': [],
    '/apis/apps/v1/deployments': [],
    '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations': [],
    '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies': [],
    '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings': [],
  },
}

/** A healthy installation with two replicas on two nodes, and one labelled namespace with a driver. */
export function healthyCluster(leaf: { readonly certificatePem: string }): FakeCluster {
  return {
    webhook: version,
    objects: {
      ...bareCluster.objects,
      '/api/v1/namespaces': [
        ...systemNamespaces,
        namespace('spark-nanny'),
        namespace('jobs', { 'spark-nanny.io/inject': 'enabled' }),
      ],
      '/api/v1/pods': [replica(1), replica(2), driver('etl-driver', version)],
      '/api/v1/secrets': [
        {
          metadata: buildMetadata('spark-nanny-webhook-tls'),
          data: { 'tls.crt': base64(leaf.certificatePem), 'tls.key': 'c2VjcmV0' },
        },
      ],
      '/apis/apps/v1/deployments': [deployment({ wanted: 2, ready: 2 })],
      '/apis/policy/v1/poddisruptionbudgets': [
        {
          metadata: buildMetadata('spark-nanny'),
          spec: { selector: { matchLabels: { 'app.kubernetes.io/name': 'spark-nanny' } } },
        },
      ],
      '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations': [
        webhookConfiguration(authority.certificatePem),
      ],
      '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies': admissionPolicies,
      '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings': admissionPolicyBindings,
    },
  }
}

export function withObjects(cluster: FakeCluster, objects: FakeCluster['objects']): FakeCluster {
  return { ...cluster, objects: { ...cluster.objects, ...objects } }
}
