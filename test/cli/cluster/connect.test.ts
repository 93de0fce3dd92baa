import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { type ConnectionFlags, connect } from '../../../cli/cluster/connect.ts'
import { UsageError } from '../../../cli/options/usage-error.ts'
import { startFakeApiServer } from '../../support/fake-api-server.ts'

let dir = ''
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'spark-nanny-connect-'))
  await mkdir(join(dir, 'home/.kube'), { recursive: true })
  await mkdir(join(dir, 'pod'), { recursive: true })
  await writeFile(join(dir, 'home/.kube/config'), kubeconfig('home', 'https://home:6443/', 'jobs'))
  await writeFile(join(dir, 'one'), kubeconfig('one', 'https://one:6443'))
  await writeFile(join(dir, 'two'), kubeconfig('two', 'https://two:6443', 'second'))
  await writeFile(join(dir, 'twin'), kubeconfig('one', 'https://twin:6443'))
  await writeFile(
    join(dir, 'proxied'),
    kubeconfig('one', 'https://one:6443').replace('server:', 'proxy-url: http://p, server:'),
  )
  await writeFile(
    join(dir, 'as-another'),
    kubeconfig('one', 'https://one:6443').replace('a-token', 'a-token, as: root'),
  )
  await writeFile(join(dir, 'wrong'), 'a: b: c')
  await writeFile(
    join(dir, 'lost'),
    kubeconfig('one', 'https://one:6443').replace('name: one, cluster: {', 'name: x, cluster: {'),
  )
  await writeFile(join(dir, 'pod/ca.crt'), 'none')
  await writeFile(join(dir, 'pod/namespace'), 'own\n')
  return () => rm(dir, { recursive: true })
})

const kubeconfig = (name: string, server: string, namespace?: string, more = '') => `
apiVersion: v1
kind: Config
current-context: ${name}
clusters: [{name: ${name}, cluster: {server: '${server}'${more}}}]
users: [{name: ${name}, user: {token: a-token}}]
contexts: [{name: ${name}, context: {cluster: ${name}, user: ${name}${namespace ? `, namespace: ${namespace}` : ''}}}]
`

type Env = Readonly<Record<string, string>>
const inPod = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' }

/** Connects with paths inside the test's directory. Returns the server, the namespace and the context. */
async function connectWith(flags: ConnectionFlags, { KUBECONFIG, HOME = 'nowhere', ...env }: Env) {
  const resolvedFlags = flags.kubeconfig === undefined ? flags : { ...flags, kubeconfig: join(dir, flags.kubeconfig) }
  const list = KUBECONFIG?.split(':').map((name) => join(dir, name))
  const kubeconfigEnv = list === undefined ? {} : { KUBECONFIG: list.join(':') }
  const connection = await connect(resolvedFlags, { ...env, ...kubeconfigEnv, HOME: join(dir, HOME) }, join(dir, 'pod'))
  connection.close()
  return [connection.server, connection.namespace, connection.context]
}

const found: readonly (readonly [flags: ConnectionFlags, env: Env, expected: readonly unknown[]])[] = [
  [{}, { HOME: 'home' }, ['https://home:6443', 'jobs', 'home']],
  [{}, { HOME: 'home', KUBECONFIG: 'one' }, ['https://one:6443', 'default', 'one']],
  [{ kubeconfig: 'two' }, { KUBECONFIG: 'one' }, ['https://two:6443', 'second', 'two']],
  [{ kubeconfig: 'two', namespace: 'n' }, {}, ['https://two:6443', 'n', 'two']],
  [{}, { KUBECONFIG: 'one:two' }, ['https://one:6443', 'default', 'one']],
  [{ context: 'two' }, { KUBECONFIG: 'one:two' }, ['https://two:6443', 'second', 'two']],
  [{}, { KUBECONFIG: 'absent:two' }, ['https://two:6443', 'second', 'two']],
  [{}, { KUBECONFIG: 'one:twin' }, ['https://one:6443', 'default', 'one']],
  [{}, inPod, ['https://10.0.0.1:443', 'own', null]],
  [{}, { ...inPod, HOME: 'home' }, ['https://home:6443', 'jobs', 'home']],
]
describe('connect', () => {
  for (const [flags, env, expected] of found) {
    test(`${JSON.stringify(flags)} ${JSON.stringify(env)} → connects to ${String(expected[0])}`, async () => {
      assert.deepEqual(await connectWith(flags, env), expected)
    })
  }

  const wrong: readonly (readonly [flags: ConnectionFlags, env: Env, message: RegExp])[] = [
    [{}, {}, /^no cluster is configured: set --kubeconfig or KUBECONFIG/],
    [{ kubeconfig: 'absent' }, {}, /absent: there is no such file; expected a kubeconfig$/],
    [{}, { KUBECONFIG: 'absent' }, /^KUBECONFIG is .*absent: there is no such file/],
    [{ context: 'nope' }, { KUBECONFIG: 'one:two' }, /no context "nope"; there are one, two$/],
    [{ context: 'nope' }, inPod, /no context "nope", because there is no kubeconfig/],
    [{ kubeconfig: 'wrong' }, {}, /wrong: is not a kubeconfig: /],
    [{ kubeconfig: 'lost' }, {}, /context "one" names cluster "one", which is absent$/],
    [{ kubeconfig: 'as-another' }, {}, /user "one": impersonation \(as\) is not supported$/],
    [{ kubeconfig: 'proxied' }, {}, /cluster "one": proxy-url is not supported$/],
  ]
  for (const [flags, env, message] of wrong) {
    test(`${JSON.stringify(flags)} ${JSON.stringify(env)} → usage error`, async () => {
      await assert.rejects(connectWith(flags, env), (error) => {
        assert.ok(error instanceof UsageError)
        assert.match(error.message, message)
        assert.doesNotMatch(error.message, /\n/)
        return true
      })
    })
  }

  test('kubeconfig with an authority and a token → both are used for requests', async (t) => {
    const api = await startFakeApiServer()
    t.after(() => api.close())
    api.define('/api/v1/nodes')
    const ca = await readFile(join(api.serviceAccountDir, 'ca.crt'), 'base64')
    const file = join(dir, 'real')
    const server = `https://127.0.0.1:${api.port}`
    await writeFile(file, kubeconfig('real', server, 'jobs', `, certificate-authority-data: ${ca}`))
    const connection = await connect({ kubeconfig: file }, {})
    t.after(() => connection.close())
    const answer = await connection.api.request({ method: 'GET', path: '/api/v1/nodes', deadlineMs: 10_000 })
    assert.equal(answer.kind === 'response' ? answer.status : answer.detail, 200)
  })
})
