import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, type TestContext, test } from 'node:test'
import { createAuthority, issueServingCertificate } from '../../certs/pki/issue-certificates.ts'
import { captureText } from '../support/admission-captures.ts'
import { until } from '../support/api-fixture.ts'
import { startFakeApiServer } from '../support/fake-api-server.ts'

const authority = createAuthority(new Date(), 1)
const main = join(import.meta.dirname, '../../webhook/main.ts')

interface Running {
  readonly child: ChildProcess
  /** The lines of its log. */
  readonly lines: Record<string, unknown>[]
  stderr(): string
}

function start(t: TestContext, env: Readonly<Record<string, string>>): Running {
  const child = spawn(process.execPath, [main], { env: { PATH: process.env.PATH ?? '', ...env } })
  t.after(() => child.kill('SIGKILL'))
  const lines: Record<string, unknown>[] = []
  let errors = ''
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    const parts = (rest + piece).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts.map((line) => JSON.parse(line) as Record<string, unknown>))
  })
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    errors += piece
  })
  return { child, lines, stderr: () => errors }
}

async function tlsFiles(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), 'spark-nanny-process-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  const serving = issueServingCertificate(authority, ['localhost'], new Date(), 1)
  const [certFile, keyFile] = [join(dir, 'tls.crt'), join(dir, 'tls.key')]
  await writeFile(certFile, serving.certificatePem)
  await writeFile(keyFile, serving.privateKeyPem)
  return { SPARK_NANNY_TLS_CERT_FILE: certFile, SPARK_NANNY_TLS_KEY_FILE: keyFile }
}

const leases = '/apis/coordination.k8s.io/v1/leases'

const common = {
  SPARK_NANNY_SIDECAR_IMAGE: 'registry.invalid/sidecar:1',
  SPARK_NANNY_PORT: '0',
  SPARK_NANNY_METRICS_PORT: '0',
  SPARK_NANNY_DRAIN: '1s',
}

const listening = async ({ lines, stderr, child }: Running) => {
  await until(() => lines.some(({ event }) => event === 'listening') || child.exitCode !== null, 'listening')
  const line = lines.find(({ event }) => event === 'listening')
  assert.ok(line, stderr())
  return { port: Number(line.port), metricsPort: Number(line.metricsPort) }
}

async function call(port: number, path: string, body?: string): Promise<{ status: number; body: string }> {
  const sent = request({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: authority.certificatePem,
    agent: new Agent({ keepAlive: false }),
    path,
    method: body === undefined ? 'GET' : 'POST',
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
  })
  sent.end(body)
  const [response] = await once(sent, 'response')
  return { status: response.statusCode, body: await text(response) }
}

describe('webhook process', () => {
  test('a wrong configuration → every problem on stderr, exit code 2, no open port', async (t) => {
    const running = start(t, { SPARK_NANNY_PORT: 'x' })
    const [code] = await once(running.child, 'close')
    assert.equal(code, 2)
    for (const key of ['PORT', 'TLS_CERT_FILE', 'TLS_KEY_FILE', 'SIDECAR_IMAGE', 'NAMESPACE']) {
      assert.match(running.stderr(), new RegExp(`SPARK_NANNY_${key}: `))
    }
    assert.doesNotMatch(running.stderr(), /\.ts:/)
  })

  test('a cluster → ready with the caches, admits with them, ends cleanly', async (t) => {
    const api = await startFakeApiServer()
    t.after(() => api.close())
    api.define('/api/v1/limitranges', '/api/v1/resourcequotas', '/api/v1/pods', '/api/v1/namespaces')
    api.set('/apis/sparkoperator.k8s.io/v1beta2/sparkapplications', {
      apiVersion: 'sparkoperator.k8s.io/v1beta2',
      kind: 'SparkApplication',
      metadata: { namespace: 'spark', name: 'opl', uid: '38ba9050-1568-456e-843d-43a56b5c2db1' },
      spec: { restartPolicy: { type: 'OnFailure', onFailureRetries: 4 } },
    })
    api.define(leases)
    const holder = () =>
      (api.list(leases)[0]?.spec as { readonly holderIdentity?: string } | undefined)?.holderIdentity ?? ''
    let answering = false
    api.intercept((_method, url) =>
      url.startsWith('/api/v1/nodes') && !answering ? { status: 500, body: {} } : undefined,
    )
    api.set('/api/v1/nodes', { metadata: { name: 'n' }, status: { nodeInfo: { kubeletVersion: 'v1.36.3' } } })
    const running = start(t, {
      ...common,
      ...(await tlsFiles(t)),
      SPARK_NANNY_NAMESPACE: 'spark-nanny',
      SPARK_NANNY_SERVICE_ACCOUNT_DIR: api.serviceAccountDir,
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String(api.port),
    })
    const { port, metricsPort } = await listening(running)
    const ready = async () => (await call(port, '/readyz')).status === 200

    await until(() => api.requests.some((line) => line.includes('sparkapplications')), 'a list')
    const unready = await call(port, '/readyz')
    assert.equal(unready.status, 503)
    assert.ok(JSON.parse(unready.body).missing.includes('nodes'))
    assert.equal((await call(port, '/healthz')).status, 200)
    const inDoubt = await call(port, '/mutate', captureText('driver-pod.spark-submit'))
    assert.equal(JSON.parse(inDoubt.body).response.auditAnnotations.reason, 'native-sidecars-unsupported')

    answering = true
    while (!(await ready())) assert.equal(running.child.exitCode, null)
    const { response } = JSON.parse((await call(port, '/mutate', captureText('driver-pod.spark-operator'))).body)
    assert.match(Buffer.from(response.patch, 'base64').toString(), /\\"maxRestarts\\":4,\\"windowMs\\":null/)
    const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
    assert.match(metrics, /spark_nanny_admissions_total\{result="inject",reason="injected",kind="Pod"\} 1/)
    assert.match(metrics, /spark_nanny_capability\{capability="restartAllContainers"\} 1/)
    // The controller runs in a thread of its own, whose metrics and log are those of the process.
    const leader = () => running.lines.find(({ event }) => event === 'leader-acquired')
    await until(() => leader() !== undefined, 'a leader')
    assert.equal(leader()?.app, 'spark-nanny-webhook')
    let figures = ''
    while (!/spark_nanny_leader 1/.test(figures)) {
      figures = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
    }
    assert.match(figures, /spark_nanny_controller_up 1/)
    assert.match(figures, /# HELP spark_nanny_actions_total/)
    const helps = figures.split('\n').filter((line) => line.startsWith('# HELP'))
    assert.equal(new Set(helps).size, helps.length, 'each metric once')
    assert.notEqual(holder(), '')

    running.child.kill('SIGTERM')
    await until(() => running.lines.some(({ event }) => event === 'closing'), 'closing')
    const closing = await call(port, '/readyz')
    assert.deepEqual(JSON.parse(closing.body), { ok: false, missing: ['closing'] })
    assert.equal((await call(port, '/mutate', captureText('driver-pod.spark-operator'))).status, 200, 'it still admits')
    const [code] = await once(running.child, 'close')
    assert.equal(code, 0)
    assert.equal(running.stderr(), '')
    assert.equal(holder(), '', 'the lease is released')
    assert.ok(
      running.lines.some(
        ({ event, reason, name }) => event === 'admission' && reason === 'injected' && name === 'opl-driver',
      ),
    )
  })

  test('no API server → a line in the log, exit code 1', async (t) => {
    const running = start(t, { ...common, ...(await tlsFiles(t)), SPARK_NANNY_NAMESPACE: 'spark-nanny' })
    const [code] = await once(running.child, 'close')
    assert.equal(code, 1)
    assert.ok(
      running.lines.some(
        ({ event, err }) => event === 'startup-failed' && JSON.stringify(err).includes('no Kubernetes API'),
      ),
    )
  })

  test('no certificate yet → not ready until it is there', async (t) => {
    const files = await tlsFiles(t)
    const running = start(t, {
      ...common,
      SPARK_NANNY_TLS_CERT_FILE: `${files.SPARK_NANNY_TLS_CERT_FILE}.later`,
      SPARK_NANNY_TLS_KEY_FILE: files.SPARK_NANNY_TLS_KEY_FILE,
      SPARK_NANNY_KUBERNETES: 'off',
    })
    const { port } = await listening(running)
    assert.ok(running.lines.some(({ event }) => event === 'certificate-problem'))
    await assert.rejects(call(port, '/readyz'))
    assert.equal(running.child.exitCode, null, 'the process keeps running')
  })
})
