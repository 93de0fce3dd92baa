import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, type TestContext, test } from 'node:test'
import { toRecord } from '../../core/json.ts'
import { captureText } from '../support/admission-captures.ts'
import { until } from '../support/api-fixture.ts'
import { type CertificateApiServer, startCertificateApiServer } from './api-server.ts'
import { createConfiguration, createEmptySecret } from './fake-certificate-api.ts'
import { host } from './replica.ts'

const main = join(import.meta.dirname, '../../webhook/main.ts')

/** The webhook as it runs in a pod, with an authority of its own. */
function start(t: TestContext, api: CertificateApiServer) {
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env.PATH ?? '',
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String(api.port),
      SPARK_NANNY_SERVICE_ACCOUNT_DIR: api.serviceAccountDir,
      SPARK_NANNY_NAMESPACE: 'spark-nanny',
      SPARK_NANNY_SIDECAR_IMAGE: 'registry.invalid/sidecar:1',
      SPARK_NANNY_PORT: '0',
      SPARK_NANNY_METRICS_PORT: '0',
      SPARK_NANNY_LOG_LEVEL: 'debug',
      SPARK_NANNY_CERTIFICATES: 'self-signed',
      SPARK_NANNY_CERTIFICATE_SECRET: 'tls',
      SPARK_NANNY_SERVICE_NAME: 'spark-nanny',
      SPARK_NANNY_WEBHOOK_CONFIGURATION: 'spark-nanny',
    },
  })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => {
      output += piece
    })
  }
  const portOf = (name: string) => Number(new RegExp(`"${name}":(\\d+)`).exec(output)?.[1] ?? 0)
  return { child, output: () => output, port: () => portOf('port'), metricsPort: () => portOf('metricsPort') }
}

async function ask(port: number, ca: string, path: string, body?: string) {
  const sent = request({
    host: '127.0.0.1',
    port,
    servername: host,
    ca,
    path,
    method: body === undefined ? 'GET' : 'POST',
    agent: new Agent({ keepAlive: false }),
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
  })
  sent.end(body)
  const [response] = await once(sent, 'response')
  return JSON.parse(await text(response))
}

describe('webhook process with its own authority', () => {
  test('two processes that start together → one authority, and drivers are injected', async (t) => {
    const api = await startCertificateApiServer(t)
    api.put('secret', createEmptySecret())
    const processes = [start(t, api), start(t, api)]
    await until(() => processes.every(({ output }) => output().includes('certificate-loaded')), 'certificates')
    const authority = () => Buffer.from(String(toRecord(api.secret()?.data)['ca.crt']), 'base64').toString()
    const missing = async (port: number) => (await ask(port, authority(), '/readyz')).missing as readonly string[]
    await until(() => processes.every(({ port }) => port() !== 0), 'listening')
    for (const { port } of processes)
      assert.ok((await missing(port())).includes('ca-bundle'), 'no caBundle contains the CA yet')

    api.put('configuration', createConfiguration())
    await until(() => api.caBundles().every((pem) => pem === authority()), 'both caBundles')
    for (const { port } of processes) {
      while ((await missing(port())).includes('ca-bundle'));
      const { response } = await ask(
        port(),
        api.caBundles()[0] ?? '',
        '/mutate',
        captureText('driver-pod.spark-submit'),
      )
      assert.equal(response.allowed, true)
    }
    const metrics = await Promise.all(
      processes.map(async ({ metricsPort }) => (await fetch(`http://127.0.0.1:${metricsPort()}/metrics`)).text()),
    )
    const issued = metrics.map((page) => Number(/renewals_total\{kind="ca"\} (\d+)/.exec(page)?.[1]))
    assert.deepEqual(issued.toSorted(), [0, 1], 'exactly one process issued it')
    for (const page of metrics) {
      assert.match(page, /spark_nanny_certificate_source_healthy 1/)
      assert.match(page, /spark_nanny_ca_expiry_timestamp_seconds 1\d{9}/)
      assert.match(page, /spark_nanny_certificate_expiry_timestamp_seconds 1\d{9}/)
    }
    for (const { output } of processes) assert.doesNotMatch(output(), /PRIVATE KEY|LS0tLS1CRUdJTi/)
  })
})
