import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createCreationRequest } from '../../../admission/admission-review.ts'
import { type AdmissionContext, classifyObject, decide } from '../../../admission/decide.ts'
import { sidecarContainerName, verdictDir } from '../../../core/contract/pod-contract.ts'
import { parseNamespaceLimits } from '../../../core/kubernetes/namespace-limits.ts'
import type { Pod } from '../../../core/kubernetes/pod.ts'
import { type Cluster, connectCluster } from '../harness/cluster.ts'
import { sidecarTag } from '../harness/images/project.ts'
import { createNamespace, deleteNamespace } from '../harness/namespaces.ts'
import { containerStatus, driverContainer, execInPod, waitForPod } from '../harness/pods.ts'

const namespace = `injected-pods-${process.pid}`
let cluster: Cluster

before(async () => {
  cluster = await connectCluster()
  await createNamespace(cluster, namespace)
  const data = { 'spark.properties': 'spark.ui.port=4040\n' }
  await cluster.core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'conf' }, data } })
})
after(() => deleteNamespace(cluster, namespace))

interface Shape {
  readonly name: string
  readonly spec?: object
  readonly driver?: object
  readonly context?: Partial<AdmissionContext>
}

const image = 'localhost/spark:4.0.1'
const own = { image, imagePullPolicy: 'Never' } as const
const small = { cpu: '20m', memory: '32Mi' } as const
const emptyDir = (name: string) => ({ name, emptyDir: {} })
const openShift = { nativeSidecars: true, restartAllContainers: true, containerRestartRules: true, openShift: true }
const quota = { metadata: { name: 'q' }, spec: { hard: { cpu: '9' } } }

/** Pod shapes that the API server accepts but a kubelet may refuse to start. */
const shapes: readonly Shape[] = [
  { name: 'plain' },
  {
    name: 'restart-by-exit-code',
    context: { capabilities: { ...openShift, openShift: false, restartAllContainers: false } },
  },
  { name: 'root', spec: { securityContext: { runAsUser: 0 } } },
  { name: 'root-on-openshift', spec: { securityContext: { runAsUser: 0 } }, context: { capabilities: openShift } },
  { name: 'openshift', spec: { securityContext: { runAsUser: 185 } }, context: { capabilities: openShift } },
  { name: 'root-group', spec: { securityContext: { runAsUser: 185, runAsGroup: 0 } } },
  { name: 'not-root', spec: { securityContext: { runAsNonRoot: true, runAsUser: 185, fsGroup: 1000 } } },
  { name: 'driver-not-root', driver: { securityContext: { runAsUser: 185, runAsNonRoot: true } } },
  { name: 'read-only', driver: { securityContext: { readOnlyRootFilesystem: true } } },
  { name: 'host-network', spec: { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' } },
  { name: 'pod-level', spec: { resources: { requests: small, limits: { cpu: '1', memory: '256Mi' } } } },
  { name: 'guaranteed', driver: { resources: { requests: small, limits: small } } },
  {
    name: 'best-effort-zeros',
    driver: { resources: { requests: { cpu: '0' } } },
    context: { limits: parseNamespaceLimits([], [quota]) },
  },
  {
    name: 'init-containers',
    spec: {
      initContainers: [
        { ...own, name: 'prepare', command: ['true'] },
        { ...own, name: 'helper', command: ['sleep', '600'], restartPolicy: 'Always' },
      ],
    },
  },
  {
    name: 'var-run',
    spec: { volumes: [emptyDir('run')] },
    driver: { volumeMounts: [{ name: 'run', mountPath: '/var/run' }] },
  },
  {
    name: 'run',
    spec: { volumes: [emptyDir('run')] },
    driver: { volumeMounts: [{ name: 'run', mountPath: '/run' }] },
  },
  {
    name: 'conf-map',
    spec: { volumes: [{ name: 'spark-conf-volume-driver', configMap: { name: 'conf' } }] },
    driver: { volumeMounts: [{ name: 'spark-conf-volume-driver', mountPath: '/opt/spark/conf' }] },
  },
  {
    name: 'conf-sub-path',
    spec: { volumes: [emptyDir('own')] },
    driver: { volumeMounts: [{ name: 'own', mountPath: '/opt/spark/conf', subPath: 'a/b' }] },
  },
  {
    name: 'port-taken',
    spec: { shareProcessNamespace: true },
    driver: { ports: [{ containerPort: 9165 }] },
  },
]

function driverPod({ name, spec, driver }: Shape): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      labels: { 'spark-role': 'driver', 'spark-app-selector': `spark-${name}` },
      // Its command does not prove that it is a driver.
      annotations: { 'spark-nanny.io/assume-driver': 'true' },
    },
    spec: {
      restartPolicy: 'Never',
      containers: [
        {
          name: driverContainer,
          ...own,
          // The webhook considers it a driver. Its container only sleeps, so no UI ever answers.
          ...{ command: ['/bin/sh', '-c', 'sleep 600', '--'] },
          args: ['driver', '--class', 'App'],
          ...driver,
        },
      ],
      ...spec,
    },
  }
}

async function start(shape: Shape): Promise<void> {
  const request = createCreationRequest(driverPod(shape), namespace)
  const decision = decide(request, classifyObject(request), {
    version: '0.0.0-test',
    sidecar: { image: sidecarTag, imagePullPolicy: 'Never' },
    servicesAdmitted: true,
    capabilities: { nativeSidecars: true, restartAllContainers: true, containerRestartRules: true, openShift: false },
    application: { kind: 'none' },
    limits: null,
    chartSettings: {},
    ...shape.context,
  })
  assert.equal(decision.kind, 'inject', decision.reason)
  if (decision.kind !== 'inject') return
  await cluster.kubectl(['-n', namespace, 'create', '-f', '-'], JSON.stringify(decision.pod))
  const ref = { namespace, pod: shape.name }
  const runs = (container?: string) => (pod: Parameters<typeof containerStatus>[0]) =>
    containerStatus(pod, container)?.state?.running !== undefined
  const pod = await waitForPod(
    cluster,
    ref,
    { what: 'driver and sidecar run', timeoutMs: 90_000 },
    (seen) => runs()(seen) && runs(sidecarContainerName)(seen),
  )
  assert.equal(containerStatus(pod, sidecarContainerName)?.restartCount, 0)
  // The sidecar can write its verdict, and the driver can read it as any user.
  const file = `${verdictDir}/starting`
  await execInPod(cluster, ref, [
    '/bin/sh',
    '-c',
    `for i in 1 2 3 4 5 6 7 8 9; do test -r ${file} && exit; sleep 1; done; exit 1`,
  ])
}

describe('injected pods', () => {
  // Concurrently, because each spends most of its time waiting.
  test('every pod shape → driver and sidecar start', { concurrency: true }, async (context) => {
    await Promise.all(shapes.map((shape) => context.test(shape.name, () => start(shape))))
  })
})
