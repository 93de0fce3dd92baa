import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { settleMs } from '../../../certs/mounted/ca-file.ts'
import { createFilesSource } from '../../../certs/mounted/files-source.ts'
import { createAuthority, issueServingCertificate } from '../../../certs/pki/issue-certificates.ts'
import { createClient } from '../../../kubernetes/client.ts'
import { loadAccess } from '../../../kubernetes/in-cluster-access.ts'
import { until } from '../../support/api-fixture.ts'
import { createRecordingLog } from '../../support/recording-log.ts'
import { startCertificateApiServer } from '../api-server.ts'
import { createConfiguration } from '../fake-certificate-api.ts'
import { advance, createTestClock } from '../replica.ts'

const [first, second] = [createAuthority(new Date(), 30), createAuthority(new Date(), 30)]
const leaf = issueServingCertificate(first, ['localhost'], new Date(), 20)

/** A process with mounted files, and the API server that is to trust them. */
async function mounted(t: TestContext, withCa: boolean) {
  const api = await startCertificateApiServer(t)
  const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(api.port) }
  const client = createClient(await loadAccess(env, api.serviceAccountDir))
  const controller = new AbortController()
  t.after(() => {
    controller.abort()
    client.close()
  })
  const files = new Map([
    ['/tls/tls.crt', leaf.certificatePem],
    ['/tls/tls.key', leaf.privateKeyPem],
    ['/tls/ca.crt', first.certificatePem],
  ])
  const { log, lines } = createRecordingLog()
  const figures = { healthy: false, authorityExpiresMs: 0 }
  const served: string[] = []
  const clock = { ...createTestClock(), wallMs: Date.now() }
  const source = createFilesSource(
    {
      certFile: '/tls/tls.crt',
      keyFile: '/tls/tls.key',
      caFile: withCa ? { path: '/tls/ca.crt', configurationName: 'spark-nanny', api: client } : null,
    },
    {
      readFile: async (path) => files.get(path) ?? Promise.reject(new Error(`ENOENT: ${path}`)),
      serve: ({ fingerprint }) => served.push(fingerprint),
      log,
      metrics: {
        setCertificateExpiry: () => {},
        setAuthorityExpiry: (ms) => {
          figures.authorityExpiresMs = ms
        },
        countRenewal: () => {},
        setCertificateSourceHealthy: (healthy) => {
          figures.healthy = healthy
        },
      },
      nowMs: () => clock.wallMs,
      elapsedMs: () => clock.elapsedMs,
      sleep: (ms, signal) => delay(Math.min(ms, 20), undefined, { signal }).catch(() => {}),
      random: Math.random,
    },
  )
  await source.prepare()
  for (const run of Object.values(source.loops)) void run(controller.signal)
  return { api, files, lines, figures, served, clock, source }
}

describe('createFilesSource', () => {
  test('files alone → ready without API requests, and each problem is logged once', async (t) => {
    const { api, files, lines, figures, served, source } = await mounted(t, false)
    assert.deepEqual([source.unready(), served.length, figures.healthy], [[], 1, true])
    files.delete('/tls/tls.key')
    await until(() => !figures.healthy, 'trouble')
    assert.deepEqual(source.unready(), [], 'what was read is served still')
    files.set('/tls/tls.key', leaf.privateKeyPem)
    await until(() => figures.healthy, 'health')
    assert.equal(lines.filter(({ line }) => line.event === 'certificate-problem').length, 1)
    assert.deepEqual([api.requests, Object.keys(source.loops)], [[], ['certificates']])
  })

  test('a ca.crt → written to the caBundle, and restored after a reset', async (t) => {
    const { api, figures, source } = await mounted(t, true)
    assert.deepEqual(source.unready(), ['ca-bundle'])
    await until(() => !figures.healthy, 'no configuration')
    api.put('configuration', createConfiguration())
    const trusted = () => api.caBundles().every((pem) => pem === first.certificatePem)
    await until(() => source.unready().length === 0, 'ready')
    assert.ok(trusted() && figures.healthy)
    assert.ok(figures.authorityExpiresMs > Date.now())
    api.put('configuration', createConfiguration('', second.certificatePem))
    await until(
      () => api.caBundles()[0] !== '' && (api.caBundles()[1] ?? '').includes(first.certificatePem.trim()),
      'put right',
    )
    api.remove('configuration')
    await until(() => !figures.healthy, 'the absence')
    assert.deepEqual(source.unready(), [])
  })

  test('another authority in the file → both are trusted at first, and a corrupt file changes nothing', async (t) => {
    const { api, files, figures, source, clock } = await mounted(t, true)
    api.put('configuration', createConfiguration())
    await until(() => source.unready().length === 0, 'ready')
    const before = api.caBundles()
    files.set('/tls/ca.crt', first.certificatePem.slice(0, 100))
    await until(() => !figures.healthy, 'trouble')
    assert.deepEqual(api.caBundles(), before)
    files.set('/tls/ca.crt', second.certificatePem)
    const holding = (...authorities: readonly { readonly certificatePem: string }[]) =>
      api
        .caBundles()
        .every(
          (pem) =>
            pem.split('BEGIN').length - 1 === authorities.length &&
            authorities.every(({ certificatePem }) => pem.includes(certificatePem.trim())),
        )
    await until(() => holding(first, second) && figures.healthy, 'both')
    advance(clock, settleMs)
    await until(() => holding(second), 'the new one alone')
  })

  test('an authority that another replica added → stays until the files may be updated', async (t) => {
    const { api, source, clock } = await mounted(t, true)
    api.put('configuration', createConfiguration())
    await until(() => source.unready().length === 0, 'ready')
    const both = () => api.caBundles().every((pem) => pem.split('BEGIN').length === 3)
    for (const round of ['first', 'second']) {
      advance(clock, settleMs)
      await until(() => api.caBundles().every((pem) => pem === first.certificatePem), `${round}: ours alone`)
      api.put('configuration', createConfiguration(second.certificatePem, second.certificatePem))
      await until(() => api.caBundles().every((pem) => pem.includes(first.certificatePem.trim())), `${round}: ours`)
      assert.ok(both(), `${round}: the other one is gone`)
    }
  })
})
