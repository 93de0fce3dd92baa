import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createSelfSignedSource } from '../../certs/self-signed/self-signed.ts'
import { redact } from '../../certs/trust/redaction.ts'
import { toRecord } from '../../core/json.ts'
import type { ApiRequest, ApiResponse } from '../../kubernetes/api.ts'
import { createWebhookLog } from '../../webhook/log.ts'
import { until } from '../support/api-fixture.ts'
import { createConfiguration, createEmptySecret, createFakeCertificateApi } from './fake-certificate-api.ts'
import { createQuickIssuer } from './quick-issuer.ts'
import { advance, createTestClock, dayMs, host } from './replica.ts'

/** Every key that was in the Secret or in a request, in all encodings in which it could be logged. */
class Keys {
  readonly #pieces = new Set<string>()

  see(data: unknown): void {
    for (const [name, value] of Object.entries(toRecord(data))) {
      if (!name.endsWith('.key') || typeof value !== 'string') continue
      const pem = Buffer.from(value, 'base64').toString()
      // A match of 30 characters shows that a key leaks.
      for (const text of [value, pem.replace(/-----[A-Z ]+-----|\s/g, '')]) {
        for (let at = 40; at + 30 <= text.length; at += 30) this.#pieces.add(text.slice(at, at + 30))
      }
    }
  }

  get size(): number {
    return this.#pieces.size
  }

  leaked(text: string): readonly string[] {
    return [...this.#pieces].filter((piece) => text.includes(piece))
  }
}

describe('secrecy of keys', () => {
  test('an API that returns what it received → no key in any log line', async (t) => {
    const written: string[] = []
    const log = createWebhookLog('debug', 'test', { write: (line: string) => void written.push(line) })
    const clock = createTestClock()
    const api = createFakeCertificateApi(() => clock.wallMs)
    api.put('secret', createEmptySecret())
    api.put('configuration', createConfiguration())
    const keys = new Keys()
    let refusing = true
    /** An admission webhook or a proxy may answer with the body, as text or as it is. */
    const echo = (request: ApiRequest): ApiResponse => {
      const pem = Buffer.from(String(toRecord(toRecord(request.body).data)['ca.key'] ?? ''), 'base64').toString()
      const message = `denied: ${JSON.stringify(request.body)} ${pem} ${JSON.stringify(pem)}`
      return { kind: 'response', status: 422, body: { message: message.slice(-290) } }
    }
    let failures = 0
    const echoed = () => {
      failures += 1
      const { 'ca.key': key = '' } = toRecord(api.secret()?.data) as Record<string, string>
      return failures % 2 === 0
        ? `cannot read ${key.slice(0, 200)}`
        : `cannot read ${JSON.stringify(Buffer.from(key, 'base64').toString().slice(0, 250))}`
    }
    const controller = new AbortController()
    t.after(() => controller.abort())
    const source = createSelfSignedSource(
      {
        secretName: { namespace: 'spark-nanny', name: 'tls' },
        configurationName: 'spark-nanny',
        plan: { hosts: [host], authorityValidityMs: 365 * dayMs, leafValidityMs: 350 * dayMs, holdMs: 100 },
      },
      {
        api: {
          watch: async function* () {
            yield { kind: 'failed', status: 500, detail: echoed() }
          },
          request: async (request) => {
            keys.see(toRecord(request.body).data)
            if (request.path.includes('fieldSelector'))
              return { kind: 'response', status: 200, body: { items: [], metadata: { resourceVersion: '1' } } }
            if (refusing && request.method !== 'GET') return echo(request)
            const answer = api.answer(request)
            keys.see(toRecord(api.secret()?.data))
            return answer
          },
        },
        issuer: createQuickIssuer(2),
        log,
        metrics: {
          setCertificateExpiry: () => {},
          setAuthorityExpiry: () => {},
          countRenewal: () => {},
          setCertificateSourceHealthy: () => {},
        },
        probeHandshake: async () => ({ kind: 'verified' }),
        serve: () => {},
        nowMs: () => clock.wallMs,
        elapsedMs: () => performance.now(),
        sleep: (ms, signal) => delay(Math.min(ms, 20), undefined, { signal }).catch(() => {}),
        random: Math.random,
      },
    )
    for (const run of Object.values(source.loops)) void run(controller.signal)
    const text = () => written.join('')
    const times = (event: string) => text().split(`"event":"${event}"`).length - 1
    const logged = (event: string, count = 1) => until(() => times(event) >= count, `${event} in the log`)

    await logged('certificate-problem')
    refusing = false
    await logged('ca-bundle-published')
    advance(clock, 250 * dayMs)
    await logged('retire-ca')
    const secret = api.secret()
    assert.ok(secret)
    const data = secret.data as Readonly<Record<string, string>>
    api.put('secret', { ...secret, data: { ...data, 'ca.key': data['ca.key']?.slice(0, 600) } })
    refusing = true
    await until(() => text().includes('ca.key is not a private key'), 'the corruption in the log')
    refusing = false
    await logged('create', 2)
    await logged('retire-ca', 2)
    await until(() => failures > 4 && times('relist') + times('watch-ended') > 4, 'failed watches in the log')

    assert.ok(keys.size > 300, String(keys.size))
    assert.deepEqual(keys.leaked(text()), [])
    assert.doesNotMatch(text(), /PRIVATE KEY/)
    assert.match(text(), /HTTP 422: .*\[redacted\]/, 'what is left of an echo')
  })

  test('a text without a key → unchanged', () => {
    for (const text of [
      'MutatingWebhookConfiguration spark-nanny: HTTP 403: forbidden',
      '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations?fieldSelector=metadata.name%3Dspark-nanny',
      '/api/v1/namespaces/spark-nanny/secrets/spark-nanny-webhook-tls',
      'F4:0B:AA:10:F4:0B:AA:10:F4:0B:AA:10:F4:0B:AA:10:F4:0B:AA:10:F4:0B:AA:10:F4:0B:AA:10:F4:0B:AA:10',
    ]) {
      assert.equal(redact(text), text)
    }
  })
})
