import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { createReflector, type ReflectorOptions } from '../../kubernetes/reflector.ts'
import { createApiFixture, until } from '../support/api-fixture.ts'

const path = '/apis/example.io/v1/things'
const thing = (name: string, value: number) => ({ metadata: { name, namespace: 'spark' }, value })
const timing = { baseMs: 10, capMs: 50, absentRetryMs: 50 }

async function createReflectorHarness(t: TestContext, options: Partial<ReflectorOptions<number>> = {}) {
  const fixture = await createApiFixture(t)
  const changes: number[] = []
  const reflector = createReflector<number>(
    {
      path,
      project: (object) => (object as { readonly value: number }).value,
      onChange: (value) => changes.push(value),
      timing,
      ...options,
    },
    fixture.deps,
  )
  return { ...fixture, reflector, changes, value: (name: string) => reflector.objects.get('spark', name) }
}

describe('createReflector', () => {
  test('a collection → is listed in pages, then watched', async (t) => {
    const { api, reflector, signal, value, changes } = await createReflectorHarness(t, { pageSize: 2 })
    for (let index = 0; index < 5; index += 1) api.set(path, thing(`t${index}`, index))
    void reflector.run(signal)
    await until(reflector.synced, 'synced')
    assert.deepEqual([reflector.objects.size, reflector.objects.in('spark').length], [5, 5])
    assert.equal(api.requests.length, 3, 'three pages')
    await until(() => api.watches() === 1, 'a watch')
    api.set(path, thing('t0', 100))
    api.set(path, thing('new', 7))
    api.remove(path, thing('t1', 1))
    await until(() => value('t0') === 100 && value('new') === 7 && value('t1') === undefined, 'the events')
    assert.deepEqual(changes, [0, 1, 2, 3, 4, 100, 7])
    assert.equal(api.requests.length, 3, 'no list again')
  })

  test('a list of several pages → changes are reported page by page', async (t) => {
    const { api, reflector, signal, changes } = await createReflectorHarness(t, { pageSize: 2 })
    for (let index = 0; index < 5; index += 1) api.set(path, thing(`t${index}`, index))
    const reported: number[] = []
    api.intercept(() => void reported.push(changes.length))
    void reflector.run(signal)
    await until(reflector.synced, 'synced')
    assert.deepEqual(reported.slice(0, 3), [0, 2, 4], 'reported before the next page is requested')
  })

  for (const how of ['closed', 'destroyed'] as const) {
    test(`a watch that is ${how} → continues where it ended`, async (t) => {
      const { api, reflector, signal, value } = await createReflectorHarness(t)
      api.set(path, thing('a', 1))
      void reflector.run(signal)
      await until(() => api.watches() === 1, 'a watch')
      api.endWatches(how)
      api.set(path, thing('a', 2))
      await until(() => value('a') === 2, 'the change in between')
      assert.equal(api.requests.length, 1, 'no list again')
    })
  }

  test('HTTP 410 → a new list, without the objects deleted in between', async (t) => {
    const { api, reflector, signal, value } = await createReflectorHarness(t)
    api.set(path, thing('a', 1))
    api.set(path, thing('b', 1))
    void reflector.run(signal)
    await until(() => api.watches() === 1, 'a watch')
    api.forget(path, thing('b', 1))
    api.endWatches('gone')
    await until(() => value('b') === undefined, 'b is gone')
    assert.equal(value('a'), 1)
  })

  test('a rejected watch → a new list', async (t) => {
    const { api, reflector, signal, value } = await createReflectorHarness(t)
    api.set(path, thing('a', 1))
    let refusals = 0
    api.intercept((_method, url) => {
      if (!url.includes('watch=true') || refusals > 0) return undefined
      refusals += 1
      return { status: 410, body: { message: 'too old' } }
    })
    void reflector.run(signal)
    await until(() => api.watches() === 1, 'a watch')
    assert.equal(api.requests.length, 2)
    assert.equal(value('a'), 1)
  })

  test('a collection without a CRD → empty until the CRD is created', async (t) => {
    const { api, reflector, signal, value } = await createReflectorHarness(t)
    void reflector.run(signal)
    await until(reflector.synced, 'synced')
    assert.equal(reflector.objects.size, 0)
    api.set(path, thing('a', 1))
    await until(() => value('a') === 1, 'the CRD')
  })

  test('a 404 of a proxy → the objects are kept', async (t) => {
    const { api, reflector, signal, value, lines } = await createReflectorHarness(t)
    api.set(path, thing('a', 1))
    void reflector.run(signal)
    await until(() => api.watches() === 1, 'a watch')
    const proxy = { status: 404, body: null, text: '404 page not found\n' }
    let asked = ''
    api.intercept((_method, url) => {
      // Its list of groups knows better; then the proxy has that too.
      if (url === '/apis' && asked === '') {
        asked = 'once'
        return undefined
      }
      return url.includes('watch=true') ? undefined : proxy
    })
    api.endWatches('gone')
    await until(() => lines.filter(({ line }) => line.event === 'list-failed').length > 2, 'failures')
    assert.equal(asked, 'once')
    assert.equal(value('a'), 1)
    api.intercept(() => undefined)
    await until(() => api.watches() === 1, 'a watch')
  })

  test('discovery is forbidden → a 404 is accepted if the collection has no objects', async (t) => {
    const { api, reflector, signal, value, lines } = await createReflectorHarness(t)
    const status = { kind: 'Status', apiVersion: 'v1', code: 403, message: 'forbidden' }
    let isThere = false
    api.intercept((_method, url) => {
      if (url === '/apis') return { status: 403, body: status }
      return isThere ? undefined : { status: 404, body: null, text: '404 page not found\n' }
    })
    void reflector.run(signal)
    await until(reflector.synced, 'synced')
    isThere = true
    api.set(path, thing('a', 1))
    await until(() => value('a') === 1, 'the CRD')
    isThere = false
    api.endWatches('gone')
    await until(() => lines.some(({ line }) => line.event === 'list-failed'), 'a failure')
    assert.equal(value('a'), 1)
  })

  test('a deleted CRD → its objects are removed', async (t) => {
    for (const rest of [[], ['/apis/example.io/v1/others']]) {
      const { api, reflector, signal } = await createReflectorHarness(t)
      api.set(path, thing('a', 1))
      api.define(...rest)
      void reflector.run(signal)
      await until(() => api.watches() === 1, 'a watch')
      api.undefine(path)
      api.endWatches('gone')
      await until(() => reflector.objects.size === 0, 'none')
    }
  })

  test('an API server with errors → retries, and the objects are kept', async (t) => {
    const { api, reflector, signal, value, lines } = await createReflectorHarness(t)
    api.set(path, thing('a', 1))
    api.intercept(() => ({ status: 500, body: { message: 'etcd' } }))
    void reflector.run(signal)
    await until(() => lines.filter(({ line }) => line.event === 'list-failed').length > 2, 'failures')
    assert.equal(reflector.synced(), false)
    assert.match(String(lines.find(({ line }) => line.event === 'list-failed')?.line.detail), /HTTP 500: etcd/)
    api.intercept(() => undefined)
    await until(() => api.watches() === 1, 'a watch')
    api.intercept(() => ({ status: 500, body: {} }))
    api.endWatches('gone')
    await until(() => lines.some(({ line }) => line.event === 'relist'), 'a new list')
    assert.equal(value('a'), 1)
  })

  test('a watch that ended after a bookmark → continues from the bookmark', async (t) => {
    const { api, reflector, signal } = await createReflectorHarness(t)
    api.set(path, thing('a', 1))
    const since: (string | null)[] = []
    api.intercept((_method, url) => {
      if (url.includes('watch=true')) since.push(new URL(url, 'https://api').searchParams.get('resourceVersion'))
      return undefined
    })
    void reflector.run(signal)
    await until(() => api.watches() === 1, 'a watch')
    for (let count = 0; count < 3; count += 1) api.set('/api/v1/others', thing('b', count))
    api.bookmark(path)
    api.endWatches('closed')
    await until(() => since.length === 2, 'another watch')
    assert.deepEqual(since, ['101', '104'])
    assert.equal(reflector.objects.size, 1)
  })

  test('a server that ends each watch at once without events → lists with backoff', async (t) => {
    const fixture = await createApiFixture(t)
    const { api } = fixture
    const slept: number[] = []
    const deps = {
      ...fixture.deps,
      sleep: async (ms: number, signal: AbortSignal) => {
        slept.push(ms)
        await fixture.deps.sleep(Math.min(ms, 5), signal)
      },
    }
    api.set(path, thing('a', 1))
    api.intercept((_method, url) => (url.includes('watch=true') ? { status: 200, body: null, text: '' } : undefined))
    const reflector = createReflector({ path, project: (object) => object }, deps)
    void reflector.run(fixture.signal)
    await until(() => api.requests.length > 2, 'lists')
    api.set(path, thing('b', 1))
    await until(() => reflector.objects.size === 2, 'the object that no watch reported')
    await until(() => slept.length > 12, 'pauses')
    assert.deepEqual(slept.slice(0, 8), [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000])
  })

  test('a silent watch → is ended after the idle time', async (t) => {
    const { api, reflector, signal, value, lines } = await createReflectorHarness(t, {
      timing: { ...timing, idleMs: 200 },
    })
    api.set(path, thing('a', 1))
    void reflector.run(signal)
    await until(() => lines.some(({ line }) => line.event === 'watch-ended'), 'the end of a watch')
    assert.match(String(lines.find(({ line }) => line.event === 'watch-ended')?.line.detail), /abort|nothing came/)
    await until(() => api.watches() === 1, 'another watch')
    assert.equal(value('a'), 1)
  })

  test('an unreadable event → a new list', async (t) => {
    const { api, reflector, signal, value, lines } = await createReflectorHarness(t)
    api.set(path, thing('a', 1))
    let answers = 0
    api.intercept((_method, url) => {
      if (!url.includes('watch=true') || answers > 0) return undefined
      answers += 1
      return { status: 200, body: 'nonsense' }
    })
    void reflector.run(signal)
    await until(() => lines.some(({ line }) => line.event === 'relist'), 'a new list')
    await until(() => api.watches() === 1, 'a watch')
    assert.equal(value('a'), 1)
  })

  for (const [where, query] of [
    ['list', 'limit='],
    ['watch', 'watch=true'],
  ] as const) {
    test(`a ${where} with 429 and Retry-After → is retried after that time, and continues`, async (t) => {
      const fixture = await createApiFixture(t)
      const { api } = fixture
      api.set(path, thing('a', 1))
      const slept: number[] = []
      const deps = {
        ...fixture.deps,
        sleep: async (ms: number, signal: AbortSignal) => {
          slept.push(ms)
          await fixture.deps.sleep(Math.min(ms, 20), signal)
        },
      }
      let refusals = 2
      api.intercept((_method, url) => {
        if (!url.includes(query) || refusals === 0) return undefined
        refusals -= 1
        return { status: 429, body: { message: 'too many requests' }, headers: { 'retry-after': '7' } }
      })
      const reflector = createReflector<number>({ path, project: () => 1, timing }, deps)
      void reflector.run(fixture.signal)
      await until(() => api.watches() === 1, 'a watch')
      assert.equal(slept.filter((ms) => ms === 7_000).length, 2)
      assert.equal(api.requests.length, where === 'list' ? 3 : 1)
    })
  }

  test('a watch with a server error → continues where it was', async (t) => {
    const { api, reflector, signal, value } = await createReflectorHarness(t)
    api.set(path, thing('a', 1))
    let refusals = 3
    api.intercept((_method, url) => {
      if (!url.includes('watch=true') || refusals === 0) return undefined
      refusals -= 1
      return { status: 503, body: { message: 'starting' } }
    })
    void reflector.run(signal)
    await until(() => api.watches() === 1, 'a watch')
    assert.equal(api.requests.length, 1, 'no list again')
    api.set(path, thing('a', 2))
    await until(() => value('a') === 2, 'the event')
  })

  test('silence for too long → stale, logged once, and the objects are kept', async (t) => {
    const fixture = await createApiFixture(t)
    const { api, signal, lines } = fixture
    let aheadMs = 0
    const deps = { ...fixture.deps, nowMs: () => Date.now() + aheadMs }
    const reflector = createReflector<number>(
      { path, project: () => 1, timing: { ...timing, staleAfterMs: 60_000 } },
      deps,
    )
    api.set(path, thing('a', 1))
    void reflector.run(signal)
    await until(() => api.watches() === 1, 'a watch')
    assert.equal(reflector.stale(), false)
    api.intercept(() => ({ status: 503, body: {} }))
    api.endWatches('destroyed')
    aheadMs = 61_000
    assert.equal(reflector.stale(), true)
    await until(() => lines.some(({ line }) => line.event === 'watch-stale'), 'a line')
    assert.equal(reflector.synced(), true)
    assert.equal(reflector.objects.get('spark', 'a'), 1)
    api.intercept(() => undefined)
    await until(() => api.watches() === 1, 'another watch')
    api.set(path, thing('a', 2))
    await until(() => lines.some(({ line }) => line.event === 'watch-recovered'), 'a line')
    assert.equal(reflector.stale(), false)
    assert.equal(lines.filter(({ line }) => line.event === 'watch-stale').length, 1)
  })

  test('a collection that cannot be listed → becomes stale; a bookmark counts as activity', async (t) => {
    const fixture = await createApiFixture(t)
    const { api, signal, lines } = fixture
    let aheadMs = 0
    const deps = { ...fixture.deps, nowMs: () => Date.now() + aheadMs }
    const reflector = createReflector<number>(
      { path, project: () => 1, timing: { ...timing, staleAfterMs: 60_000 } },
      deps,
    )
    api.intercept(() => ({ status: 403, body: { kind: 'Status', message: 'forbidden' } }))
    void reflector.run(signal)
    await until(() => api.requests.length > 2, 'lists')
    assert.equal(reflector.stale(), false)
    aheadMs = 61_000
    await until(() => lines.some(({ line }) => line.event === 'watch-stale'), 'a line')
    assert.deepEqual([reflector.stale(), reflector.synced()], [true, false])
    api.define(path)
    api.intercept(() => undefined)
    await until(() => api.watches() === 1, 'a watch')
    assert.equal(reflector.stale(), false)
    aheadMs = 122_000
    assert.equal(reflector.stale(), true)
    api.bookmark(path)
    await until(() => !reflector.stale(), 'the bookmark')
  })

  test('a removed object → is reported with its last state, by a watch and by a list', async (t) => {
    const gone: number[] = []
    const { api, reflector, signal } = await createReflectorHarness(t, { onRemove: (value) => gone.push(value) })
    for (const [index, name] of ['a', 'b', 'c'].entries()) api.set(path, thing(name, index))
    void reflector.run(signal)
    await until(() => api.watches() === 1, 'a watch')
    api.remove(path, thing('b', 1))
    await until(() => gone.length === 1, 'b is gone')
    api.forget(path, thing('a', 0))
    api.endWatches('gone')
    await until(() => gone.length === 2, 'a is gone')
    assert.deepEqual(gone, [1, 0])
  })

  test('an aborted signal → the reflector ends', async (t) => {
    const { api, reflector } = await createReflectorHarness(t)
    api.define(path)
    const controller = new AbortController()
    const running = reflector.run(controller.signal)
    await until(() => api.watches() === 1, 'a watch')
    controller.abort()
    await running
  })
})
