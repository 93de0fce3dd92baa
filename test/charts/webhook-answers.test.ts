import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, type TestContext, test } from 'node:test'
import { respond } from '../../admission/admit.ts'
import { skip } from '../../admission/decide.ts'
import { createAuthority, issueServingCertificate } from '../../certs/pki/issue-certificates.ts'
import { createWebhookServer } from '../../webhook/server/server.ts'
import { startFakeApiServer } from '../support/fake-api-server.ts'

const authority = createAuthority(new Date(), 1)
const other = createAuthority(new Date(), 1)
const program = join(import.meta.dirname, '../../charts/spark-nanny/files/webhook-answers.ts')
const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'

interface Situation {
  readonly caBundle: string | undefined
  readonly missing?: readonly string[]
  readonly host?: string
}

/** The program as the pod of `helm test` runs it, and its surroundings. */
async function start(t: TestContext, { caBundle, missing = [], host = 'nanny.tools.svc' }: Situation) {
  const leaf = issueServingCertificate(authority, [host], new Date(), 1)
  const app = createWebhookServer({
    admit: (request) => respond(request, skip('opted-out')),
    certificate: { cert: leaf.certificatePem, key: leaf.privateKeyPem },
    unready: () => missing,
    broken: () => [],
    onMalformedRequest: () => {},
  })
  await app.ready()
  app.server.listen(0, '127.0.0.1')
  await once(app.server, 'listening')
  t.after(() => app.close())
  const { port } = app.server.address() as AddressInfo
  const api = await startFakeApiServer()
  t.after(() => api.close())
  let current = caBundle
  api.intercept((_method, url) => {
    if (url !== `${path}/nanny`) return undefined
    const clientConfig = { caBundle: current, service: { name: 'nanny', namespace: 'tools', path: '/mutate', port } }
    return { status: 200, body: { webhooks: [{ name: 'pods.spark-nanny.io', clientConfig }] } }
  })
  const names = join(import.meta.dirname, 'local-names.ts')
  const source = readFileSync(program, 'utf8')
  const args = ['--import', names, '--input-type=module-typescript', '--eval', source]
  const child: ChildProcess = spawn(process.execPath, args, {
    env: {
      WEBHOOK_CONFIGURATION: 'nanny',
      DEADLINE_SECONDS: '60',
      SERVICE_ACCOUNT_DIR: api.serviceAccountDir,
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String(api.port),
    },
  })
  t.after(() => child.kill('SIGKILL'))
  const { stdout, stderr } = child
  assert.ok(stdout && stderr)
  return {
    /** Resolves with the first line of its log. */
    firstLine: async () => String((await once(stdout, 'data'))[0]),
    setCaBundle: (value: string) => {
      current = value
    },
    ended: Promise.all([once(child, 'close'), text(stdout), text(stderr)]),
  }
}

const encode = ({ certificatePem }: { readonly certificatePem: string }) =>
  Buffer.from(certificatePem).toString('base64')

describe('webhook check of helm test', () => {
  test('a webhook that responds with a certificate that the caBundle verifies → exit code 0', async (t) => {
    const { ended } = await start(t, { caBundle: encode(authority) })
    const [[code], log] = await ended
    assert.equal(code, 0)
    assert.match(log, /pods\.spark-nanny\.io: nanny\.tools\.svc responds and its certificate is verified \(opted-out\)/)
  })

  /** Problems that the right caBundle resolves. */
  const problems: readonly (readonly [what: string, situation: Situation, message: RegExp])[] = [
    ['no caBundle', { caBundle: undefined }, /^pods\.spark-nanny\.io has no caBundle yet/],
    [
      'a caBundle with a foreign CA',
      { caBundle: encode(other) },
      /^nanny\.tools\.svc: .*(unable to verify|self-signed|signature)/,
    ],
  ]
  for (const [what, situation, message] of problems) {
    test(`${what} → waits until the caBundle is replaced`, async (t) => {
      const { firstLine, setCaBundle, ended } = await start(t, situation)
      assert.match(await firstLine(), message)
      setCaBundle(encode(authority))
      const [[code]] = await ended
      assert.equal(code, 0)
    })
  }

  test('a webhook that is not ready, or has a certificate for another name → is logged', async (t) => {
    const unready = await start(t, { caBundle: encode(authority), missing: ['nodes'] })
    assert.match(await unready.firstLine(), /^nanny\.tools\.svc is not ready: .*nodes/)
    const misnamed = await start(t, { caBundle: encode(authority), host: 'else.tools.svc' })
    assert.match(await misnamed.firstLine(), /^nanny\.tools\.svc: .*altnames/)
  })
})
