/** One way to install the chart, for golden files and dry runs. */
export interface ValueSet {
  readonly name: string
  readonly what: string
  readonly values: object
  /** Files of the chart with values, before `values`. */
  readonly files?: readonly string[]
  /** The Kubernetes version. Default: the version of the test cluster. */
  readonly kubeVersion?: string
}

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`
const certificate = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'

/** The namespaces that the value set `namespaces` names. */
export const driverNamespaces = ['golden-etl', 'golden-reports'] as const

export const valueSets: readonly ValueSet[] = [
  { name: 'default', what: 'no values', values: {} },
  { name: 'ha', what: 'values-ha.yaml', values: {}, files: ['values-ha.yaml'] },
  { name: 'cert-manager', what: 'cert-manager with a self-signed CA', values: { certManager: { enabled: true } } },
  {
    name: 'cert-manager-issuer',
    what: 'cert-manager with an existing issuer',
    values: {
      certManager: {
        enabled: true,
        issuerRef: { name: 'corporate', kind: 'ClusterIssuer' },
        duration: '720h',
        renewBefore: '240h',
      },
    },
  },
  {
    name: 'existing-secret',
    what: 'a Secret with ca.crt',
    values: { webhook: { tls: { existingSecret: 'own-tls' } } },
  },
  {
    name: 'existing-secret-ca-bundle',
    what: 'a Secret without ca.crt',
    values: { webhook: { tls: { existingSecret: 'own-tls', caBundle: certificate } } },
  },
  {
    name: 'minimal',
    what: 'one replica, without optional parts',
    values: {
      replicaCount: 1,
      resources: { requests: null, limits: null },
      topologySpreadConstraints: [],
      podDisruptionBudget: { enabled: false },
      rbac: { create: false },
      admissionPolicies: { enabled: false },
      serviceAccount: { create: false, name: 'prepared' },
      webhook: { admitServices: false },
      preStopSleepSeconds: 0,
    },
  },
  { name: 'failure-policy-fail', what: 'failure policy Fail', values: { webhook: { failurePolicy: 'Fail' } } },
  {
    name: 'legacy',
    what: 'values of bringg/spark-nanny',
    values: {
      sparkApps: 'etl,reports',
      listenPort: 9164,
      args: ['--interval=45', '-timeout', '20', '--dry-run', '--debug'],
      serviceAccount: { annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/nanny' } },
      podAnnotations: { 'prometheus.io/scrape': 'true' },
      resources: { limits: { cpu: '100m', memory: '256Mi' } },
    },
  },
  {
    name: 'openshift',
    what: 'restricted-v2, which assigns the user, and an internal registry',
    values: {
      image: { registry: 'image-registry.openshift-image-registry.svc:5000', repository: 'tools/nanny-webhook' },
      sidecar: { image: { registry: 'image-registry.openshift-image-registry.svc:5000', digest } },
      nodeSelector: { 'node-role.kubernetes.io/worker': '' },
    },
  },
  {
    name: 'namespaces',
    what: 'Roles in two namespaces in place of a ClusterRole',
    values: { rbac: { namespaces: driverNamespaces }, certManager: { enabled: true } },
  },
  {
    name: 'network-policy',
    what: 'a NetworkPolicy with its defaults, a UI port, and a mounted certificate with a group',
    values: {
      networkPolicy: { enabled: true },
      sidecar: { settings: { 'ui-port': 4100 } },
      podMonitor: { enabled: true },
      podSecurityContext: { fsGroup: 65532 },
      webhook: { tls: { existingSecret: 'own-tls' } },
    },
  },
  {
    name: 'host-network',
    what: 'the API server cannot reach the pod network',
    values: { hostNetwork: true, webhook: { port: 10260 }, metrics: { port: 10261 } },
  },
  { name: 'kubernetes-1.29', what: 'the oldest version, without a preStop sleep', values: {}, kubeVersion: '1.29.14' },
  {
    name: 'everything',
    what: 'everything that is disabled by default, and names, labels and extras',
    values: {
      fullnameOverride: 'nanny',
      commonLabels: { team: 'data', 'app.kubernetes.io/component': 'not-ours-to-lose' },
      image: { registry: '', repository: 'mirror/webhook', tag: 'v9', digest },
      imagePullSecrets: [{ name: 'pull' }],
      tolerations: [{ key: 'dedicated', operator: 'Exists', effect: 'NoSchedule' }],
      affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
      priorityClassName: 'system-cluster-critical',
      podAnnotations: { note: 'a' },
      podLabels: { team: 'pods', extra: 'b' },
      logLevel: 'debug',
      extraEnv: [{ name: 'NODE_EXTRA_CA_CERTS', value: '/etc/ssl/ca.pem' }],
      podDisruptionBudget: { minAvailable: '50%' },
      webhook: {
        timeoutSeconds: 2,
        reinvocationPolicy: 'Never',
        annotations: { note: 'w' },
        namespaceSelector: {
          matchLabels: { 'spark-nanny.io/inject': null },
          matchExpressions: [{ key: 'tier', operator: 'In', values: ['batch'] }],
        },
        matchConditions: [{ name: 'not-by-test', expression: "request.userInfo.username != 'test'" }],
        tls: { caValidity: '30d', certificateValidity: '7d12h' },
      },
      controller: {
        dryRun: true,
        budgets: { perCluster: 7, backoff: '90s' },
        breakerShare: 0.5,
        rescuesBeforeBreak: 2,
      },
      fallback: { mode: 'delete', interval: '1m', timeout: '20s', failureThreshold: 5 },
      sidecar: { settings: { interval: '10s', 'max-restarts': 5, restart: 'resubmit', 'ui-port': 'auto' } },
      serviceMonitor: { enabled: true, labels: { release: 'prom' }, interval: '30s', scrapeTimeout: '10s' },
      podMonitor: {
        enabled: true,
        metricRelabelings: [{ sourceLabels: ['__name__'], regex: 'nodejs_.*', action: 'drop' }],
      },
      prometheusRule: { enabled: true, labels: { release: 'prom' } },
      grafanaDashboard: { enabled: true, annotations: { grafana_folder: 'Spark' } },
      networkPolicy: {
        enabled: true,
        webhookFrom: [{ ipBlock: { cidr: '10.0.0.0/28' } }],
        metricsFrom: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }],
        uiPorts: [4050, 8080],
      },
      extraObjects: [
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '{{ include "spark-nanny.fullname" . }}-map' } },
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-text\n',
      ],
    },
  },
]
