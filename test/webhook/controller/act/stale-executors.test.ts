import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { applicationIdSuffixEnv } from '../../../../core/contract/pod-contract.ts'
import { toRecord, toRecords } from '../../../../core/json.ts'
import { findStaleExecutors, parseExecutor } from '../../../../webhook/controller/act/stale-executors.ts'
import { parseDriver } from '../../../../webhook/controller/driver/parse-driver.ts'
import { until } from '../../../support/api-fixture.ts'
import { createdMs, driverPod, iso, running, terminated } from '../../../support/driver-pods.ts'
import type { FakeObject } from '../../../support/fake-api-server.ts'
import { createControllerHarness, pods } from '../controller-harness.ts'

const restartedMs = createdMs + 100_000
/** A restarted driver as the webhook injects it: its application ids have a suffix. */
const restarted = (restarts = 1): FakeObject => {
  const annotations = { 'spark-nanny.io/next-application-id-suffix': `-${restarts + 2}` }
  const lastState = terminated(137, restartedMs - 1_000)
  const pod = driverPod({ restarts, state: running(restartedMs), lastState, annotations })
  const spec = toRecord(pod.spec)
  const env = [{ name: applicationIdSuffixEnv, value: '' }]
  return {
    ...pod,
    spec: { ...spec, containers: toRecords(spec.containers).map((container) => ({ ...container, env })) },
  }
}

const executor = (
  name: string,
  atMs: number,
  applicationId = 'spark-pi-driver',
  owner = 'uid-pi-driver',
  fields = {},
) => ({
  metadata: {
    name,
    namespace: 'spark',
    uid: `uid-${name}`,
    creationTimestamp: iso(atMs),
    labels: { 'spark-role': 'executor', 'spark-app-selector': applicationId },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'pi-driver', uid: owner, controller: true }],
    ...fields,
  },
})
const before = restartedMs - 50_000
const after = restartedMs + 8_000

const rows: readonly [string, object, boolean, number?][] = [
  ['of the first driver', executor('e', before), true],
  ['of the second driver', executor('e', after, 'spark-pi-driver-2'), false],
  ['of the second driver, by a clock that is behind', executor('e', before, 'spark-pi-driver-2'), false],
  ['of the second driver, without a suffix in its id', executor('e', after), false],
  ['created seconds before the restart, by two clocks', executor('e', restartedMs - 4_000), false],
  ['of another driver with the same id', executor('e', before, 'spark-pi-driver', 'uid-other'), false],
  [
    'that is terminating',
    executor('e', before, 'spark-pi-driver', 'uid-pi-driver', { deletionTimestamp: iso(after) }),
    false,
  ],
  ['of the second driver, after the second restart', executor('e', before, 'spark-pi-driver-2'), true, 2],
]
describe('findStaleExecutors', () => {
  for (const [name, object, expected, restarts] of rows) {
    test(`an executor ${name} → ${expected ? 'deleted' : 'kept'}`, () => {
      const [driver, kept] = [parseDriver(restarted(restarts)), parseExecutor(object)]
      assert.ok(driver && kept)
      assert.equal(findStaleExecutors(driver, [kept]).length === 1, expected)
    })
  }

  test('ids without a suffix → clock differences of up to a minute are tolerated', () => {
    const driver = parseDriver(driverPod({ restarts: 1, state: running(restartedMs) }))
    assert.ok(driver)
    const left = [12_000, 59_000, 61_000].filter((earlierMs) => {
      const kept = parseExecutor(executor('e', restartedMs - earlierMs))
      return kept !== undefined && findStaleExecutors(driver, [kept]).length === 0
    })
    assert.deepEqual(left, [12_000, 59_000])
  })

  test('a driver that was never restarted, or does not run → no stale executors', () => {
    const kept = parseExecutor(executor('e', before))
    const drivers = [
      parseDriver(driverPod()),
      parseDriver(driverPod({ restarts: 1, state: terminated(1, restartedMs) })),
    ]
    for (const driver of drivers) {
      assert.ok(driver && kept)
      assert.deepEqual(findStaleExecutors(driver, [kept]), [])
    }
  })

  test('an object that is not a pod → undefined', () => {
    assert.equal(parseExecutor(null), undefined)
    assert.equal(parseExecutor({ metadata: { name: 'e' } }), undefined)
  })

  test('a restart in place → the old executors are deleted by uid, once', async (t) => {
    const harness = await createControllerHarness(t)
    harness.setNow(restartedMs + 10_000)
    // As with a fixed spark.kubernetes.executor.podNamePrefix: the names go on.
    for (const object of [executor('job-exec-1', before), executor('job-exec-2', before)]) harness.api.set(pods, object)
    harness.api.set(pods, executor('job-exec-3', after, 'spark-pi-driver-2'))
    harness.api.set(pods, restarted())
    const versions = new Map(harness.api.list(pods).map(({ metadata }) => [metadata.name, metadata.resourceVersion]))
    const replica = harness.start()
    await until(() => harness.events().some(({ reason }) => reason === 'SparkNannyDriverRestarted'), 'an Event')
    const deleted = harness.api.bodies.filter(({ path }) => path.includes('/pods/'))
    assert.deepEqual(
      deleted.map(({ path, body }) => [path, body]),
      ['job-exec-1', 'job-exec-2'].map((name) => [
        `/api/v1/namespaces/spark/pods/${name}`,
        {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          preconditions: { uid: `uid-${name}`, resourceVersion: versions.get(name) },
        },
      ]),
    )
    assert.ok(harness.api.get(pods, 'spark', 'job-exec-3'))
    const calls = harness.calls().length
    harness.api.set(pods, restarted())
    await harness.deps.sleep(300, harness.signal)
    assert.equal(harness.calls().length, calls, 'no further requests')
    assert.match(await replica.metrics(), /action="delete-executor",result="ok"\} 2/)
  })

  test('executors that cannot be deleted yet → do not delay other work for the driver', async (t) => {
    const harness = await createControllerHarness(t)
    harness.setNow(restartedMs + 10_000)
    harness.api.set(pods, executor('job-exec-1', before))
    harness.api.intercept((method) =>
      method === 'DELETE' ? { status: 429, body: { kind: 'Status' }, headers: { 'retry-after': '600' } } : undefined,
    )
    harness.api.set(pods, restarted())
    harness.start()
    await until(() => harness.lines.some(({ line }) => line.event === 'action-failed'), 'a failure')
    const pod = restarted()
    const annotations = { ...toRecord(pod.metadata.annotations), 'spark-nanny.io/poll-interval': 'often' }
    harness.api.set(pods, { ...pod, metadata: { ...pod.metadata, annotations } })
    await until(() => harness.events().some(({ reason }) => reason === 'SparkNannyInvalidSetting'), 'an Event')
    assert.equal(harness.calls().filter((line) => line.startsWith('DELETE')).length, 1)
  })

  test('an executor already gone at the deletion → is reported and counted', async (t) => {
    const harness = await createControllerHarness(t)
    harness.setNow(restartedMs + 10_000)
    harness.api.set(pods, executor('job-exec-1', before))
    harness.api.intercept((method) => {
      const pod = harness.api.get(pods, 'spark', 'job-exec-1')
      if (method !== 'DELETE' || pod === undefined) return undefined
      harness.api.remove(pods, pod)
      return { status: 404, body: { kind: 'Status' } }
    })
    harness.api.set(pods, restarted())
    const replica = harness.start()
    await until(() => harness.events().some(({ reason }) => reason === 'SparkNannyDriverRestarted'), 'an Event')
    assert.match(await replica.metrics(), /action="delete-executor",result="ok"\} 1/)
  })

  test('Retry-After for one executor → no retry before, whatever happened to the others', async (t) => {
    const harness = await createControllerHarness(t)
    harness.setNow(restartedMs + 10_000)
    for (const name of ['job-exec-1', 'job-exec-2']) harness.api.set(pods, executor(name, before))
    harness.api.intercept((method, path) => {
      if (method !== 'DELETE') return undefined
      return path.includes('job-exec-1')
        ? { status: 429, body: { kind: 'Status' }, headers: { 'retry-after': '600' } }
        : { status: 409, body: { kind: 'Status' } }
    })
    harness.api.set(pods, restarted())
    harness.start()
    await until(() => harness.lines.some(({ line }) => line.event === 'action-failed'), 'a failure')
    await harness.deps.sleep(1_500, harness.signal)
    assert.equal(harness.calls().filter((line) => line.startsWith('DELETE')).length, 2)
  })
})
