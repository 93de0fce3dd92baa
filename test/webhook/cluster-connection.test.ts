import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import jsonPatch from 'fast-json-patch'
import { Agent, request } from 'undici'
import { createAuthority, issueServingCertificate } from '../../certs/pki/issue-certificates.ts'
import { whenAborted } from '../../core/abort.ts'
import { createBackgroundTasks } from '../../core/background-tasks.ts'
import { connectCluster } from '../../webhook/cluster-connection.ts'
import { type ControllerLink, createControllerSupervisor } from '../../webhook/controller-thread/supervisor.ts'
import { createInjectionKeys } from '../../webhook/injection/keys.ts'
import { createAdmissionHandler } from '../../webhook/server/admission-handler.ts'
import { createAdmissionRecorder } from '../../webhook/server/admission-log.ts'
import { createMetrics } from '../../webhook/server/metrics.ts'
import { createWebhookServer } from '../../webhook/server/server.ts'
import { captureText } from '../support/admission-captures.ts'
import { type ApiFixture, createApiFixture, until } from '../support/api-fixture.ts'
import { waiting } from '../support/driver-pods.ts'
import type { FakeObject } from '../support/fake-api-server.ts'
import { defaultConfig, pods } from './controller/controller-harness.ts'

const authority = createAuthority(new Date(), 1)
const serving = issueServingCertificate(authority, ['localhost'], new Date(), 1)
const events = '/api/v1/events'
const leases = '/apis/coordination.k8s.io/v1/leases'
/** A controller that reports its watches. */
const reporting: ControllerLink = {
  suspension: () => null,
  stale: () => ({ drivers: false, nodes: false }),
  isLeader: () => true,
  metrics: async () => '',
  run: (_facts, signal) => whenAborted(signal),
}

const toKubernetes = ({ api }: ApiFixture) => ({
  kind: 'on' as const,
  namespace: 'spark-nanny',
  capabilityIntervalMs: 60_000,
  serviceAccountDir: api.serviceAccountDir,
  controller: defaultConfig,
})
const toEnv = ({ api }: ApiFixture) => ({
  KUBERNETES_SERVICE_HOST: '127.0.0.1',
  KUBERNETES_SERVICE_PORT: String(api.port),
})

/** The real controller in its thread. */
function createController(fixture: ApiFixture): ControllerLink {
  return createControllerSupervisor({
    file: join(import.meta.dirname, '../../webhook/controller-thread/thread.ts'),
    data: {
      kubernetes: toKubernetes(fixture),
      sidecarImage: sidecar.image,
      chartSettings: {},
      logLevel: 'info',
      version: '1.2.3',
      env: toEnv(fixture),
    },
    maxHeapMebibytes: 128,
    metrics: { setUp: () => {}, setMemory: () => {}, countFailure: () => {} },
    writeLog: () => {},
    monotonicMs: () => performance.now(),
    ...fixture.deps,
  })
}
const sidecar = { image: 'registry.invalid/sidecar:1', imagePullPolicy: 'IfNotPresent' } as const

/** The webhook as its process wires it up, with a clock that the test sets. */
async function startWebhook(t: TestContext, fixture: ApiFixture, controller: ControllerLink, nowMs: () => number) {
  const { deps } = fixture
  const version = '1.2.3'
  const metrics = createMetrics(version)
  const loops = createBackgroundTasks(deps.log)
  const injectionKeys = createInjectionKeys()
  injectionKeys.usePrivateKey(serving.privateKeyPem)
  const cluster = await connectCluster(
    toKubernetes(fixture),
    { sidecar },
    toEnv(fixture),
    { ...deps, nowMs, injectionKeys },
    controller,
    metrics,
    loops,
  )
  const app = createWebhookServer({
    admit: createAdmissionHandler({
      fixed: { version, sidecar, servicesAdmitted: true, chartSettings: {} },
      lookups: cluster.lookups,
      recorder: createAdmissionRecorder(metrics, deps.log, setImmediate),
      nowMs: () => performance.now(),
    }),
    certificate: { cert: serving.certificatePem, key: serving.privateKeyPem },
    unready: cluster.unready,
    broken: loops.ended,
    onMalformedRequest: () => {},
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const dispatcher = new Agent({ connect: { ca: authority.certificatePem, servername: 'localhost' } })
  t.after(async () => {
    await loops.stop()
    cluster.close()
    await dispatcher.close()
    await app.close()
  })
  const origin = `https://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  return {
    get: async (path: string) => {
      const { statusCode, body } = await request(origin + path, { dispatcher })
      await body.dump()
      return statusCode
    },
    review: async (body: string) => {
      const headers = { 'content-type': 'application/json' }
      const answer = await request(`${origin}/mutate`, { dispatcher, method: 'POST', headers, body })
      return JSON.parse(await answer.body.text()).response
    },
    metrics: controller.metrics,
    /** The collections whose watches are stale, and those whose are not. */
    watches: async () => {
      const found = (await metrics.render()).matchAll(/^spark_nanny_watch_stale\{collection="([^"]+)"\} ([01])$/gm)
      const all = [...found].map(([, collection = '', value]) => ({ collection, value }))
      const of = (wanted: string) => all.flatMap(({ collection, value }) => (value === wanted ? [collection] : []))
      return { stale: of('1').toSorted(), live: of('0').toSorted() }
    },
  }
}

describe('connectCluster', () => {
  test('all watches are stale → the webhook stays ready and injects with its last knowledge', async (t) => {
    const fixture = await createApiFixture(t)
    const { api, lines } = fixture
    api.define('/api/v1/limitranges', '/api/v1/resourcequotas', '/api/v1/pods', '/api/v1/namespaces')
    api.set('/api/v1/nodes', { metadata: { name: 'n' }, status: { nodeInfo: { kubeletVersion: 'v1.36.3' } } })
    api.set('/apis/sparkoperator.k8s.io/v1beta2/sparkapplications', {
      apiVersion: 'sparkoperator.k8s.io/v1beta2',
      kind: 'SparkApplication',
      metadata: { namespace: 'spark', name: 'opl', uid: '38ba9050-1568-456e-843d-43a56b5c2db1' },
      spec: { restartPolicy: { type: 'OnFailure', onFailureRetries: 4 } },
    })
    let aheadMs = 0
    const webhook = await startWebhook(t, fixture, reporting, () => Date.now() + aheadMs)
    while ((await webhook.get('/readyz')) !== 200) await fixture.deps.sleep(20, fixture.signal)
    // The drivers are the controller's, for which readiness does not wait.
    await until(() => lines.filter(({ line }) => line.event === 'synced').length === 4, 'all lists')
    const collections = ['namespace-limits', 'nodes', 'spark-applications']
    assert.deepEqual(await webhook.watches(), { stale: [], live: ['drivers', ...collections] })

    api.intercept(() => ({ status: 503, body: {} }))
    api.endWatches('destroyed')
    aheadMs = 181_000
    const isSaid = (path: string) => lines.some(({ line }) => line.event === 'watch-stale' && line.path === path)
    await until(() => isSaid('/api/v1/nodes') && isSaid('/api/v1/limitranges'), 'they are stale')
    assert.deepEqual(await webhook.watches(), { stale: collections, live: ['drivers'] })
    assert.equal(await webhook.get('/readyz'), 200)
    assert.equal(await webhook.get('/healthz'), 200)
    const { patch } = await webhook.review(captureText('driver-pod.spark-operator'))
    assert.match(Buffer.from(patch, 'base64').toString(), /\\"maxRestarts\\":4,\\"windowMs\\":null/)
  })

  test('a tenant’s object makes a list fail → a new replica becomes ready without it, and admits', async (t) => {
    const fixture = await createApiFixture(t)
    const { api, lines } = fixture
    api.define('/api/v1/limitranges', '/api/v1/resourcequotas', '/api/v1/pods', '/api/v1/namespaces')
    api.set('/api/v1/nodes', { metadata: { name: 'n' }, status: { nodeInfo: { kubeletVersion: 'v1.36.3' } } })
    api.intercept((_method, path) =>
      /^\/apis\/sparkoperator.*\/sparkapplications/.test(path) ? { status: 500, body: { kind: 'Status' } } : undefined,
    )
    let aheadMs = 0
    const webhook = await startWebhook(t, fixture, reporting, () => Date.now() + aheadMs)
    await until(() => lines.filter(({ line }) => line.event === 'synced').length === 3, 'all other lists')
    assert.equal(await webhook.get('/readyz'), 503)
    aheadMs = 60_000
    while ((await webhook.get('/readyz')) !== 200) await fixture.deps.sleep(20, t.signal)
    assert.ok(lines.some(({ line }) => line.event === 'ready-without-caches'))
    const { patch } = await webhook.review(captureText('driver-pod.spark-operator'))
    assert.notEqual(patch, undefined)
  })

  test('quotas cannot be listed → a new replica stays unready, because a sidecar might exceed one', async (t) => {
    const fixture = await createApiFixture(t)
    const { api, lines } = fixture
    api.define('/api/v1/limitranges', '/api/v1/pods', '/api/v1/namespaces')
    api.set('/api/v1/nodes', { metadata: { name: 'n' }, status: { nodeInfo: { kubeletVersion: 'v1.36.3' } } })
    api.intercept((_method, path) =>
      path.startsWith('/api/v1/resourcequotas') ? { status: 403, body: { kind: 'Status' } } : undefined,
    )
    let aheadMs = 0
    const webhook = await startWebhook(t, fixture, reporting, () => Date.now() + aheadMs)
    await until(() => lines.filter(({ line }) => line.event === 'synced').length >= 2, 'all other lists')
    aheadMs = 60_000
    assert.equal(await webhook.get('/readyz'), 503)
  })

  test('the controller ends for good → the process stays healthy, because a restart would end admission', async (t) => {
    const fixture = await createApiFixture(t)
    const ended: ControllerLink = { ...reporting, run: () => Promise.reject(new Error('no process ids are left')) }
    const webhook = await startWebhook(t, fixture, ended, Date.now)
    await until(() => fixture.lines.some(({ line }) => line.event === 'controller-loop-failed'), 'its end')
    assert.equal(await webhook.get('/healthz'), 200)
  })

  test('an image that fails for injected pods → suspended in their namespace, until a trial pod is stored, not asked for', async (t) => {
    const fixture = await createApiFixture(t)
    const { api } = fixture
    api.define('/api/v1/limitranges', '/api/v1/resourcequotas', '/api/v1/namespaces', pods, events, leases)
    for (const name of ['spark', 'tenant']) {
      api.set('/api/v1/namespaces', { metadata: { name, labels: { 'spark-nanny.io/inject': 'enabled' } } })
    }
    api.set('/api/v1/nodes', { metadata: { name: 'n' }, status: { nodeInfo: { kubeletVersion: 'v1.36.3' } } })
    const webhook = await startWebhook(t, fixture, createController(fixture), Date.now)
    while ((await webhook.get('/readyz')) !== 200) await fixture.deps.sleep(20, fixture.signal)
    const { request: captured } = JSON.parse(captureText('driver-pod.spark-submit'))

    /** Asks the webhook, as the API server or as anyone does. */
    const review = async (name: string, namespace: string, fields: object = {}) => {
      const object = { ...captured.object, metadata: { ...captured.object.metadata, name, namespace } }
      const body = { ...captured, uid: `review-${name}-${Math.random()}`, name, namespace, object, ...fields }
      const { patch } = await webhook.review(
        JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: body }),
      )
      if (patch === undefined) return undefined
      return jsonPatch.applyPatch(structuredClone(object), JSON.parse(Buffer.from(patch, 'base64').toString()))
        .newDocument
    }
    /** Stores a pod whose sidecar's image cannot be used. */
    const store = (pod: FakeObject) =>
      api.set(pods, {
        ...pod,
        metadata: { ...pod.metadata, uid: `uid-${pod.metadata.name}`, creationTimestamp: new Date().toISOString() },
        status: {
          phase: 'Pending',
          initContainerStatuses: [{ name: 'spark-nanny', restartCount: 0, state: waiting('InvalidImageName') }],
          containerStatuses: [{ name: 'spark-kubernetes-driver', restartCount: 0, state: waiting('PodInitializing') }],
        },
      })
    const isSuspended = async (namespace: string) => (await review(`asks-${namespace}`, namespace)) === undefined

    // A tenant copies what it got for a dry run, or for a review of its own, and has one injected pod.
    const template = await review('copied', 'tenant', { dryRun: true })
    const proven = await review('proven', 'tenant')
    for (let index = 0; index < 10; index += 1) {
      const copied: FakeObject = index < 5 ? template : proven
      store({ ...copied, metadata: { ...copied.metadata, name: `forged-${index}` } })
    }
    store(proven)
    for (const name of ['a', 'b', 'c']) store(await review(name, 'spark'))
    for (let asked = 0; asked < 10; asked += 1) assert.equal(await isSuspended('spark'), false)
    // The trial is the next pod that is stored; the pods before may be seen only now.
    const isBypassed = (name: string) =>
      'spark-nanny.io/sidecar-bypassed' in Object(api.get(pods, 'spark', name)?.metadata.annotations)
    await until(() => ['a', 'b', 'c'].every(isBypassed), 'the three are seen and bypassed')
    store(await review('trial', 'spark'))
    while (!(await isSuspended('spark'))) await fixture.deps.sleep(20, t.signal)
    assert.equal(await isSuspended('tenant'), false)
    const open = [...(await webhook.metrics()).matchAll(/namespace_open\{breaker="sidecar-image",namespace="(\w+)"\}/g)]
    assert.deepEqual(
      open.map(([, namespace]) => namespace),
      ['spark'],
    )
  })
})
