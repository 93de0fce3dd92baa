import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { projectApplication, watchSparkApplications } from '../../cluster/spark-applications.ts'
import type { ApplicationReference } from '../../core/spark/application-reference.ts'
import { createApiFixture, until } from '../support/api-fixture.ts'

const path = '/apis/sparkoperator.k8s.io/v1beta2/sparkapplications'
const application = (uid: string, type: string) => ({
  apiVersion: 'sparkoperator.k8s.io/v1beta2',
  kind: 'SparkApplication',
  metadata: { namespace: 'spark', name: 'opl', uid, annotations: { 'spark-nanny.io/restart': 'auto', other: 'x' } },
  spec: { restartPolicy: { type }, sparkConf: { 'spark.app.id': 'mine', 'spark.x': 'y' } },
})
const reference: ApplicationReference = { operator: 'kubeflow', namespace: 'spark', name: 'opl', uid: 'uid-1' }
const byLabel: ApplicationReference = { ...reference, uid: null }

describe('watchSparkApplications', () => {
  test('a SparkApplication → only the fields in use are kept', () => {
    const kept = projectApplication(application('uid-1', 'Always'))
    assert.deepEqual(kept?.application.annotations, { 'spark-nanny.io/restart': 'auto' })
    assert.deepEqual(kept?.application.sparkConf, { 'spark.app.id': 'mine' })
    assert.equal(projectApplication({ kind: 'Pod' }), undefined)
  })

  test('a conf with a UI and a debugger → is kept as far as an admission depends on it', () => {
    const confOf = (spec: object) => projectApplication({ ...application('u', 'Never'), spec })?.application.sparkConf
    const debug = '-agentlib:jdwp=server=y'
    const sparkConf = { 'spark.ui.enabled': 'false', 'spark.driver.extraJavaOptions': debug }
    assert.deepEqual(confOf({ sparkConf }), sparkConf)
    assert.deepEqual(confOf({ sparkConf, driver: { javaOptions: '-Xss4m' } }), { 'spark.ui.enabled': 'false' })
    assert.deepEqual(confOf({ driver: { javaOptions: debug } }), { 'spark.driver.extraJavaOptions': debug })
  })

  test('a tenant’s texts of a megabyte → are cut, except properties that an admission needs whole', () => {
    const long = 'x'.repeat(1_000_000)
    const huge = application('uid-1', 'Always')
    Object.assign(huge.metadata, {
      annotations: Object.fromEntries(
        ['actions', 'recoveries', 'restart', 'foo'].map((name) => [`spark-nanny.io/${name}`, long]),
      ),
    })
    assert.ok(JSON.stringify(projectApplication(huge)).length < 10_000)
  })

  test('an application of which too much would be kept → is logged once, and read at each admission', async (t) => {
    const { api, deps, signal, lines } = await createApiFixture(t)
    const { reflectors, known, lookup } = watchSparkApplications(deps)
    const large = application('uid-1', 'Always')
    const javaOptions = `-agentlib:jdwp=server=y ${'x'.repeat(100_000)}`
    api.set(path, { ...large, spec: { ...large.spec, driver: { javaOptions } } })
    for (const reflector of reflectors) void reflector.run(signal)
    await until(() => reflectors.every((reflector) => reflector.synced()) && api.watches() === 1, 'synced')
    api.set(path, { ...large, spec: { ...large.spec, driver: { javaOptions } } })
    api.set(path, { ...large, metadata: { ...large.metadata, name: 'small' } })
    await until(() => known({ ...reference, name: 'small' }) !== undefined, 'a small one')
    assert.equal(known(reference), undefined)
    const found = await lookup(reference)
    assert.ok(found.kind === 'found')
    assert.equal(found.application.sparkConf['spark.driver.extraJavaOptions'], javaOptions)
    const refusals = lines.filter(({ line }) => line.event === 'object-too-large')
    assert.deepEqual(
      refusals.map(({ line }) => [line.namespace, line.name]),
      [['spark', 'opl']],
    )
  })

  test('many admissions with unknown applications → a bounded number of requests, and the others go on without', async (t) => {
    const { api, deps } = await createApiFixture(t)
    const { lookup } = watchSparkApplications(deps)
    api.intercept(() => ({ status: 200, body: application('uid-1', 'Always'), delayMs: 50 }))
    const found = await Promise.all(Array.from({ length: 100 }, () => lookup(reference, '10.0.0.1')))
    assert.equal(found.filter(({ kind }) => kind === 'unreadable').length, 92)
    assert.equal(api.requests.length, 8)
  })

  test('clients that ask for all they can get → another client still gets its application', async (t) => {
    const { api, deps } = await createApiFixture(t)
    const { lookup } = watchSparkApplications(deps)
    let isHeld = true
    api.intercept(() => ({ status: 200, body: application('uid-1', 'Always'), delayMs: isHeld ? 400 : 0 }))
    const flood = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].flatMap((client) =>
      Array.from({ length: 40 }, () => lookup(reference, client)),
    )
    await until(() => api.requests.length === 14, 'all that these clients get')
    isHeld = false
    assert.equal((await lookup(reference, '10.0.0.4')).kind, 'found')
    await Promise.all(flood)
    const again = await Promise.all(Array.from({ length: 8 }, () => lookup(reference, '10.0.0.4')))
    assert.ok(again.every(({ kind }) => kind === 'found'))
  })

  test('a cached application → no request; a missing or replaced one → one GET', async (t) => {
    const { api, deps, signal } = await createApiFixture(t)
    const { reflectors, lookup } = watchSparkApplications(deps)
    const policy = async (wanted: ApplicationReference) => {
      const found = await lookup(wanted)
      return found.kind === 'found' ? found.application.restartPolicy.kind : found.kind
    }
    const gets = () => api.requests.filter((line) => line.includes('/namespaces/')).length

    api.define(path)
    assert.equal(await policy(reference), 'unreadable', 'an owner that is not there')
    assert.equal(await policy(byLabel), 'none', 'a label that names nothing')
    api.set(path, application('uid-1', 'Always'))
    assert.equal(await policy(reference), 'always')
    assert.equal(gets(), 3)

    for (const reflector of reflectors) void reflector.run(signal)
    await until(() => reflectors.every((reflector) => reflector.synced()) && api.watches() === 1, 'synced')
    assert.equal(await policy(reference), 'always')
    assert.equal(await policy(byLabel), 'always')
    assert.equal(gets(), 3, 'from the cache')

    // Deleted and made again: the API knows, the cache does not.
    api.intercept((_method, url) =>
      url.includes('/namespaces/') ? { status: 200, body: application('uid-2', 'OnFailure') } : undefined,
    )
    assert.equal(await policy({ ...reference, uid: 'uid-2' }), 'on-failure')
    assert.equal(await policy({ ...reference, uid: 'uid-3' }), 'unreadable')
  })

  test('an API server that does not respond → the lookup ends at its deadline', async (t) => {
    const { api, deps } = await createApiFixture(t)
    api.intercept(() => ({ status: 200, body: {}, delayMs: 60_000 }))
    const found = await watchSparkApplications(deps).lookup(reference)
    assert.equal(found.kind, 'unreadable')
  })
})
