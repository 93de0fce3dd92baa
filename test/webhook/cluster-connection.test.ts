import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { Agent, request } from 'undici'
import { createAuthority, issueServingCertificate } from '../../certs/pki/issue-certificates.ts'
import { createBackgroundTasks } from '../../core/background-tasks.ts'
import { connectCluster } from '../../webhook/cluster-connection.ts'
import { createAdmissionHandler } from '../../webhook/server/admission-handler.ts'
import { createAdmissionRecorder } from '../../webhook/server/admission-log.ts'
import { createMetrics } from '../../webhook/server/metrics.ts'
import { createWebhookServer } from '../../webhook/server/server.ts'
import { captureText } from '../support/admission-captures.ts'
import { type ApiFixture, createApiFixture, until } from '../support/api-fixture.ts'
import { defaultConfig } from './controller/controller-harness.ts'

const authority = createAuthority(new Date(), 1)
const serving = issueServingCertificate(authority, ['localhost'], new Date(), 1)
const sidecar = { image: 'registry.invalid/sidecar:1', imagePullPolicy: 'IfNotPresent' } as const

/** The webhook as its process wires it up, with a clock that the test sets. */
async function startWebhook(t: TestContext, { api, deps }: ApiFixture, nowMs: () => number) {
  const version = '1.2.3'
  const metrics = createMetrics(version)
  const loops = createBackgroundTasks(deps.log)
  const cluster = await connectCluster(
    {
      kind: 'on',
      namespace: 'spark-nanny',
      injectionKeySecret: '',
      capabilityIntervalMs: 60_000,
      serviceAccountDir: api.serviceAccountDir,
      controller: defaultConfig,
    },
    { sidecar, chartSettings: {} },
    { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(api.port) },
    { ...deps, nowMs, monotonicMs: () => performance.now(), version },
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
    const webhook = await startWebhook(t, fixture, () => Date.now() + aheadMs)
    while ((await webhook.get('/readyz')) !== 200) await fixture.deps.sleep(20, fixture.signal)
    // The drivers and namespaces are the controller's, for which readiness does not wait.
    await until(() => lines.filter(({ line }) => line.event === 'synced').length === 6, 'all lists')
    const collections = ['drivers', 'namespace-limits', 'namespaces', 'nodes', 'spark-applications']
    assert.deepEqual(await webhook.watches(), { stale: [], live: collections })

    api.intercept(() => ({ status: 503, body: {} }))
    api.endWatches('destroyed')
    aheadMs = 181_000
    const isSaid = (path: string) => lines.some(({ line }) => line.event === 'watch-stale' && line.path === path)
    await until(() => isSaid('/api/v1/nodes') && isSaid('/api/v1/pods'), 'they are stale')
    assert.deepEqual(await webhook.watches(), { stale: collections, live: [] })
    assert.equal(await webhook.get('/readyz'), 200)
    assert.equal(await webhook.get('/healthz'), 200)
    const { patch } = await webhook.review(captureText('driver-pod.spark-operator'))
    assert.match(Buffer.from(patch, 'base64').toString(), /\\"maxRestarts\\":4,\\"windowMs\\":null/)
  })
})
