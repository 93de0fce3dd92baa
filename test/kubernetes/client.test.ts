import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createClient } from '../../kubernetes/client.ts'
import { loadAccess } from '../../kubernetes/in-cluster-access.ts'
import { createApiFixture, until } from '../support/api-fixture.ts'

const path = '/apis/example.io/v1/things'
const thing = (length: number) => ({ metadata: { name: 'a', namespace: 'spark' }, text: 'x'.repeat(length) })

describe('createClient', () => {
  for (const [what, headers] of [
    ['with a Content-Length', {}],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ] as const) {
    test(`a response ${what} that is larger than the bound → a failure, and the next request works`, async (t) => {
      const { api, deps } = await createApiFixture(t)
      api.define(path)
      api.intercept((_method, url) => ({ status: 200, body: thing(url.includes('large') ? 500_000 : 10), headers }))
      const get = (name: string) =>
        deps.api.request({ method: 'GET', path: `${path}/${name}`, deadlineMs: 10_000, maxBytes: 100_000 })
      const large = await get('large')
      assert.ok(large.kind === 'failed' && large.isTooLarge === true)
      const small = await get('small')
      assert.ok(small.kind === 'response' && small.bytes !== undefined && small.bytes < 1_000)
    })
  }

  test('an event that is longer than the bound → the watch ends with an item that is no event', async (t) => {
    const { api } = await createApiFixture(t)
    api.define(path)
    const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(api.port) }
    const access = await loadAccess(env, api.serviceAccountDir)
    const client = createClient(access, { maxResponseBytes: 100_000, maxEventChars: 100_000 })
    t.after(() => client.close())
    const items: unknown[] = []
    const watching = (async () => {
      const signal = AbortSignal.timeout(20_000)
      for await (const item of client.watch(`${path}?watch=true&resourceVersion=1000`, 10_000, signal)) items.push(item)
    })()
    await until(() => api.watches() === 1, 'a watch')
    api.set(path, thing(10))
    api.set(path, thing(50_000))
    api.set(path, thing(5_000_000))
    await watching
    assert.deepEqual(
      items.map((item) => (item as { event?: { type: string } }).event?.type),
      ['ADDED', 'MODIFIED', undefined],
    )
  })

  test('a request that waits for a connection → ends at its deadline', async (t) => {
    const { api, deps } = await createApiFixture(t)
    api.define(path)
    const get = (query: string, deadlineMs: number) =>
      deps.api.request({ method: 'GET', path: `${path}${query}`, deadlineMs })
    // The server answers a watch without end.
    for (let index = 0; index < 32; index += 1) void get('?watch=true&resourceVersion=1', 60_000)
    await until(() => api.watches() === 32, 'all connections are in use')
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      api.endWatches('closed')
    }, 20_000)
    const waiting = await get('', 100)
    clearTimeout(timer)
    assert.deepEqual([waiting.kind, isLate], ['failed', false])
    assert.deepEqual(api.requests, [])
  })
})
