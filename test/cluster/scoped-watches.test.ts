import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { watchNamespaces } from '../../cluster/namespaces.ts'
import { computeNodeCapabilities, watchNodes } from '../../cluster/nodes.ts'
import { createApiFixture, until } from '../support/api-fixture.ts'

const scope = { namespaces: ['etl', 'reports'], oldestKubelet: [1, 35] } as const
const path = '/api/v1/namespaces'
const namespace = (name: string, annotations: Readonly<Record<string, string>> = {}) => ({
  metadata: { name, annotations },
})
const paused = { 'spark-nanny.io/paused-until': '2099-01-01T00:00:00Z maintenance', other: 'x' }

describe('watchNamespaces with a scope', () => {
  test('its namespaces → are read one by one, each as labelled, with their annotations', async (t) => {
    const { api, deps, signal } = await createApiFixture(t)
    for (const name of ['etl', 'reports', 'other']) api.set(path, namespace(name, name === 'etl' ? paused : {}))
    const changed: string[] = []
    const reflector = watchNamespaces({ ...deps, scope }, 'spark-nanny.io/inject=enabled', (name) => changed.push(name))
    void reflector.run(signal)
    await reflector.whenSynced()
    await until(() => changed.length === 2, 'both are reported')
    assert.deepEqual(changed, ['etl', 'reports'])
    const { annotations } = reflector.objects.get('', 'etl') ?? {}
    assert.deepEqual(annotations, { 'spark-nanny.io/paused-until': paused['spark-nanny.io/paused-until'] })
    assert.equal(reflector.objects.get('', 'other'), undefined)
    assert.deepEqual(api.requests, [`GET ${path}/etl`, `GET ${path}/reports`])
  })

  test('a change → is noticed at the next poll; the same object → is reported once', async (t) => {
    const { api, deps, signal } = await createApiFixture(t)
    for (const name of ['etl', 'reports']) api.set(path, namespace(name))
    const changed: string[] = []
    let polls = 0
    const sleep = async (_ms: number, aborted: AbortSignal) => {
      polls += 1
      if (polls === 2) api.set(path, namespace('etl', paused))
      if (polls > 3) await deps.sleep(600_000, aborted)
    }
    const reflector = watchNamespaces({ ...deps, sleep, scope }, '', (name) => changed.push(name))
    void reflector.run(signal)
    await until(() => polls > 3, 'four polls')
    assert.deepEqual(changed, ['etl', 'reports', 'etl'])
  })

  test('a namespace that may not be read → is left out; an API server without an answer → changes nothing', async (t) => {
    const { api, deps, signal } = await createApiFixture(t)
    for (const name of ['etl', 'reports']) api.set(path, namespace(name))
    let polls = 0
    let status = 403
    api.intercept((_method, url) =>
      url.endsWith('/reports') || status === 503 ? { status, body: { kind: 'Status', message: 'no' } } : undefined,
    )
    const sleep = async (_ms: number, aborted: AbortSignal) => {
      polls += 1
      status = 503
      if (polls > 1) await deps.sleep(600_000, aborted)
    }
    const reflector = watchNamespaces({ ...deps, sleep, scope }, '', () => {})
    void reflector.run(signal)
    await until(() => polls > 1, 'two polls')
    assert.deepEqual(
      [...reflector.objects.all()].map(({ name }) => name),
      ['etl'],
    )
    assert.equal(reflector.synced(), true)
  })
})

describe('watchNodes with a scope', () => {
  test('nodes that cannot be read → each counts as one with the oldest kubelet, without a request', async (t) => {
    const { api, deps } = await createApiFixture(t)
    const nodes = watchNodes({ ...deps, scope })
    const stop = new AbortController()
    const running = nodes.run(stop.signal).then(() => 'ended')
    assert.equal(await Promise.race([running, new Promise((resolve) => setImmediate(resolve, 'running'))]), 'running')
    assert.deepEqual(computeNodeCapabilities(nodes.objects.all()), {
      nativeSidecars: true,
      restartAllContainers: false,
      containerRestartRules: true,
    })
    assert.equal(nodes.objects.get('', 'any')?.isAssumed, true)
    assert.ok(nodes.synced() && !nodes.stale())
    assert.deepEqual(api.requests, [])
    stop.abort()
    assert.equal(await running, 'ended')
  })
})
