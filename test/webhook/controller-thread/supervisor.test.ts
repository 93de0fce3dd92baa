import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { BroadcastChannel } from 'node:worker_threads'
import { Agent, request } from 'undici'
import { createAuthority, issueServingCertificate } from '../../../certs/pki/issue-certificates.ts'
import type { NamespaceScope } from '../../../kubernetes/reflector.ts'
import { createControllerRegistry, createThreadMetrics } from '../../../webhook/controller/metrics/metrics.ts'
import { failureCauses } from '../../../webhook/controller-thread/supervision.ts'
import { chooseHeapMebibytes, createControllerSupervisor } from '../../../webhook/controller-thread/supervisor.ts'
import { createWebhookServer } from '../../../webhook/server/server.ts'
import { captureText } from '../../support/admission-captures.ts'
import { createApiFixture, until } from '../../support/api-fixture.ts'
import { driverPod, sidecarImage } from '../../support/driver-pods.ts'
import { createStaticAdmit } from '../../support/static-admit.ts'
import { defaultConfig, pods } from '../controller/controller-harness.ts'

const leases = '/apis/coordination.k8s.io/v1/leases'
const file = join(import.meta.dirname, 'faulty-thread.ts')

/** A supervisor with the real thread, against a fake API server. */
async function startSupervisor(t: TestContext, limits = {}, scope: NamespaceScope | null = null, program = file) {
  const { api, deps, lines } = await createApiFixture(t)
  api.define(pods, '/api/v1/events', '/api/v1/nodes', '/api/v1/namespaces', leases)
  api.set('/api/v1/namespaces', { metadata: { name: 'spark', labels: { 'spark-nanny.io/inject': 'enabled' } } })
  api.set(pods, driverPod())
  const registry = createControllerRegistry()
  const written: string[] = []
  const version = randomUUID()
  const channel = new BroadcastChannel(version)
  const link = createControllerSupervisor({
    file: program,
    data: {
      kubernetes: {
        kind: 'on',
        namespace: 'spark-nanny',
        capabilityIntervalMs: 60_000,
        serviceAccountDir: api.serviceAccountDir,
        controller: defaultConfig,
        scope,
      },
      sidecarImage,
      chartSettings: {},
      logLevel: 'info',
      version,
      env: { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(api.port) },
    },
    maxHeapMebibytes: 64,
    limits: { baseMs: 10, capMs: 100, ...limits },
    metrics: createThreadMetrics(registry, failureCauses),
    log: deps.log,
    writeLog: (text) => void written.push(text),
    sleep: deps.sleep,
    random: Math.random,
    monotonicMs: () => performance.now(),
  })
  const stop = new AbortController()
  const running = link.run(() => ({ nativeSidecars: true, injectionKeys: [new Uint8Array(32)] }), stop.signal)
  const end = async () => {
    stop.abort()
    await running
  }
  t.after(async () => {
    channel.close()
    await end()
  })
  const events = () =>
    written
      .join('')
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  return {
    api,
    link,
    version,
    end,
    lines,
    events,
    fail: (fault: string) => channel.postMessage(fault),
    terms: () => events().filter(({ event }) => event === 'leader-acquired').length,
    holder: () => {
      const lease = api.list(leases)[0]
      return (lease?.spec as { readonly holderIdentity?: string } | undefined)?.holderIdentity ?? ''
    },
    figures: () => registry.metrics(),
  }
}

/** Sends admissions one after another until `stop`, and counts them. */
async function keepAdmitting(t: TestContext) {
  const authority = createAuthority(new Date(), 1)
  const serving = issueServingCertificate(authority, ['localhost'], new Date(), 1)
  const app = createWebhookServer({
    admit: createStaticAdmit(),
    certificate: { cert: serving.certificatePem, key: serving.privateKeyPem },
    unready: () => [],
    broken: () => [],
    onMalformedRequest: () => {},
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const dispatcher = new Agent({ connect: { ca: authority.certificatePem, servername: 'localhost' } })
  const url = `https://127.0.0.1:${(app.server.address() as AddressInfo).port}/mutate`
  const body = captureText('driver-pod.spark-submit')
  let isStopped = false
  let admitted = 0
  const loop = (async () => {
    while (!isStopped) {
      const headers = { 'content-type': 'application/json' }
      const answer = await request(url, { dispatcher, method: 'POST', headers, body })
      const { response } = JSON.parse(await answer.body.text())
      assert.equal(response.allowed, true)
      admitted += 1
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })()
  t.after(async () => {
    isStopped = true
    await loop
    await dispatcher.close()
    await app.close()
  })
  return () => admitted
}

describe('createControllerSupervisor', { concurrency: 3 }, () => {
  test('a thread that runs → leads, reports, logs and renders; its end releases the lease', async (t) => {
    const { link, version, end, events, holder } = await startSupervisor(t)
    await until(link.isLeader, 'a leader')
    await until(() => Object.keys(link.stale()).length === 4, 'a report')
    assert.deepEqual(link.stale(), { 'spark-applications': false, nodes: false, drivers: false, namespaces: false })
    assert.equal(link.suspension('spark'), null)
    assert.notEqual(holder(), '')
    let text = ''
    while (!text.includes('spark_nanny_drivers{namespace="spark",state="ready"} 1')) text = await link.metrics()
    assert.doesNotMatch(text, /spark_nanny_leader|spark_nanny_watch_stale/, 'those of the process')
    await end()
    assert.equal(holder(), '')
    assert.ok(events().every((line) => line.app !== undefined && line.version === version && line.time !== undefined))
  })

  test('only some namespaces may be read → the thread leads, and reads no others', async (t) => {
    const { api, link, lines } = await startSupervisor(t, {}, { namespaces: ['spark'], oldestKubelet: [1, 33] })
    await until(link.isLeader, 'a leader')
    await until(() => Object.keys(link.stale()).length === 4, 'a report')
    const isWide = (line: string) =>
      /^GET \/(api\/v1|apis\/[^/]+\/[^/]+)\/(pods|nodes|namespaces|sparkapplications)\?/.test(line)
    assert.deepEqual(api.requests.filter(isWide), [])
    assert.equal(lines.filter(({ line }) => line.event === 'controller-failed').length, 0)
  })

  for (const [fault, cause] of [
    ['crash', 'crashed'],
    ['exit', 'crashed'],
    ['heap', 'out-of-memory'],
    ['loop', 'hung'],
    ['wait', 'hung'],
  ] as const) {
    test(`a thread with the fault "${fault}" → ${cause}, admission goes on, and the next thread leads`, async (t) => {
      const { link, fail, figures, terms, lines } = await startSupervisor(t, { maxSilentTicks: 12 })
      const admitted = await keepAdmitting(t)
      await until(link.isLeader, 'a leader')
      const before = admitted()
      fail(fault)
      await until(() => lines.some(({ line }) => line.event === 'controller-failed'), 'the failure')
      await until(() => admitted() > before, 'an admission meanwhile')
      assert.equal(link.isLeader(), false)
      assert.ok((await figures()).includes(`spark_nanny_controller_failures_total{cause="${cause}"} 1`))
      // The lease of a thread that could not release it expires first.
      await untilLong(link.isLeader, 'the next leader')
      assert.equal(terms(), 2)
      const next = admitted()
      await until(() => admitted() > next, 'another admission')
    })
  }

  test('a thread that cannot be created → crashed, and it is tried again until the end', async (t) => {
    // As for ERR_WORKER_INIT_FAILED, the constructor throws.
    const { lines, figures, end } = await startSupervisor(t, {}, null, 'not-a-path.ts')
    const failures = () => lines.filter(({ line }) => line.event === 'controller-failed')
    await until(() => failures().length >= 2, 'a second failure')
    assert.match(await figures(), /spark_nanny_controller_failures_total\{cause="crashed"\} [2-9]/)
    await end()
  })

  test('messages that are none → are ignored, and the thread leads on', async (t) => {
    const { link, fail, lines } = await startSupervisor(t)
    await until(link.isLeader, 'a leader')
    fail('garbage')
    fail('suspend')
    await until(() => link.suspension('etl') !== null, 'the report after them')
    assert.equal(link.suspension('etl'), 'the image cannot be pulled')
    assert.equal(link.suspension('constructor'), null)
    await until(() => link.suspension('etl') === null, 'the next report')
    assert.ok(link.isLeader())
    assert.equal(lines.filter(({ line }) => line.event === 'controller-failed').length, 0)
  })

  test('the process ends while the thread does → it ends too, and no other thread starts', async (t) => {
    const { link, lines, end, fail } = await startSupervisor(t)
    await until(link.isLeader, 'a leader')
    fail('exit')
    await end()
    assert.ok(lines.filter(({ line }) => line.event === 'controller-failed').length <= 1)
  })
})

/** A lease expires after 15 seconds. */
async function untilLong(condition: () => boolean, what: string): Promise<void> {
  await until(condition, what).catch(() => until(condition, what))
}

describe('chooseHeapMebibytes', () => {
  for (const [mebibytes, expected] of [
    [384, 128],
    [128, 96],
    [1_024, 341],
    [65_536, 512],
  ] as const) {
    test(`a container with ${mebibytes} MiB → ${expected} MiB`, () => {
      assert.equal(chooseHeapMebibytes(mebibytes * 1024 ** 2), expected)
    })
  }
})
