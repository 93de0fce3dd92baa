import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createScopedReflector } from '../../kubernetes/scoped-reflector.ts'
import { createApiFixture, until } from '../support/api-fixture.ts'

const path = '/api/v1/pods'
const pod = (namespace: string, name = 'driver') => ({ metadata: { name, namespace } })
const scope = { namespaces: ['etl', 'reports'], oldestKubelet: [1, 33] } as const
const nameOf = (object: unknown) => (object as ReturnType<typeof pod>).metadata.name

describe('createScopedReflector', () => {
  test('a scope → lists and watches only its namespaces, as one collection', async (t) => {
    const { api, deps, signal } = await createApiFixture(t)
    for (const namespace of ['etl', 'reports', 'other']) api.set(path, pod(namespace))
    const changed: string[] = []
    const reflector = createScopedReflector(
      { path, labelSelector: '', project: nameOf, onChange: (name) => changed.push(name) },
      { ...deps, scope },
    )
    assert.equal(reflector.synced(), false)
    void reflector.run(signal)
    await reflector.whenSynced()
    await until(() => api.watches() === 2, 'both are watched')
    assert.deepEqual([...reflector.objects.all()], ['driver', 'driver'])
    const { revision } = reflector.objects
    api.set(path, pod('reports', 'later'))
    api.set(path, pod('other', 'later'))
    await until(() => changed.includes('later'), 'the change is seen')
    assert.equal(reflector.objects.size, 3)
    assert.notEqual(reflector.objects.revision, revision)
    assert.deepEqual(reflector.objects.in('reports').toSorted(), ['driver', 'later'])
    assert.equal(reflector.objects.get('reports', 'later'), 'later')
    assert.deepEqual(reflector.objects.in('other'), [])
    assert.equal(reflector.objects.get('other', 'driver'), undefined)
    assert.ok(
      api.requests.every((line) => /\/namespaces\/(etl|reports)\/pods\?/.test(line)),
      api.requests.join(),
    )
  })

  test('a namespace that may not be read → does not keep the others from being synced for long', async (t) => {
    const { api, deps, signal } = await createApiFixture(t)
    api.set(path, pod('etl'))
    api.intercept((_method, url) =>
      url.includes('/reports/') ? { status: 403, body: { kind: 'Status', message: 'forbidden' } } : undefined,
    )
    let nowMs = 0
    const reflector = createScopedReflector({ path, project: nameOf }, { ...deps, scope, nowMs: () => nowMs })
    void reflector.run(signal)
    await until(() => reflector.objects.size === 1, 'the other namespace is read')
    assert.equal(reflector.synced(), false)
    nowMs = 60_000
    assert.equal(reflector.synced(), true)
  })

  test('no namespace may be read → never synced', async (t) => {
    const { api, deps, signal } = await createApiFixture(t)
    api.intercept(() => ({ status: 403, body: { kind: 'Status', message: 'forbidden' } }))
    let nowMs = 0
    const reflector = createScopedReflector({ path, project: nameOf }, { ...deps, scope, nowMs: () => nowMs })
    void reflector.run(signal)
    await until(() => api.requests.length >= 2, 'both are tried')
    nowMs = 600_000
    assert.equal(reflector.synced(), false)
    assert.equal(reflector.stale(), true)
  })

  test('no scope → one list of all namespaces', async (t) => {
    const { api, deps, signal } = await createApiFixture(t)
    for (const namespace of ['etl', 'other']) api.set(path, pod(namespace))
    const reflector = createScopedReflector({ path, project: nameOf }, deps)
    void reflector.run(signal)
    await reflector.whenSynced()
    assert.equal(reflector.objects.size, 2)
    assert.match(api.requests[0] ?? '', /^GET \/api\/v1\/pods\?/)
  })

  test('a custom resource without a CRD → is absent in each namespace', async (t) => {
    const { deps, signal } = await createApiFixture(t)
    const missing = '/apis/sparkoperator.k8s.io/v1beta2/sparkapplications'
    const reflector = createScopedReflector({ path: missing, project: nameOf }, { ...deps, scope })
    void reflector.run(signal)
    await reflector.whenSynced()
    assert.equal(reflector.objects.size, 0)
  })

  test('40 namespaces → all are watched, and requests still get a connection', async (t) => {
    const { api, deps, signal } = await createApiFixture(t)
    api.define(path)
    const namespaces = Array.from({ length: 40 }, (_, index) => `team-${index}`)
    const reflector = createScopedReflector(
      { path, project: nameOf },
      { ...deps, scope: { namespaces, oldestKubelet: [1, 33] } },
    )
    void reflector.run(signal)
    await until(() => api.watches() === 40, 'all are watched')
    assert.equal(reflector.synced(), true)
    const response = await deps.api.request({ method: 'GET', path, deadlineMs: 10_000 })
    assert.equal(response.kind, 'response')
  })
})
