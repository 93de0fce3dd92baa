import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { type FakeCluster, runInCluster } from '../check/fake-cluster.ts'
import { clusterWith, healthyApplication, healthyCluster, healthyConf } from './healthy-cluster.ts'

const quota = (hard: Readonly<Record<string, string>>, used: Readonly<Record<string, string>> = {}): FakeCluster =>
  clusterWith({
    '/api/v1/resourcequotas': [{ metadata: { name: 'q', namespace: 'jobs' }, spec: { hard }, status: { hard, used } }],
  })
const scoped = (scope: string): FakeCluster =>
  clusterWith({
    '/api/v1/resourcequotas': [
      { metadata: { name: 'q', namespace: 'jobs' }, spec: { hard: { pods: '2' }, scopes: [scope] } },
    ],
  })
const limitRange = (item: object): FakeCluster =>
  clusterWith({ '/api/v1/limitranges': [{ metadata: { name: 'l', namespace: 'jobs' }, spec: { limits: [item] } }] })
const nodes = (node: object): FakeCluster =>
  clusterWith({
    '/api/v1/nodes': [
      {
        metadata: { name: 'n' },
        status: { nodeInfo: { kubeletVersion: 'v1.36.0' }, allocatable: { cpu: '8', memory: '32Gi' } },
        ...node,
      },
    ],
  })
const refused = (message: string, status = 403): FakeCluster =>
  clusterWith({}, { answers: { 'POST /api/v1/namespaces/jobs/pods': { status, body: { kind: 'Status', message } } } })

/** A cluster, settings beside the healthy ones, and what is found: `QUOTA!` is an error. */
const cases: readonly (readonly [what: string, cluster: FakeCluster, settings: string, found: readonly string[]])[] = [
  ['all is well', healthyCluster, '', []],
  ['namespace absent', clusterWith({ '/api/v1/namespaces': [] }), '', ['NAMESPACE!']],
  [
    'namespace not labelled',
    clusterWith({ '/api/v1/namespaces': [{ metadata: { name: 'jobs' } }] }),
    '',
    ['NOT-LABELLED'],
  ],
  ['labelled, and the webhook is away', clusterWith({}, { webhook: null }), '', ['NOT-WATCHED']],
  [
    'opted out',
    clusterWith({}, { webhook: null }),
    'spark.kubernetes.driver.annotation.spark-nanny.io/inject=false',
    [],
  ],
  ['account absent', clusterWith({ '/api/v1/serviceaccounts': [] }), '', ['ACCOUNT!']],
  ['account may not create pods', clusterWith({}, { denied: ['create pods', 'watch pods'] }), '', ['ACCESS!']],
  ['account may not delete many', clusterWith({}, { denied: ['deletecollection services'] }), '', ['ACCESS']],
  ['account may not make claims, and need not', clusterWith({}, { denied: ['create persistentvolumeclaims'] }), '', []],
  [
    'account may not make claims',
    clusterWith({}, { denied: ['create persistentvolumeclaims'] }),
    'spark.kubernetes.executor.volumes.persistentVolumeClaim.d.mount.path=/d\nspark.kubernetes.executor.volumes.persistentVolumeClaim.d.options.claimName=OnDemand',
    ['ACCESS!'],
  ],
  // Driver and each executor: 1408Mi; the sidecar: 64Mi and 10m.
  ['quota has room to the byte', quota({ 'requests.memory': '4288Mi' }), '', []],
  ['quota has no room for the last executor', quota({ 'requests.memory': '4287Mi' }), '', ['QUOTA']],
  ['quota has room for no executor', quota({ 'requests.memory': '2000Mi' }), '', ['QUOTA!']],
  ['quota has no room for the driver', quota({ memory: '8Gi' }, { memory: '7Gi' }), '', ['QUOTA!']],
  ['quota counts pods', quota({ pods: '3' }, { pods: '1' }), '', ['QUOTA']],
  ['quota demands a CPU limit', quota({ 'limits.cpu': '10' }), '', ['QUOTA!']],
  [
    'quota demands a CPU limit, and there is one',
    quota({ 'limits.cpu': '10' }),
    'spark.kubernetes.driver.limit.cores=1\nspark.kubernetes.executor.limit.cores=1',
    [],
  ],
  ['quota of another scope', scoped('BestEffort'), '', []],
  ['quota of a scope that Spark’s pods are in', scoped('NotTerminating'), '', ['QUOTA']],
  ['quota of things that are not counted here', quota({ secrets: '0', 'count/jobs.batch': '0' }), '', []],
  [
    'dynamic allocation beyond the quota',
    quota({ pods: '4' }),
    'spark.executor.instances=1\nspark.dynamicAllocation.enabled=true\nspark.dynamicAllocation.maxExecutors=9',
    ['QUOTA'],
  ],
  [
    'dynamic allocation without an upper bound',
    quota({ pods: '4' }),
    'spark.executor.instances=1\nspark.dynamicAllocation.enabled=true',
    [],
  ],
  [
    'container above the LimitRange',
    limitRange({ type: 'Container', max: { memory: '1Gi' } }),
    '',
    ['LIMIT-RANGE!', 'LIMIT-RANGE!'],
  ],
  ['container within the LimitRange', limitRange({ type: 'Container', max: { memory: '2Gi' } }), '', []],
  [
    'container below the LimitRange',
    limitRange({ type: 'Container', min: { cpu: '2' }, default: { cpu: '4' } }),
    'spark.executor.cores=2',
    ['LIMIT-RANGE!'],
  ],
  ['node too small for the executors', healthyCluster, 'spark.executor.memory=64g', ['NODE!']],
  ['node too small for the driver’s cores', healthyCluster, 'spark.driver.cores=9', ['NODE!']],
  ['node with a taint', nodes({ spec: { taints: [{ key: 'gpu', effect: 'NoSchedule' }] } }), '', ['NODE!', 'NODE!']],
  [
    'node with a taint that is a wish',
    nodes({ spec: { taints: [{ key: 'gpu', effect: 'PreferNoSchedule' }] } }),
    '',
    [],
  ],
  ['node without the label', healthyCluster, 'spark.kubernetes.node.selector.pool=big', ['NODE!', 'NODE!']],
  ['node with the label', healthyCluster, 'spark.kubernetes.node.selector.kubernetes.io/os=linux', []],
  ['Secret absent', healthyCluster, 'spark.kubernetes.driver.secrets.creds=/creds', ['MISSING!']],
  [
    'Secret there',
    clusterWith({ '/api/v1/secrets': [{ metadata: { name: 'creds', namespace: 'jobs' } }] }),
    'spark.kubernetes.driver.secrets.creds=/creds',
    [],
  ],
  [
    'key of a Secret absent',
    clusterWith({ '/api/v1/secrets': [{ metadata: { name: 'creds', namespace: 'jobs' }, data: { a: 'Yg==' } }] }),
    'spark.kubernetes.driver.secretKeyRef.X=creds:b',
    ['MISSING!'],
  ],
  [
    'key of a Secret there',
    clusterWith({ '/api/v1/secrets': [{ metadata: { name: 'creds', namespace: 'jobs' }, data: { a: 'Yg==' } }] }),
    'spark.kubernetes.driver.secretKeyRef.X=creds:a',
    [],
  ],
  ['pull secret absent', healthyCluster, 'spark.kubernetes.container.image.pullSecrets=regcred', ['MISSING!']],
  [
    'PodSecurity',
    refused('pods "p" is forbidden: violates PodSecurity "restricted:latest": x'),
    '',
    ['POD-SECURITY!', 'POD-SECURITY!'],
  ],
  [
    'PodSecurity, with a template',
    refused('violates PodSecurity "restricted:latest": x'),
    'spark.kubernetes.driver.podTemplateFile=d.yaml\nspark.kubernetes.executor.podTemplateFile=e.yaml',
    ['POD-SECURITY', 'POD-SECURITY'],
  ],
  ['denied by a policy', refused('admission webhook "p" denied the request: no'), '', ['DENIED!', 'DENIED!']],
  ['invalid for the API server', refused('Pod "p" is invalid', 400), '', ['DENIED!', 'DENIED!']],
  [
    'name taken',
    refused('pods "nightly-driver" already exists', 409),
    'spark.kubernetes.driver.pod.name=nightly-driver',
    ['NAME-TAKEN!', 'NAME-TAKEN!'],
  ],
  [
    'image on no node',
    healthyCluster,
    'spark.kubernetes.container.image.pullPolicy=Never\nspark.kubernetes.container.image=apache/spark:4.0.0',
    ['IMAGE'],
  ],
  ['image on a node', healthyCluster, 'spark.kubernetes.container.image.pullPolicy=Never', []],
]

describe('preflight with a cluster', () => {
  for (const [what, cluster, settings, found] of cases) {
    test(`${what}: ${found.join(', ') || 'nothing'}`, async (t) => {
      const { exitCode, stdout } = await preflightOf(t, cluster, `${healthyConf}${settings}\n`, '-o', 'json')
      assert.deepEqual(idsOf(stdout), found, stdout)
      assert.equal(exitCode, found.some((id) => id.endsWith('!')) ? 3 : 0)
    })
  }

  const apis = { 'POST /apis/sparkoperator.k8s.io/v1beta2': { status: 201, body: {} } }

  test('a SparkApplication that the API server takes', async (t) => {
    const { exitCode, stdout } = await preflightOf(
      t,
      clusterWith({}, { answers: apis }),
      healthyApplication,
      '-o',
      'json',
    )
    assert.deepEqual(idsOf(stdout), [])
    assert.equal(exitCode, 0)
  })

  test('a SparkApplication of an operator that is not there', async (t) => {
    const answers = { 'POST /apis/sparkoperator.k8s.io/v1beta2': { status: 404, body: {} } }
    const { stdout } = await preflightOf(t, clusterWith({}, { answers }), healthyApplication, '-o', 'json')
    assert.deepEqual(idsOf(stdout), ['OPERATOR!'])
  })

  test('a SparkApplication that the API server rejects', async (t) => {
    const message = 'strict decoding error: unknown field "spec.drive"'
    const answers = { 'POST /apis/sparkoperator.k8s.io/v1beta2': { status: 400, body: { message } } }
    const { stdout } = await preflightOf(t, clusterWith({}, { answers }), healthyApplication, '-o', 'json')
    assert.deepEqual(idsOf(stdout), ['REJECTED!'])
    assert.match(stdout, /unknown field/)
  })

  test('a SparkApplication that is there already', async (t) => {
    const existing = {
      '/apis/sparkoperator.k8s.io/v1beta2/sparkapplications': [{ metadata: { name: 'nightly', namespace: 'jobs' } }],
    }
    const { stdout } = await preflightOf(t, clusterWith(existing, { answers: apis }), healthyApplication, '-o', 'json')
    assert.deepEqual(idsOf(stdout), ['NAME-TAKEN'])
  })

  test('what may not be read is unknown, and never taken for well', async (t) => {
    const forbidden = {
      status: 403,
      body: { message: 'pods is forbidden: User "u" cannot create resource "pods" in API group ""' },
    }
    const answers = {
      '/api/v1/nodes': forbidden,
      resourcequotas: forbidden,
      accessreviews: forbidden,
      'POST /api/v1/namespaces/jobs/pods': forbidden,
    }
    const { exitCode, stdout } = await preflightOf(t, clusterWith({}, { answers }), healthyConf, '-o', 'json')
    assert.equal(exitCode, 5)
    const unknown: readonly { what: string }[] = JSON.parse(stdout).unknown
    assert.deepEqual(
      unknown.map(({ what }) => what),
      [
        'the resources of the nodes',
        'the namespace’s quotas',
        'the permissions of the service account',
        'whether the driver’s pod is admitted',
        'whether an executor’s pod is admitted',
      ],
    )
    assert.deepEqual(idsOf(stdout), [])
  })

  test('-n outweighs what the file says', async (t) => {
    const { stdout } = await preflightOf(t, healthyCluster, healthyConf, '-n', 'elsewhere')
    assert.match(stdout, /namespace elsewhere does not exist/)
  })
})

function preflightOf(t: TestContext, cluster: FakeCluster, text: string, ...args: readonly string[]) {
  return runInCluster(t, cluster, ['preflight', 'app', ...args], { readFile: async () => text })
}

function idsOf(stdout: string): readonly string[] {
  const findings: readonly { id: string; severity: string }[] = JSON.parse(stdout).findings
  // What validate finds has tests of its own.
  const own = findings.filter(({ id }) => id.startsWith('SPN-PREFLIGHT-'))
  return own.map(({ id, severity }) => `${id.replace('SPN-PREFLIGHT-', '')}${severity === 'error' ? '!' : ''}`)
}
