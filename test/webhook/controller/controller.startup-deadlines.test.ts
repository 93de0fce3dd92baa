import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { toRecord } from '../../../core/json.ts'
import type { ControllerConfig } from '../../../webhook/config/controller-config.ts'
import { until } from '../../support/api-fixture.ts'
import { createdMs, type DriverPodOptions, driverPod, terminated, waiting } from '../../support/driver-pods.ts'
import {
  applications,
  changed,
  createControllerHarness,
  defaultConfig,
  pods,
  untilLeading,
} from './controller-harness.ts'
import { createApplication, owner } from './hung-scenario.ts'

const minuteMs = 60_000
const deadline = { 'spark-nanny.io/image-pull-deadline': '20m' }
const unpulled: DriverPodOptions = {
  owner,
  phase: 'Pending',
  ready: false,
  state: waiting('ImagePullBackOff', 'no such image'),
  sidecar: null,
}

async function createStuckDriverScenario(
  t: TestContext,
  annotations: object = deadline,
  config: Partial<ControllerConfig> = {},
  options: DriverPodOptions = unpulled,
) {
  const harness = await createControllerHarness(t)
  harness.setNow(createdMs + 30 * minuteMs)
  harness.api.set(applications, createApplication({}, annotations))
  const pod = driverPod(options)
  harness.api.set(pods, pod)
  const replica = harness.start(config)
  let touches = 0
  /** Sets the clock and changes the pod in an irrelevant way, so that it is evaluated. */
  const at = (minutes: number, fields: object = {}) => {
    harness.setNow(createdMs + minutes * minuteMs)
    touches += 1
    harness.api.set(
      pods,
      changed(pod, {
        ...fields,
        metadata: { ...pod.metadata, labels: { ...Object(pod.metadata.labels), touch: `${touches}` } },
      }),
    )
  }
  const deletes = () => harness.calls().filter((line) => line.startsWith('DELETE'))
  const decided = (why: string) =>
    harness.lines.some(
      ({ line }) =>
        line.event === 'decision' && (line.why === why || line.result === why) && line.action === 'delete-pod',
    )
  await until(() => harness.events().some(({ reason }) => reason === 'SparkNannyDriverStuck'), 'the Event')
  return { ...harness, replica, pod, at, deletes, decided }
}

describe('controller: startup deadlines', () => {
  test('a driver stuck beyond its deadline → is recorded, deleted with preconditions, reported and counted', async (t) => {
    const harness = await createStuckDriverScenario(t)
    assert.match(
      harness.events()[0]?.message ?? '',
      /ImagePullBackOff: no such image\)\. Pod will be deleted after 20m \(image-pull-deadline\)\.$/,
    )
    // It is older than the deadline, but has not been seen to wait for so long.
    harness.at(49)
    await harness.deps.sleep(300, harness.signal)
    assert.deepEqual(harness.deletes(), [])
    harness.at(51)
    const known = harness.api.get(pods, 'spark', 'pi-driver')?.metadata.resourceVersion
    await until(
      () => harness.events().filter(({ reason }) => reason === 'SparkNannyPodDeleted').length === 2,
      'both Events',
    )
    assert.deepEqual(harness.api.bodies.find(({ path }) => path.endsWith('/pods/pi-driver'))?.body, {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid: 'uid-pi-driver', resourceVersion: known },
    })
    const annotations = Object(harness.api.get(applications, 'spark', 'pi')?.metadata.annotations)
    const [action] = JSON.parse(annotations['spark-nanny.io/actions']).actions
    assert.equal(action.pod, 'uid-pi-driver')
    // Not whose verdict it was: the breaker of hung drivers counts those.
    assert.match(action.reason, /^stuck image-pull: image-pull-deadline 20m; ImagePullBackOff/)
    const text = await harness.replica.metrics()
    assert.match(text, /spark_nanny_actions_total\{action="delete-pod",result="ok"\} 1/)
    assert.match(text, /spark_nanny_driver_terminations_total\{namespace="spark",application="pi",cause="deleted"\} 1/)
    assert.doesNotMatch(text, /kill_count\{/, 'it did not hang')
    const line = harness.lines.find(
      ({ line }) => line.event === 'decision' && line.result === 'ok' && line.action === 'delete-pod',
    )
    assert.equal(Object(line?.line.evidence).overdue, true)
  })

  test('a driver restarted in place, then stuck beyond its deadline → its termination counts as deleted', async (t) => {
    const restarted = { ...unpulled, restarts: 1, lastState: terminated(137, createdMs + minuteMs) }
    const harness = await createStuckDriverScenario(t, deadline, {}, restarted)
    harness.at(51)
    await until(() => harness.events().some(({ reason }) => reason === 'SparkNannyPodDeleted'), 'the Event')
    assert.match(
      await harness.replica.metrics(),
      /spark_nanny_driver_terminations_total\{namespace="spark",application="pi",cause="deleted"\} 1/,
    )
  })

  test('a new leader → the deadline counts from its first observation', async (t) => {
    const harness = await createStuckDriverScenario(t)
    await harness.replica.stop()
    harness.setNow(createdMs + 45 * minuteMs)
    harness.start()
    await until(
      () => harness.lines.filter(({ line }) => line.event === 'leader-acquired').length > 1,
      'the next leader',
    )
    harness.at(60)
    await harness.deps.sleep(300, harness.signal)
    assert.deepEqual(harness.deletes(), [])
  })

  test('a clock set forward → does not lengthen the wait', async (t) => {
    const harness = await createStuckDriverScenario(t)
    harness.setDate(createdMs + 90 * minuteMs)
    const { pod } = harness
    harness.api.set(pods, changed(pod, { metadata: { ...pod.metadata, annotations: { touch: 'once' } } }))
    await harness.deps.sleep(1_000, harness.signal)
    assert.deepEqual(harness.deletes(), [])
  })

  test('no deadline → is only reported, however long it takes', async (t) => {
    const harness = await createStuckDriverScenario(t, {})
    assert.match(harness.events()[0]?.message ?? '', /No action configured\.$/)
    harness.at(100_000)
    await harness.deps.sleep(300, harness.signal)
    assert.deepEqual(harness.deletes(), [])
  })

  test('deadlines for other wait reasons → do not apply', async (t) => {
    const harness = await createStuckDriverScenario(t, {
      'spark-nanny.io/pending-deadline': '10m',
      'spark-nanny.io/container-creating-deadline': '10m',
    })
    harness.at(100_000)
    await harness.deps.sleep(300, harness.signal)
    assert.deepEqual(harness.deletes(), [])
  })

  const blockedRows: readonly [string, object, Partial<ControllerConfig>][] = [
    ['report-only', {}, { fallback: { ...defaultConfig.fallback, mode: 'off' } }],
    ['observe-mode', { 'spark-nanny.io/restart': 'observe' }, {}],
    ['paused', { 'spark-nanny.io/paused-until': '2030-01-01T00:00:00Z the registry is moved' }, {}],
    ['cluster-budget', {}, { safeguards: { ...defaultConfig.safeguards, perCluster: 0 } }],
    ['dry-run', {}, { dryRun: true }],
  ]
  for (const [why, annotations, config] of blockedRows) {
    test(`${why} → the deletion is blocked, and the reason is reported`, async (t) => {
      const harness = await createStuckDriverScenario(t, { ...deadline, ...annotations }, config)
      harness.at(51)
      await until(() => harness.decided(why), 'a decision')
      await until(() => harness.events().some(({ reason }) => reason === 'SparkNannyDeletionBlocked'), 'an Event')
      assert.deepEqual(harness.deletes(), [])
    })
  }

  test('no owner that resubmits → no deletion', async (t) => {
    const harness = await createStuckDriverScenario(t)
    harness.api.set(applications, createApplication({ spec: { restartPolicy: { type: 'Never' } } }, deadline))
    await harness.deps.sleep(200, harness.signal)
    harness.at(51)
    await until(() => harness.decided('no-owner'), 'a decision')
    assert.deepEqual(harness.deletes(), [])
  })

  test('many drivers stuck for the same reason → no deletion, and the circuit breaker for hung drivers stays closed', async (t) => {
    const harness = await createStuckDriverScenario(t)
    harness.api.set(pods, driverPod({ ...unpulled, name: 'other-driver' }))
    await harness.deps.sleep(200, harness.signal)
    harness.at(51)
    await until(() => harness.decided('many-drivers-stuck'), 'a decision')
    assert.deepEqual(harness.deletes(), [])
    // The jump of the clock cost it the lease, for a moment.
    let text = ''
    for (let tries = 0; tries < 100 && !text.includes('\nspark_nanny_leader 1\n'); tries += 1) {
      await harness.deps.sleep(50, harness.signal)
      text = await harness.replica.metrics()
    }
    assert.match(text, /spark_nanny_circuit_breaker_open\{breaker="unhealthy-share"\} 0/)
  })

  test('a driver released by a scheduling gate → is reported when it stays unscheduled after that', async (t) => {
    const harness = await createControllerHarness(t)
    const pod = driverPod({ ...unpulled, state: waiting('') })
    const unplaced = (schedulingGates: readonly object[]) => {
      const { nodeName: _none, ...spec } = toRecord(pod.spec)
      const conditions = [{ type: 'PodScheduled', status: 'False', message: 'no cpu' }]
      harness.api.set(
        pods,
        changed(pod, { spec: { ...spec, schedulingGates }, status: { phase: 'Pending', conditions } }),
      )
    }
    const isReported = () => harness.events().some(({ reason }) => reason === 'SparkNannyDriverStuck')
    harness.setNow(createdMs + 120 * minuteMs)
    unplaced([{ name: 'queue' }])
    harness.start()
    await untilLeading(harness)
    unplaced([])
    await harness.deps.sleep(500, harness.signal)
    harness.setNow(createdMs + 124 * minuteMs)
    harness.api.set(pods, driverPod({ name: 'awake-driver' }))
    await harness.deps.sleep(500, harness.signal)
    assert.equal(isReported(), false)
    harness.setNow(createdMs + 126 * minuteMs)
    harness.api.set(pods, driverPod({ name: 'awake-driver', annotations: { touched: 'again' } }))
    await until(isReported, 'an Event')
  })
})
