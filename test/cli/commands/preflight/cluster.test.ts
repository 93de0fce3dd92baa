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

/** A cluster, settings in addition to the healthy ones, and the ids of the findings: `QUOTA!` is an error. */
const cases: readonly (readonly [
  condition: string,
  cluster: FakeCluster,
  settings: string,
  found: readonly string[],
])[] = [
  ['healthy cluster', healthyCluster, '', []],
  ['namespace does not exist', clusterWith({ '/api/v1/namespaces': [] }), '', ['NAMESPACE!']],
  [
    'namespace not labelled',
    clusterWith({ '/api/v1/namespaces': [{ metadata: { name: 'jobs' } }] }),
    '',
    ['NOT-LABELLED'],
  ],
  ['namespace labelled, but no webhook is installed', clusterWith({}, { webhook: null }), '', ['NOT-WATCHED']],
  [
    'driver opted out of injection',
    clusterWith({}, { webhook: null }),
    'spark.kubernetes.driver.annotation.spark-nanny.io/inject=false',
    [],
  ],
  ['service account does not exist', clusterWith({ '/api/v1/serviceaccounts': [] }), '', ['ACCOUNT!']],
  ['service account cannot create pods', clusterWith({}, { denied: ['create pods', 'watch pods'] }), '', ['ACCESS!']],
  [
    'service account cannot delete collections',
    clusterWith({}, { denied: ['deletecollection services'] }),
    '',
    ['ACCESS'],
  ],
  [
    'service account cannot create volume claims, and none is used',
    clusterWith({}, { denied: ['create persistentvolumeclaims'] }),
    '',
    [],
  ],
  [
    'service account cannot create volume claims, and one is used',
    clusterWith({}, { denied: ['create persistentvolumeclaims'] }),
    'spark.kubernetes.executor.volumes.persistentVolumeClaim.d.mount.path=/d\nspark.kubernetes.executor.volumes.persistentVolumeClaim.d.options.claimName=OnDemand',
    ['ACCESS!'],
  ],
  // The driver and each executor request 1408Mi. The sidecar requests 64Mi and 10m.
  ['quota is exactly large enough', quota({ 'requests.memory': '4288Mi' }), '', []],
  ['quota is too small for the last executor', quota({ 'requests.memory': '4287Mi' }), '', ['QUOTA']],
  ['quota is too small for any executor', quota({ 'requests.memory': '2000Mi' }), '', ['QUOTA!']],
  ['quota is too small for the driver', quota({ memory: '8Gi' }, { memory: '7Gi' }), '', ['QUOTA!']],
  ['quota for pods is too small', quota({ pods: '3' }, { pods: '1' }), '', ['QUOTA']],
  ['quota requires a CPU limit', quota({ 'limits.cpu': '10' }), '', ['QUOTA!']],
  [
    'quota requires a CPU limit, and the pods have one',
    quota({ 'limits.cpu': '10' }),
    'spark.kubernetes.driver.limit.cores=1\nspark.kubernetes.executor.limit.cores=1',
    [],
  ],
  ['quota with a scope that excludes Spark pods', scoped('BestEffort'), '', []],
  ['quota with a scope that includes Spark pods', scoped('NotTerminating'), '', ['QUOTA']],
  ['quota for resources that Spark does not create', quota({ secrets: '0', 'count/jobs.batch': '0' }), '', []],
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
    'container above the maximum of the LimitRange',
    limitRange({ type: 'Container', max: { memory: '1Gi' } }),
    '',
    ['LIMIT-RANGE!', 'LIMIT-RANGE!'],
  ],
  ['container below the maximum of the LimitRange', limitRange({ type: 'Container', max: { memory: '2Gi' } }), '', []],
  [
    'container below the minimum of the LimitRange',
    limitRange({ type: 'Container', min: { cpu: '2' }, default: { cpu: '4' } }),
    'spark.executor.cores=2',
    ['LIMIT-RANGE!'],
  ],
  ['node too small for the executors', healthyCluster, 'spark.executor.memory=64g', ['NODE!']],
  ['node too small for the driver’s cores', healthyCluster, 'spark.driver.cores=9', ['NODE!']],
  [
    'node with a NoSchedule taint',
    nodes({ spec: { taints: [{ key: 'gpu', effect: 'NoSchedule' }] } }),
    '',
    ['NODE!', 'NODE!'],
  ],
  [
    'node with a PreferNoSchedule taint',
    nodes({ spec: { taints: [{ key: 'gpu', effect: 'PreferNoSchedule' }] } }),
    '',
    [],
  ],
  ['node without the selected label', healthyCluster, 'spark.kubernetes.node.selector.pool=big', ['NODE!', 'NODE!']],
  ['node with the selected label', healthyCluster, 'spark.kubernetes.node.selector.kubernetes.io/os=linux', []],
  ['Secret does not exist', healthyCluster, 'spark.kubernetes.driver.secrets.creds=/creds', ['MISSING!']],
  [
    'Secret exists',
    clusterWith({ '/api/v1/secrets': [{ metadata: { name: 'creds', namespace: 'jobs' } }] }),
    'spark.kubernetes.driver.secrets.creds=/creds',
    [],
  ],
  [
    'key of a Secret does not exist',
    clusterWith({ '/api/v1/secrets': [{ metadata: { name: 'creds', namespace: 'jobs' }, data: { a: 'Yg==' } }] }),
    'spark.kubernetes.driver.secretKeyRef.X=creds:b',
    ['MISSING!'],
  ],
  [
    'key of a Secret exists',
    clusterWith({ '/api/v1/secrets': [{ metadata: { name: 'creds', namespace: 'jobs' }, data: { a: 'Yg==' } }] }),
    'spark.kubernetes.driver.secretKeyRef.X=creds:a',
    [],
  ],
  [
    'image pull Secret does not exist',
    healthyCluster,
    'spark.kubernetes.container.image.pullSecrets=regcred',
    ['MISSING!'],
  ],
  [
    'PodSecurity rejects the pod',
    refused('pods "p" is forbidden: violates PodSecurity "restricted:latest": x'),
    '',
    ['POD-SECURITY!', 'POD-SECURITY!'],
  ],
  [
    'PodSecurity rejects the pod, which has a template',
    refused('violates PodSecurity "restricted:latest": x'),
    'spark.kubernetes.driver.podTemplateFile=d.yaml\nspark.kubernetes.executor.podTemplateFile=e.yaml',
    ['POD-SECURITY', 'POD-SECURITY'],
  ],
  [
    'an admission webhook denies the pod',
    refused('admission webhook "p" denied the request: no'),
    '',
    ['DENIED!', 'DENIED!'],
  ],
  ['the API server rejects the pod as invalid', refused('Pod "p" is invalid', 400), '', ['DENIED!', 'DENIED!']],
  [
    'a pod with the driver’s name exists',
    refused('pods "nightly-driver" already exists', 409),
    'spark.kubernetes.driver.pod.name=nightly-driver',
    ['NAME-TAKEN!', 'NAME-TAKEN!'],
  ],
  [
    'pull policy Never, and the image is on no node',
    healthyCluster,
    'spark.kubernetes.container.image.pullPolicy=Never\nspark.kubernetes.container.image=apache/spark:4.0.0',
    ['IMAGE'],
  ],
  [
    'pull policy Never, and the image is on a node',
    healthyCluster,
    'spark.kubernetes.container.image.pullPolicy=Never',
    [],
  ],
]

describe('preflight with a cluster', () => {
  for (const [condition, cluster, settings, found] of cases) {
    test(`${condition} → ${found.join(', ') || 'no finding'}`, async (t) => {
      const { exitCode, stdout } = await runPreflight(t, cluster, `${healthyConf}${settings}\n`, '-o', 'json')
      assert.deepEqual(listFindingIds(stdout), found, stdout)
      assert.equal(exitCode, found.some((id) => id.endsWith('!')) ? 3 : 0)
    })
  }

  const apis = { 'POST /apis/sparkoperator.k8s.io/v1beta2': { status: 201, body: {} } }

  test('a SparkApplication that the API server accepts → no finding', async (t) => {
    const { exitCode, stdout } = await runPreflight(
      t,
      clusterWith({}, { answers: apis }),
      healthyApplication,
      '-o',
      'json',
    )
    assert.deepEqual(listFindingIds(stdout), [])
    assert.equal(exitCode, 0)
  })

  test('a SparkApplication whose operator is not installed → OPERATOR!', async (t) => {
    const answers = { 'POST /apis/sparkoperator.k8s.io/v1beta2': { status: 404, body: {} } }
    const { stdout } = await runPreflight(t, clusterWith({}, { answers }), healthyApplication, '-o', 'json')
    assert.deepEqual(listFindingIds(stdout), ['OPERATOR!'])
  })

  test('a SparkApplication that the API server rejects → REJECTED!', async (t) => {
    const message = 'strict decoding error: unknown field "spec.drive"'
    const answers = { 'POST /apis/sparkoperator.k8s.io/v1beta2': { status: 400, body: { message } } }
    const { stdout } = await runPreflight(t, clusterWith({}, { answers }), healthyApplication, '-o', 'json')
    assert.deepEqual(listFindingIds(stdout), ['REJECTED!'])
    assert.match(stdout, /unknown field/)
  })

  test('the API server rejects the fields that the comparison with the CRD reports → one finding for each', async (t) => {
    const application = healthyApplication.replace(/^ {2}type: \w+$/m, '  type: scala\n  nodeSelectors: {a: b}')
    assert.notEqual(application, healthyApplication)
    const invalid = { message: 'SparkApplication "nightly" is invalid: spec.type: Unsupported value: "scala"' }
    const causes = [{ field: 'spec.type' }, { field: '<nil>' }]
    const rejections = [
      { status: 422, body: { ...invalid, details: { causes } } },
      { status: 400, body: { message: 'strict decoding error: unknown field "spec.nodeSelectors"' } },
    ]
    for (const answer of rejections) {
      const answers = { 'POST /apis/sparkoperator.k8s.io/v1beta2': answer }
      const { stdout } = await runPreflight(t, clusterWith({}, { answers }), application, '-o', 'json')
      assert.ok(!listFindingIds(stdout).includes('REJECTED!'), stdout)
    }
    const more = { status: 422, body: { ...invalid, details: { causes: [...causes, { field: 'spec.mode' }] } } }
    const answers = { 'POST /apis/sparkoperator.k8s.io/v1beta2': more }
    const { stdout } = await runPreflight(t, clusterWith({}, { answers }), application, '-o', 'json')
    assert.ok(listFindingIds(stdout).includes('REJECTED!'), stdout)
  })

  test('a SparkApplication that already exists → NAME-TAKEN', async (t) => {
    const existing = {
      '/apis/sparkoperator.k8s.io/v1beta2/sparkapplications': [{ metadata: { name: 'nightly', namespace: 'jobs' } }],
    }
    const { stdout } = await runPreflight(t, clusterWith(existing, { answers: apis }), healthyApplication, '-o', 'json')
    assert.deepEqual(listFindingIds(stdout), ['NAME-TAKEN'])
  })

  test('some evidence is forbidden → unknown, exit code 5', async (t) => {
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
    const { exitCode, stdout } = await runPreflight(t, clusterWith({}, { answers }), healthyConf, '-o', 'json')
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
    assert.deepEqual(listFindingIds(stdout), [])
  })

  test('-n and a namespace in the file → -n is used', async (t) => {
    const { stdout } = await runPreflight(t, healthyCluster, healthyConf, '-n', 'elsewhere')
    assert.match(stdout, /namespace elsewhere does not exist/)
  })
})

function runPreflight(t: TestContext, cluster: FakeCluster, text: string, ...args: readonly string[]) {
  return runInCluster(t, cluster, ['preflight', 'app', ...args], { readFile: async () => text })
}

function listFindingIds(stdout: string): readonly string[] {
  const findings: readonly { id: string; severity: string }[] = JSON.parse(stdout).findings
  // The findings of validate have separate tests.
  const preflightFindings = findings.filter(({ id }) => id.startsWith('SPN-PREFLIGHT-'))
  return preflightFindings.map(
    ({ id, severity }) => `${id.replace('SPN-PREFLIGHT-', '')}${severity === 'error' ? '!' : ''}`,
  )
}

describe('preflight with the CRD of the cluster', () => {
  const crdPath = 'GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions/sparkapplications.sparkoperator.k8s.io'
  const dryRunPath = 'POST /apis/sparkoperator.k8s.io/v1beta2'
  const openAPIV3Schema = {
    type: 'object',
    properties: { spec: { type: 'object', required: ['team'], properties: { team: { type: 'string' } } } },
  }
  const crd = { spec: { versions: [{ name: 'v1beta2', served: true, schema: { openAPIV3Schema } }] } }
  const withCrd = (body: object, dryRun: number): FakeCluster =>
    clusterWith(
      {},
      {
        answers: {
          [crdPath]: { status: 200, body },
          [dryRunPath]: { status: dryRun, body: { kind: 'Status', message: 'spec is invalid' } },
        },
      },
    )
  const titles = async (t: TestContext, cluster: FakeCluster, app: string) => {
    const ran = await runInCluster(t, cluster, ['preflight', 'app', '-o', 'json'], { readFile: async () => app })
    return JSON.parse(ran.stdout).findings.map(({ title }: { title: string }) => title)
  }

  test('the CRD differs from those of the releases → it decides', async (t) => {
    const found = await titles(t, withCrd(crd, 422), healthyApplication)
    assert.ok(found.includes('spec.team is not set; it must be a string'), found.join('; '))
    assert.ok(found.includes('spec.driver is not a field of SparkApplication'), found.join('; '))
  })

  test('the CRD cannot be read, and the API server accepts a field that no release has → no finding', async (t) => {
    const app = healthyApplication.replace('spec:\n', 'spec:\n  brandNew: true\n')
    assert.deepEqual(await titles(t, withCrd({}, 201), app), [])
  })
})
