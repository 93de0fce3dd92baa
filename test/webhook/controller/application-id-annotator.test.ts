import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ReflectorDeps } from '../../../kubernetes/reflector.ts'
import {
  nextApplicationIdSuffix,
  runApplicationIdAnnotator,
} from '../../../webhook/controller/application-id-annotator.ts'
import { watchDrivers } from '../../../webhook/controller/driver/driver-watch.ts'
import { parseDriver } from '../../../webhook/controller/driver/parse-driver.ts'
import { createApiFixture, until } from '../../support/api-fixture.ts'

const suffix = 'spark-nanny.io/next-application-id-suffix'
const driver = (restarts: number, written?: string, state: object = { running: {} }) => ({
  metadata: {
    namespace: 'spark',
    name: 'pi',
    uid: 'uid-1',
    labels: { 'spark-role': 'driver' },
    ...(written !== undefined && { annotations: { [suffix]: written } }),
  },
  spec: { containers: [{ name: 'spark-kubernetes-driver', env: [{ name: 'SPARK_NANNY_APPLICATION_ID_SUFFIX' }] }] },
  status: { containerStatuses: [{ name: 'spark-kubernetes-driver', restartCount: restarts, state }] },
})

const rows: readonly [string, object, string | undefined][] = [
  ['the first driver runs → -2', driver(0), '-2'],
  ['already annotated → no patch', driver(0, '-2'), undefined],
  ['the second driver runs → -3', driver(1, '-2'), '-3'],
  ['waiting for its restart → no patch', driver(1, '-2', { waiting: {} }), undefined],
  ['ended → no patch', driver(0, undefined, { terminated: {} }), undefined],
  ['without a status → no patch', { ...driver(0), status: {} }, undefined],
]
describe('runApplicationIdAnnotator', () => {
  for (const [name, pod, expected] of rows) {
    test(name, () => {
      const kept = parseDriver(pod)
      assert.ok(kept)
      assert.equal(nextApplicationIdSuffix(kept), expected)
    })
  }

  test('arguments without the suffix variable → no patch', () => {
    const pod = driver(0)
    const kept = parseDriver({ ...pod, spec: { containers: [{ name: 'spark-kubernetes-driver' }] } })
    assert.ok(kept)
    assert.equal(nextApplicationIdSuffix(kept), undefined)
  })

  const number = (deps: ReflectorDeps, signal: AbortSignal, mayAct = () => true) => {
    const drivers = watchDrivers(deps)
    void drivers.reflector.run(signal)
    void runApplicationIdAnnotator(drivers, { ...deps, mayAct }, signal)
  }

  test('each start of the driver → one patch with its uid; failures are retried', async (t) => {
    const { api, deps, signal, lines } = await createApiFixture(t)
    let failures = 1
    api.intercept((method) => {
      if (method !== 'PATCH') return undefined
      failures -= 1
      return failures >= 0
        ? { status: 500, body: { message: 'etcd' } }
        : { status: 200, body: failures === -1 ? '<html>' : { kind: 'Pod' } }
    })
    const path = '/api/v1/pods'
    api.set(path, driver(0))
    const quick = { ...deps, sleep: (_ms: number, aborted: AbortSignal) => deps.sleep(5, aborted) }
    number(quick, signal)
    await until(() => lines.some(({ line }) => line.event === 'application-id-annotated'), 'the first')
    assert.equal(api.bodies.length, 3)
    assert.deepEqual(api.bodies[2], {
      path: '/api/v1/namespaces/spark/pods/pi',
      contentType: 'application/merge-patch+json',
      body: { metadata: { uid: 'uid-1', annotations: { [suffix]: '-2' } } },
    })
    await until(() => api.watches() === 1, 'a watch')
    api.set(path, driver(0, '-2'))
    api.set(path, driver(1, '-2', { waiting: {} }))
    api.set(path, driver(1, '-2'))
    await until(() => api.bodies.length === 4, 'the second')
    assert.deepEqual(api.bodies[3]?.body, { metadata: { uid: 'uid-1', annotations: { [suffix]: '-3' } } })
  })

  test('a pod that is gone → is not patched again', async (t) => {
    const { api, deps, signal } = await createApiFixture(t)
    api.intercept((method) => (method === 'PATCH' ? { status: 409, body: {} } : undefined))
    api.set('/api/v1/pods', driver(0))
    number(deps, signal)
    await until(() => api.watches() === 1 && api.bodies.length === 1, 'the only try')
    await deps.sleep(300, signal)
    assert.equal(api.bodies.length, 1)
  })

  test('a replica that no longer leads → writes nothing', async (t) => {
    const { api, deps, signal } = await createApiFixture(t)
    let leads = false
    api.set('/api/v1/pods', driver(0))
    number(deps, signal, () => leads)
    await until(() => api.watches() === 1, 'a watch')
    await deps.sleep(200, signal)
    assert.equal(api.bodies.length, 0)
    leads = true
    await until(() => api.bodies.length === 1, 'a lease that was renewed late')
  })

  test('a restart during the previous patch → is annotated too', async (t) => {
    const { api, deps, signal } = await createApiFixture(t)
    const path = '/api/v1/pods'
    let first = true
    api.intercept((method) => {
      if (method !== 'PATCH' || !first) return undefined
      first = false
      // Both the patch and the restart are seen before its answer.
      api.set(path, driver(1, '-2'))
      return { status: 200, body: { kind: 'Pod' }, delayMs: 300 }
    })
    api.set(path, driver(0))
    number(deps, signal)
    await until(() => api.bodies.length === 2, 'the second')
    assert.deepEqual(api.bodies[1]?.body, { metadata: { uid: 'uid-1', annotations: { [suffix]: '-3' } } })
  })

  test('many drivers → at most ten patches at once, and the stop waits for them', async (t) => {
    const { api, deps, signal } = await createApiFixture(t)
    const pod = (index: number) => {
      const one = driver(0)
      return { ...one, metadata: { ...one.metadata, name: `pi-${index}`, uid: `uid-${index}` } }
    }
    for (let index = 0; index < 60; index += 1) api.set('/api/v1/pods', pod(index))
    let underWay = 0
    let most = 0
    const request: typeof deps.api.request = async (asked) => {
      if (asked.method !== 'PATCH') return deps.api.request(asked)
      underWay += 1
      most = Math.max(most, underWay)
      return deps.api.request(asked).finally(() => {
        underWay -= 1
      })
    }
    const term = new AbortController()
    const drivers = watchDrivers(deps)
    void drivers.reflector.run(signal)
    const numbering = runApplicationIdAnnotator(
      drivers,
      { ...deps, api: { ...deps.api, request }, mayAct: () => true },
      term.signal,
    )
    await until(() => api.bodies.length === 60, 'all')
    assert.ok(most > 1 && most <= 10, `${most} at a time`)

    api.intercept((method) => (method === 'PATCH' ? { status: 200, body: { kind: 'Pod' }, delayMs: 200 } : undefined))
    for (let index = 0; index < 60; index += 1) api.set('/api/v1/pods', { ...pod(index), status: driver(1).status })
    await until(() => underWay > 0, 'a write')
    term.abort()
    await numbering
    assert.equal(underWay, 0)
    assert.ok(api.bodies.length <= 70, 'those that waited for their turn did not begin')
  })
})
