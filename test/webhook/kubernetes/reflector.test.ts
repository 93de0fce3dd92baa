import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createReflector, type ReflectorOptions } from '../../../webhook/kubernetes/reflector.ts'
import { apiFixture, until } from './fixture.ts'

const path = '/apis/example.io/v1/things'
const thing = (name: string, value: number) => ({ metadata: { name, namespace: 'spark' }, value })
const timing = { firstBackoffMs: 10, maxBackoffMs: 50, absentRetryMs: 50 }

async function reflecting(t: TestContext, options: Partial<ReflectorOptions<number>> = {}) {
  const fixture = await apiFixture(t)
  const changes: number[] = []
  const reflector = createReflector<number>(
    {
      path,
      keep: (object) => (object as { readonly value: number }).value,
      changed: (value) => changes.push(value),
      timing,
      ...options,
    },
    fixture.edges,
  )
  return { ...fixture, reflector, changes, value: (name: string) => reflector.objects.get('spark', name) }
}

test('lists in pages, then watches', async (t) => {
  const { api, reflector, signal, value, changes } = await reflecting(t, { pageSize: 2 })
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

for (const how of ['closed', 'destroyed'] as const) {
  test(`a watch that is ${how} is taken up where it ended`, async (t) => {
    const { api, reflector, signal, value } = await reflecting(t)
    api.set(path, thing('a', 1))
    void reflector.run(signal)
    await until(() => api.watches() === 1, 'a watch')
    api.endWatches(how)
    api.set(path, thing('a', 2))
    await until(() => value('a') === 2, 'what came in between')
    assert.equal(api.requests.length, 1, 'no list again')
  })
}

test('410 lists again, and what went in between is dropped', async (t) => {
  const { api, reflector, signal, value } = await reflecting(t)
  api.set(path, thing('a', 1))
  api.set(path, thing('b', 1))
  void reflector.run(signal)
  await until(() => api.watches() === 1, 'a watch')
  api.forget(path, thing('b', 1))
  api.endWatches('gone')
  await until(() => value('b') === undefined, 'b is gone')
  assert.equal(value('a'), 1)
})

test('a refused watch lists again', async (t) => {
  const { api, reflector, signal, value } = await reflecting(t)
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

test('a collection that the API does not have is empty, until its CRD comes', async (t) => {
  const { api, reflector, signal, value } = await reflecting(t)
  void reflector.run(signal)
  await until(reflector.synced, 'synced')
  assert.equal(reflector.objects.size, 0)
  api.set(path, thing('a', 1))
  await until(() => value('a') === 1, 'the CRD')
})

test('an API server in trouble is asked again and again, and what is known stays', async (t) => {
  const { api, reflector, signal, value, lines } = await reflecting(t)
  api.set(path, thing('a', 1))
  api.intercept(() => ({ status: 500, body: { message: 'etcd' } }))
  void reflector.run(signal)
  await until(() => lines.filter(({ line }) => line.event === 'list-failed').length > 2, 'failures')
  assert.equal(reflector.synced(), false)
  assert.match(String(lines.find(({ line }) => line.event === 'list-failed')?.line.detail), /HTTP 500: etcd/)
  api.intercept(() => undefined)
  await until(reflector.synced, 'synced')
  await until(() => api.watches() === 1, 'a watch')
  api.intercept(() => ({ status: 500, body: {} }))
  api.endWatches('gone')
  await until(() => lines.some(({ line }) => line.event === 'relist'), 'a new list')
  assert.equal(value('a'), 1)
})

test('a silent watch is given up', async (t) => {
  const { api, reflector, signal, value, lines } = await reflecting(t, { timing: { ...timing, idleMs: 200 } })
  api.set(path, thing('a', 1))
  void reflector.run(signal)
  await until(() => lines.some(({ line }) => line.event === 'watch-ended'), 'the end of a watch')
  assert.match(String(lines.find(({ line }) => line.event === 'watch-ended')?.line.detail), /abort|nothing came/)
  await until(() => api.watches() === 1, 'another watch')
  assert.equal(value('a'), 1)
})

test('events that cannot be read list again', async (t) => {
  const { api, reflector, signal, value, lines } = await reflecting(t)
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

test('it ends when it is told to', async (t) => {
  const { api, reflector } = await reflecting(t)
  api.define(path)
  const controller = new AbortController()
  const running = reflector.run(controller.signal)
  await until(() => api.watches() === 1, 'a watch')
  controller.abort()
  await running
})
