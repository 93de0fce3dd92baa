import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { admit } from '../../admission/admit.ts'
import { parseSecretContents } from '../../certs/pki/secret-contents.ts'
import { createSelfSignedSource } from '../../certs/self-signed/self-signed.ts'
import { probeHandshake } from '../../certs/trust/handshake-probe.ts'
import { createClient } from '../../kubernetes/client.ts'
import { loadAccess } from '../../kubernetes/in-cluster-access.ts'
import { createWebhookServer } from '../../webhook/server/server.ts'
import { capableContext, captureText } from '../support/admission-captures.ts'
import { until } from '../support/api-fixture.ts'
import { createRecordingLog } from '../support/recording-log.ts'
import { startCertificateApiServer } from './api-server.ts'
import { createConfiguration, createEmptySecret } from './fake-certificate-api.ts'
import { createQuickIssuer } from './quick-issuer.ts'
import { dayMs, host } from './replica.ts'

const issuer = createQuickIssuer()
const review = captureText('driver-pod.spark-submit')

/** Two replicas with real servers at one API server. Test connections alternate between them, as a Service does. */
async function twoReplicas(t: TestContext, holdMs: number) {
  const api = await startCertificateApiServer(t)
  api.put('secret', createEmptySecret())
  api.put('configuration', createConfiguration())
  const controller = new AbortController()
  t.after(() => controller.abort())
  const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(api.port) }
  const time = { behindMs: 0 }
  const ports: number[] = []
  let dials = 0
  const start = async () => {
    const client = createClient(await loadAccess(env, api.serviceAccountDir))
    t.after(() => client.close())
    const { log, lines } = createRecordingLog()
    const app = createWebhookServer({
      admit: async (admission) => admit(admission, capableContext),
      unready: () => source.unready(),
      broken: () => [],
      onMalformedRequest: () => {},
      certificate: null,
    })
    const nowMs = () => Date.now() - time.behindMs
    const source = createSelfSignedSource(
      {
        secretName: { namespace: 'spark-nanny', name: 'tls' },
        configurationName: 'spark-nanny',
        plan: { hosts: [host], authorityValidityMs: 365 * dayMs, leafValidityMs: 350 * dayMs, holdMs },
      },
      {
        api: {
          watch: client.watch,
          // The API server's clock equals this process's clock.
          request: async (asked) => {
            const answer = await client.request(asked)
            return answer.kind === 'response' ? { ...answer, dateMs: nowMs() } : answer
          },
        },
        issuer,
        log,
        metrics: {
          setCertificateExpiry: () => {},
          setAuthorityExpiry: () => {},
          countRenewal: () => {},
          setCertificateSourceHealthy: () => {},
        },
        probeHandshake: (authoritiesPem) =>
          probeHandshake(
            { host: '127.0.0.1', port: ports[dials++ % ports.length] ?? 0, servername: host, deadlineMs: 10_000 },
            authoritiesPem,
          ),
        serve: ({ context }) => app.server.setSecureContext(context),
        nowMs,
        elapsedMs: () => performance.now(),
        sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => {}),
        random: Math.random,
      },
    )
    await app.listen({ port: 0, host: '127.0.0.1' })
    t.after(() => app.close())
    ports.push((app.server.address() as AddressInfo).port)
    for (const run of Object.values(source.loops)) void run(controller.signal)
    return { source, lines }
  }
  const replicas = [await start(), await start()]
  return { api, replicas, ports, time }
}

/** An admission as the API server requests it, trusting only the current caBundle. */
async function admitDriver(port: number, ca: string, agent: Agent): Promise<boolean> {
  const sent = request({
    host: '127.0.0.1',
    port,
    servername: host,
    ca,
    agent,
    method: 'POST',
    path: '/mutate',
    headers: { 'content-type': 'application/json' },
  })
  sent.end(review)
  const [response] = await once(sent, 'response')
  assert.equal(JSON.parse(await text(response)).response.patchType, 'JSONPatch')
  return sent.reusedSocket
}

describe('two replicas with real servers', () => {
  test('a renewal and a rotation → open connections continue, new ones verify, no admission fails', async (t) => {
    const { api, replicas, ports, time } = await twoReplicas(t, 1_000)
    // The authority is 250 days old after the clock is corrected. All certificates are valid by the real clock.
    time.behindMs = 250 * dayMs
    await until(() => replicas.every(({ source }) => source.unready().length === 0), 'ready')
    const contents = () => {
      const found = parseSecretContents(api.secret()?.data)
      return found.kind === 'usable' ? found.contents : undefined
    }
    const old = contents()?.authorities[0].fingerprint
    const kept = new Agent({ keepAlive: true, maxSockets: 1 })
    t.after(() => kept.destroy())
    const port = ports[0] ?? 0
    const [firstCa = ''] = api.caBundles()
    assert.equal(await admitDriver(port, firstCa, kept), false)

    const rotated = () => {
      const now = contents()
      return now?.authorities.length === 1 && now.authorities[0].fingerprint !== old
    }
    /** False if the caBundle was replaced during the request, which can happen on a slow machine. */
    const isAdmitted = async (each: number, ca: string): Promise<boolean> => {
      try {
        assert.equal(await admitDriver(each, ca, new Agent({ keepAlive: false })), false)
        return true
      } catch (error) {
        if (api.caBundles()[0] === ca) throw error
        return false
      }
    }
    let [admissions, afterwards] = [0, 0]
    time.behindMs = 0
    while (afterwards < 20) {
      const [ca = ''] = api.caBundles()
      for (const each of ports) admissions += Number(await isAdmitted(each, ca))
      assert.equal(await admitDriver(port, firstCa, kept), true, 'on the open connection')
      if (rotated()) afterwards += 1
      await delay(20)
    }
    assert.ok(admissions > 40)
    const steps = new Set(replicas.flatMap(({ lines }) => lines.map(({ line }) => line.event)))
    for (const step of ['create', 'renew-leaf', 'begin-ca-rotation', 'switch-leaf', 'retire-ca', 'ca-bundle-published'])
      assert.ok(steps.has(step), step)
  })

  test('a deleted or reset object → restored', async (t) => {
    const { api, replicas } = await twoReplicas(t, 1_000)
    await until(() => replicas.every(({ source }) => source.unready().length === 0), 'ready')
    const good = api.caBundles()
    api.put('configuration', createConfiguration())
    await until(() => api.caBundles().join() === good.join(), 'the restored caBundle')
    api.remove('secret')
    await until(() => api.secret() !== undefined, 'the restored Secret')
    api.remove('configuration')
    await until(
      () => replicas.every(({ lines }) => JSON.stringify(lines).includes('there is no MutatingWebhookConfiguration')),
      'the missing configuration in the log',
    )
    assert.deepEqual(
      replicas.map(({ source }) => source.unready()),
      [[], []],
    )
  })

  test('a client that resets the caBundle after each write → the writes slow down', async (t) => {
    const { api, replicas } = await twoReplicas(t, 1_000)
    await until(() => replicas.every(({ source }) => source.unready().length === 0), 'ready')
    let resets = 0
    const undoing = setInterval(() => {
      if (!api.caBundles().every((pem) => pem === '')) {
        resets += 1
        api.put('configuration', createConfiguration())
      }
    }, 1)
    t.after(() => clearInterval(undoing))
    const writes = () => api.requests.filter((line) => line.startsWith('PATCH')).length
    const before = writes()
    await delay(2_000)
    assert.ok(resets > 1, String(resets))
    // Two replicas, eight a round at most, six rounds and then pauses of 200 ms, 400 ms, …; 751 were seen without.
    assert.ok(writes() - before <= 2 * 8 * 16, String(writes() - before))
  })
})
