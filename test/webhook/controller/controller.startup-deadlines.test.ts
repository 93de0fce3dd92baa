import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { toRecord } from '../../../core/json.ts'
import type { ControllerConfig } from '../../../webhook/config/controller-config.ts'
import { until } from '../../kubernetes/fixture.ts'
import { createdMs, type DriverPodOptions, driverPod, waiting } from '../../support/driver-pods.ts'
import { applications, changed, controllerRig, defaultConfig, leading, pods } from './controller-harness.ts'

const minuteMs = 60_000
const owner = { name: 'pi', uid: 'uid-application' }
const application = (annotations: object = {}, policy: object = { type: 'Always' }) => ({
  apiVersion: 'sparkoperator.k8s.io/v1beta2',
  kind: 'SparkApplication',
  metadata: { namespace: 'spark', ...owner, generation: 1, annotations },
  spec: { restartPolicy: policy },
})
const deadline = { 'spark-nanny.io/image-pull-deadline': '20m' }
const unpulled: DriverPodOptions = {
  owner,
  phase: 'Pending',
  ready: false,
  state: waiting('ImagePullBackOff', 'no such image'),
  sidecar: null,
}

async function scene(t: TestContext, annotations: object = deadline, config: Partial<ControllerConfig> = {}) {
  const rig = await controllerRig(t)
  rig.setNow(createdMs + 30 * minuteMs)
  rig.api.set(applications, application(annotations))
  const pod = driverPod(unpulled)
  rig.api.set(pods, pod)
  const replica = rig.start(config)
  let touches = 0
  /** Later, and something about the pod that does not matter has changed. */
  const at = (minutes: number, fields: object = {}) => {
    rig.setNow(createdMs + minutes * minuteMs)
    touches += 1
    rig.api.set(
      pods,
      changed(pod, {
        ...fields,
        metadata: { ...pod.metadata, labels: { ...Object(pod.metadata.labels), touch: `${touches}` } },
      }),
    )
  }
  const deletes = () => rig.calls().filter((line) => line.startsWith('DELETE'))
  const decided = (why: string) =>
    rig.lines.some(
      ({ line }) =>
        line.event === 'decision' && (line.why === why || line.result === why) && line.action === 'delete-pod',
    )
  await until(() => rig.told().some(({ reason }) => reason === 'SparkNannyDriverStuck'), 'it is told of')
  return { ...rig, replica, pod, at, deletes, decided }
}

test('stuck for longer than its settings allow: written down, deleted as it is known, told, counted', async (t) => {
  const rig = await scene(t)
  assert.match(
    rig.told()[0]?.message ?? '',
    /ImagePullBackOff: no such image\)\. Pod will be deleted after 20m \(image-pull-deadline\)\.$/,
  )
  // It is older than the deadline, but has not been seen to wait for so long.
  rig.at(49)
  await rig.edges.sleep(300, rig.signal)
  assert.deepEqual(rig.deletes(), [])
  rig.at(51)
  const known = rig.api.get(pods, 'spark', 'pi-driver')?.metadata.resourceVersion
  await until(() => rig.told().filter(({ reason }) => reason === 'SparkNannyPodDeleted').length === 2, 'both Events')
  assert.deepEqual(rig.api.bodies.find(({ path }) => path.endsWith('/pods/pi-driver'))?.body, {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    preconditions: { uid: 'uid-pi-driver', resourceVersion: known },
  })
  const annotations = Object(rig.api.get(applications, 'spark', 'pi')?.metadata.annotations)
  const [action] = JSON.parse(annotations['spark-nanny.io/actions']).actions
  assert.equal(action.pod, 'uid-pi-driver')
  // Not whose verdict it was: the breaker of hung drivers counts those.
  assert.match(action.reason, /^stuck image-pull: image-pull-deadline 20m; ImagePullBackOff/)
  const text = await rig.replica.metrics()
  assert.match(text, /spark_nanny_actions_total\{action="delete-pod",result="ok"\} 1/)
  assert.match(text, /spark_nanny_driver_terminations_total\{namespace="spark",application="pi",cause="deleted"\} 1/)
  assert.doesNotMatch(text, /kill_count\{/, 'it did not hang')
  const line = rig.lines.find(
    ({ line }) => line.event === 'decision' && line.result === 'ok' && line.action === 'delete-pod',
  )
  assert.equal(Object(line?.line.evidence).overdue, true)
})

test('one that leader after leader sees anew is never seen for long enough', async (t) => {
  const rig = await scene(t)
  await rig.replica.stop()
  rig.setNow(createdMs + 45 * minuteMs)
  rig.start()
  await until(() => rig.lines.filter(({ line }) => line.event === 'leader').length > 1, 'the next leader')
  rig.at(60)
  await rig.edges.sleep(300, rig.signal)
  assert.deepEqual(rig.deletes(), [])
})

test('a clock that is set forward makes no wait longer', async (t) => {
  const rig = await scene(t)
  rig.setDate(createdMs + 90 * minuteMs)
  const { pod } = rig
  rig.api.set(pods, changed(pod, { metadata: { ...pod.metadata, annotations: { touch: 'once' } } }))
  await rig.edges.sleep(1_000, rig.signal)
  assert.deepEqual(rig.deletes(), [])
})

test('off: only told of, however long', async (t) => {
  const rig = await scene(t, {})
  assert.match(rig.told()[0]?.message ?? '', /No action configured\.$/)
  rig.at(100_000)
  await rig.edges.sleep(300, rig.signal)
  assert.deepEqual(rig.deletes(), [])
})

test('the deadline of another kind is not its own', async (t) => {
  const rig = await scene(t, {
    'spark-nanny.io/pending-deadline': '10m',
    'spark-nanny.io/container-creating-deadline': '10m',
  })
  rig.at(100_000)
  await rig.edges.sleep(300, rig.signal)
  assert.deepEqual(rig.deletes(), [])
})

const withheldRows: readonly [string, object, Partial<ControllerConfig>][] = [
  ['report-only', {}, { fallback: { ...defaultConfig.fallback, mode: 'off' } }],
  ['observe-mode', { 'spark-nanny.io/restart': 'observe' }, {}],
  ['paused', { 'spark-nanny.io/paused-until': '2030-01-01T00:00:00Z the registry is moved' }, {}],
  ['cluster-budget', {}, { safeguards: { ...defaultConfig.safeguards, perCluster: 0 } }],
  ['dry-run', {}, { dryRun: true }],
]
for (const [why, annotations, config] of withheldRows) {
  test(`withheld and told why: ${why}`, async (t) => {
    const rig = await scene(t, { ...deadline, ...annotations }, config)
    rig.at(51)
    await until(() => rig.decided(why), 'a decision')
    await until(() => rig.told().some(({ reason }) => reason === 'SparkNannyDeletionBlocked'), 'an Event')
    assert.deepEqual(rig.deletes(), [])
  })
}

test('nobody submits it again: left alone', async (t) => {
  const rig = await scene(t)
  rig.api.set(applications, application(deadline, { type: 'Never' }))
  await rig.edges.sleep(200, rig.signal)
  rig.at(51)
  await until(() => rig.decided('no-owner'), 'a decision')
  assert.deepEqual(rig.deletes(), [])
})

test('many are stuck in the same way: another pod would fare no better, and the breaker of hung drivers stays closed', async (t) => {
  const rig = await scene(t)
  rig.api.set(pods, driverPod({ ...unpulled, name: 'other-driver' }))
  await rig.edges.sleep(200, rig.signal)
  rig.at(51)
  await until(() => rig.decided('many-drivers-stuck'), 'a decision')
  assert.deepEqual(rig.deletes(), [])
  // The jump of the clock cost it the lease, for a moment.
  let text = ''
  for (let tries = 0; tries < 100 && !text.includes('\nspark_nanny_leader 1\n'); tries += 1) {
    await rig.edges.sleep(50, rig.signal)
    text = await rig.replica.metrics()
  }
  assert.match(text, /spark_nanny_circuit_breaker_open\{breaker="unhealthy-share"\} 0/)
})

test('what a queue let go is told of when no node has taken it for long since', async (t) => {
  const rig = await controllerRig(t)
  const pod = driverPod({ ...unpulled, state: waiting('') })
  const unplaced = (schedulingGates: readonly object[]) => {
    const { nodeName: _none, ...spec } = toRecord(pod.spec)
    const conditions = [{ type: 'PodScheduled', status: 'False', message: 'no cpu' }]
    rig.api.set(pods, changed(pod, { spec: { ...spec, schedulingGates }, status: { phase: 'Pending', conditions } }))
  }
  const isTold = () => rig.told().some(({ reason }) => reason === 'SparkNannyDriverStuck')
  rig.setNow(createdMs + 120 * minuteMs)
  unplaced([{ name: 'queue' }])
  rig.start()
  await leading(rig)
  unplaced([])
  await rig.edges.sleep(500, rig.signal)
  rig.setNow(createdMs + 124 * minuteMs)
  rig.api.set(pods, driverPod({ name: 'awake-driver' }))
  await rig.edges.sleep(500, rig.signal)
  assert.equal(isTold(), false)
  rig.setNow(createdMs + 126 * minuteMs)
  rig.api.set(pods, driverPod({ name: 'awake-driver', annotations: { touched: 'again' } }))
  await until(isTold, 'an Event')
})
