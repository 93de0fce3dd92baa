import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { ControllerConfig } from '../../../webhook/config/controller-config.ts'
import { until } from '../../kubernetes/fixture.ts'
import {
  createdMs,
  type DriverPodOptions,
  driverPod,
  iso,
  running,
  terminated,
  waiting,
} from '../../support/driver-pods.ts'
import { applications, controllerRig, defaultConfig, leading, pods } from './controller-harness.ts'
import { startUi } from './fake-ui.ts'

const nowMs = createdMs + 600_000
const deleting: Partial<ControllerConfig> = {
  fallback: { ...defaultConfig.fallback, mode: 'delete', intervalMs: 50, timeoutMs: 100 },
}
const owner = { name: 'pi', uid: 'uid-application' }
const application = (fields: object = {}, annotations: object = {}) => ({
  apiVersion: 'sparkoperator.k8s.io/v1beta2',
  kind: 'SparkApplication',
  metadata: { namespace: 'spark', ...owner, generation: 1, annotations },
  spec: { restartPolicy: { type: 'Always' } },
  ...fields,
})

async function scene(t: TestContext, options: DriverPodOptions = {}, more: readonly string[] = []) {
  const rig = await controllerRig(t)
  rig.setNow(nowMs)
  const ui = await startUi(t, ['spark-pi-driver', ...more])
  const pod = driverPod({ sidecar: null, podIp: '127.0.0.1', uiPort: ui.port, owner, ...options })
  rig.api.set(applications, application())
  rig.api.set(pods, pod)
  const deletes = () => rig.api.bodies.filter(({ path }) => path.endsWith('/pods/pi-driver'))
  return { ...rig, ui, pod, deletes }
}

const decided = (
  rig: { readonly lines: readonly { readonly line: Readonly<Record<string, unknown>> }[] },
  why: string,
) => rig.lines.some(({ line }) => line.event === 'decision' && (line.why === why || line.result === why))

test('a hung driver without a sidecar: its pod is deleted as it is known, told, counted and written down', async (t) => {
  const rig = await scene(t)
  const replica = rig.start(deleting)
  await until(() => rig.ui.polls() > 3, 'polls')
  assert.deepEqual(rig.deletes(), [])
  const known = rig.api.get(pods, 'spark', 'pi-driver')?.metadata.resourceVersion
  rig.ui.hang(true)
  await until(() => rig.deletes().length > 0, 'a deletion')
  assert.deepEqual(rig.deletes()[0]?.body, {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    preconditions: { uid: 'uid-pi-driver', resourceVersion: known },
  })
  const annotation = () => {
    const annotations = rig.api.get(applications, 'spark', 'pi')?.metadata.annotations
    return String((annotations as Record<string, string> | undefined)?.['spark-nanny.io/actions'] ?? '')
  }
  await until(() => annotation() !== '', 'the annotation')
  const written = JSON.parse(annotation())
  assert.equal(written.generation, 1)
  assert.deepEqual(
    written.actions.map(({ action, pod }: { action: string; pod: string }) => [action, pod]),
    [['delete-pod', 'uid-pi-driver']],
  )
  const deletedTold = () => rig.told().filter(({ reason }) => reason === 'SparkNannyPodDeleted')
  await until(() => deletedTold().length === 2, 'both Events')
  const text = await replica.metrics()
  assert.match(text, /spark_nanny_kill_count\{spark_app="pi"\} 1/)
  assert.match(text, /spark_nanny_actions_total\{action="delete-pod",result="ok"\} 1/)
  assert.match(text, /spark_nanny_poke_duration_seconds_bucket\{le="0.25",spark_app="pi"\}/)
  assert.match(text, /spark_nanny_driver_terminations_total\{namespace="spark",application="pi",cause="hung"\} 1/)
  assert.deepEqual(
    deletedTold()
      .map(({ of }) => of)
      .toSorted(),
    ['pi', 'pi-driver'],
  )
})

test('a driver that finishes (refused after it answered) is left alone', async (t) => {
  const rig = await scene(t)
  rig.start(deleting)
  await until(() => rig.ui.polls() > 2, 'polls')
  await rig.ui.stop()
  await rig.edges.sleep(1_000, rig.signal)
  assert.deepEqual(rig.deletes(), [])
})

test('a UI that never answered, and another’s UI, prove nothing', async (t) => {
  const rig = await scene(t)
  rig.ui.hang(true)
  rig.api.set(pods, driverPod({ name: 'alien-driver', sidecar: null, podIp: '127.0.0.1', uiPort: rig.ui.port, owner }))
  rig.start(deleting)
  await until(() => rig.ui.polls() > 8, 'polls')
  rig.ui.hang(false)
  await rig.edges.sleep(300, rig.signal)
  assert.deepEqual(
    rig.api.bodies.filter(({ path }) => path.includes('/pods/')),
    [],
  )
})

test('a driver younger than a minute is not even asked', async (t) => {
  const rig = await scene(t, { state: running(nowMs - 30_000) })
  rig.start(deleting)
  await until(() => rig.told().length > 0, 'it is looked at')
  await rig.edges.sleep(300, rig.signal)
  assert.equal(rig.ui.polls(), 0)
})

test('a driver that is not Ready is not left out', async (t) => {
  const rig = await scene(t, { ready: false })
  rig.start(deleting)
  await until(() => rig.ui.polls() > 2, 'polls')
  rig.ui.hang(true)
  await until(() => rig.deletes().length > 0, 'a deletion')
})

const withheldRows: readonly [string, string, DriverPodOptions, object | undefined, Partial<ControllerConfig>][] = [
  ['report', 'report-only', {}, undefined, { fallback: { ...deleting.fallback, mode: 'report' } as never }],
  ['dry run', 'dry-run', {}, undefined, { dryRun: true }],
  ['observe', 'observe-mode', { annotations: { 'spark-nanny.io/restart': 'observe' } }, undefined, {}],
  ['no retries', 'no-owner', {}, application({ spec: { restartPolicy: { type: 'Never' } } }), {}],
  [
    'retries spent',
    'no-owner',
    {},
    application({
      spec: { restartPolicy: { type: 'OnFailure', onFailureRetries: 2 } },
      status: { executionAttempts: 3 },
    }),
    {},
  ],
  ['paused', 'paused', {}, application({}, { 'spark-nanny.io/paused-until': '2026-11-25T00:00:00Z network work' }), {}],
  ['no budget', 'cluster-budget', {}, undefined, { safeguards: { ...defaultConfig.safeguards, perCluster: 0 } }],
]
for (const [name, why, options, owning, config] of withheldRows) {
  test(`withheld and said why: ${name}`, async (t) => {
    const rig = await scene(t, options)
    if (owning !== undefined) rig.api.set(applications, owning as never)
    const replica = rig.start({ ...deleting, ...config })
    await until(() => rig.ui.polls() > 2, 'polls')
    rig.ui.hang(true)
    await until(() => decided(rig, why), 'a decision')
    await until(() => rig.told().some(({ reason }) => reason === 'SparkNannyDeletionBlocked'), 'an Event')
    // Its SparkApplication is told too.
    await rig.edges.sleep(300, rig.signal)
    const before = rig.calls().length
    await rig.edges.sleep(500, rig.signal)
    assert.equal(rig.calls().length, before, 'said once')
    assert.deepEqual(rig.deletes(), [])
    const text = await replica.metrics()
    assert.match(text, new RegExp(`action="delete-pod",result="${why === 'dry-run' ? why : 'suppressed'}"\\} 1`))
    assert.doesNotMatch(text, /kill_count\{/)
    if (why === 'paused') {
      assert.match(
        rig.told().find(({ reason }) => reason === 'SparkNannyDeletionBlocked')?.message ?? '',
        /network work/,
      )
    }
  })
}

test('one of --apps: also without an owner, in a namespace without the label', async (t) => {
  const rig = await controllerRig(t)
  rig.setNow(nowMs)
  const ui = await startUi(t, ['spark-jobs-driver'])
  const pod = { namespace: 'other', name: 'jobs-driver', sidecar: null, podIp: '127.0.0.1', uiPort: ui.port } as const
  rig.api.set(pods, driverPod(pod))
  const fallback = { ...defaultConfig.fallback, intervalMs: 50, timeoutMs: 100, apps: ['jobs'], appsNamespace: 'other' }
  const replica = rig.start({ fallback })
  await until(() => ui.polls() > 2, 'polls')
  ui.hang(true)
  await until(() => rig.calls().some((line) => line.startsWith('DELETE')), 'a deletion')
  await until(() => rig.told().some(({ reason }) => reason === 'SparkNannyPodDeleted'), 'an Event')
  assert.match(await replica.metrics(), /spark_nanny_kill_count\{spark_app="jobs"\} 1/)
})

test('a failed deletion is no kill, and is tried again', async (t) => {
  const rig = await scene(t)
  let refusals = 1
  rig.api.intercept((method) => {
    if (method !== 'DELETE' || refusals === 0) return undefined
    refusals -= 1
    return { status: 500, body: { message: 'etcd' } }
  })
  const replica = rig.start(deleting)
  await until(() => rig.ui.polls() > 2, 'polls')
  rig.ui.hang(true)
  await until(() => rig.told().some(({ reason }) => reason === 'SparkNannyPodDeleted'), 'the second try')
  const text = await replica.metrics()
  assert.match(text, /spark_nanny_kill_count\{spark_app="pi"\} 1/)
  assert.match(text, /action="delete-pod",result="failed"\} 1/)
})

test('what cannot be put on record is not deleted; a lost answer leaves a record', async (t) => {
  const rig = await scene(t)
  rig.start(deleting)
  await until(() => rig.ui.polls() > 3, 'polls')
  let refusals = 2
  rig.api.intercept((method, path) => {
    const isRecord = method === 'PATCH' && path.includes('/sparkapplications/')
    if (isRecord && refusals > 0) {
      refusals -= 1
      return { status: 503, body: {} }
    }
    if (method !== 'DELETE') return undefined
    rig.api.remove(pods, rig.pod)
    return { status: 504, body: {} }
  })
  rig.ui.hang(true)
  await until(() => rig.deletes().length > 0, 'a deletion')
  const writes = rig.calls().filter((line) => /^PATCH .*sparkapplications|^DELETE/.test(line))
  assert.deepEqual(
    writes.map((line) => line.split(' ')[0]),
    ['PATCH', 'PATCH', 'PATCH', 'DELETE'],
  )
  const annotations = Object(rig.api.get(applications, 'spark', 'pi')?.metadata.annotations)
  assert.match(String(annotations['spark-nanny.io/actions']), /"pod":"uid-pi-driver"/)
})

test('a deletion whose answer was lost, and an Event that could not be told at first, are told all the same', async (t) => {
  const rig = await scene(t)
  const replica = rig.start(deleting)
  await until(() => rig.ui.polls() > 3, 'polls')
  let refusals = 2
  rig.api.intercept((method, path) => {
    if (method === 'DELETE') {
      rig.api.remove(pods, rig.pod)
      return { status: 504, body: { kind: 'Status' } }
    }
    if (!path.endsWith('/events') || refusals === 0) return undefined
    refusals -= 1
    return { status: 500, body: { kind: 'Status' } }
  })
  rig.ui.hang(true)
  const told = () => rig.told().filter(({ reason }) => reason === 'SparkNannyPodDeleted')
  await until(() => told().length === 2, 'both Events')
  assert.match(await replica.metrics(), /spark_nanny_kill_count\{spark_app="pi"\} 1/)
})

test('a deletion that is refused since the pod has changed, which a frozen watch does not show, is tried ever more seldom', async (t) => {
  const rig = await scene(t)
  rig.start(deleting)
  await until(() => rig.ui.polls() > 3, 'polls')
  let frozen = true
  rig.api.intercept((method) =>
    method === 'DELETE' && frozen
      ? { status: 409, body: { kind: 'Status', code: 409, reason: 'Conflict' } }
      : undefined,
  )
  rig.ui.hang(true)
  await until(() => rig.deletes().length === 2, 'a second try')
  await rig.edges.sleep(3_500, rig.signal)
  // After half a second, one, two, four; each half a second it would be nine.
  assert.ok(rig.deletes().length <= 5, String(rig.deletes().length))
  frozen = false
  await until(() => rig.api.get(pods, 'spark', 'pi-driver') === undefined, 'the deletion')
})

test('what answers that is not the API server is not believed', async (t) => {
  const rig = await scene(t)
  rig.start(deleting)
  await until(() => rig.ui.polls() > 3, 'polls')
  let strangers = 2
  rig.api.intercept((method) => {
    if ((method !== 'DELETE' && method !== 'PATCH') || strangers === 0) return undefined
    strangers -= 1
    return { status: 200, body: '<html>Log in</html>' }
  })
  rig.ui.hang(true)
  await until(() => rig.api.get(pods, 'spark', 'pi-driver') === undefined, 'the deletion')
})

test('many at once: the breaker holds', async (t) => {
  const rig = await controllerRig(t)
  rig.setNow(nowMs)
  const names = ['a', 'b', 'c', 'd'].map((name) => `${name}-driver`)
  const ui = await startUi(
    t,
    names.map((name) => `spark-${name}`),
  )
  rig.api.set(applications, application())
  for (const name of names) {
    rig.api.set(pods, driverPod({ name, sidecar: null, podIp: '127.0.0.1', uiPort: ui.port, owner }))
  }
  const replica = rig.start(deleting)
  await until(() => ui.polls() > 20, 'polls')
  ui.hang(true)
  await until(() => decided(rig, 'circuit-breaker-open'), 'a decision')
  await rig.edges.sleep(1_000, rig.signal)
  assert.deepEqual(
    rig.calls().filter((line) => line.startsWith('DELETE')),
    [],
  )
  assert.match(await replica.metrics(), /spark_nanny_circuit_breaker_open\{breaker="unhealthy-share"\} 1/)
})

test('all drivers of one namespace are unhealthy, others are well: the way to them is cut', async (t) => {
  const rig = await controllerRig(t)
  rig.setNow(nowMs)
  const names = Array.from({ length: 12 }, (_, index) => `d${index}-driver`)
  const ui = await startUi(
    t,
    names.map((name) => `spark-${name}`),
  )
  const cut = await startUi(t, ['spark-x-driver', 'spark-y-driver'])
  rig.api.set('/api/v1/namespaces', { metadata: { name: 'cut' } })
  rig.api.set(applications, application())
  const common = { sidecar: null, podIp: '127.0.0.1', owner } as const
  for (const name of names) rig.api.set(pods, driverPod({ name, uiPort: ui.port, ...common }))
  for (const name of ['x-driver', 'y-driver']) {
    rig.api.set(pods, driverPod({ name, namespace: 'cut', uiPort: cut.port, ...common }))
  }
  const { fallback } = deleting
  assert.ok(fallback)
  rig.start({ fallback: { ...fallback, apps: ['x', 'y'], appsNamespace: 'cut' } })
  await until(() => ui.polls() > 40 && cut.polls() > 8, 'polls')
  cut.hang(true)
  await until(() => decided(rig, 'circuit-breaker-open'), 'a decision')
  await rig.edges.sleep(500, rig.signal)
  assert.deepEqual(
    rig.calls().filter((line) => line.startsWith('DELETE')),
    [],
  )
})

test('history survives: quarantined before the controller started, until a person or a change ends it', async (t) => {
  const actions = JSON.stringify({
    generation: 1,
    quarantined: '2026-11-24T10:05:00Z',
    actions: [{ at: '2026-11-24T08:05:00Z', action: 'delete-pod', pod: 'x', reason: 'y' }],
  })
  const rig = await scene(t)
  rig.api.set(applications, application({}, { 'spark-nanny.io/actions': actions }))
  const replica = rig.start(deleting)
  await until(() => rig.ui.polls() > 2, 'polls')
  rig.ui.hang(true)
  await until(() => decided(rig, 'quarantined'), 'a decision')
  assert.match(await replica.metrics(), /spark_nanny_quarantined_applications\{namespace="spark"\} 1/)
  assert.deepEqual(rig.deletes(), [])
  rig.api.set(applications, application())
  await until(() => rig.deletes().length > 0, 'the person removed the annotation')
})

test('SparkApplications that are listed late: nothing is deleted before, and what they tell counts', async (t) => {
  const rig = await controllerRig(t)
  rig.setNow(nowMs)
  const ui = await startUi(t, ['spark-jobs-driver'])
  const pod = { namespace: 'other', name: 'jobs-driver', sidecar: null, podIp: '127.0.0.1', uiPort: ui.port } as const
  rig.api.set(pods, driverPod(pod))
  const actions = JSON.stringify({
    generation: 1,
    actions: [{ at: new Date(nowMs - 60_000).toISOString(), action: 'delete-pod', pod: 'x', reason: 'y' }],
  })
  rig.api.set(applications, application({}, { 'spark-nanny.io/actions': actions }))
  let listed = false
  rig.api.intercept((method, path) =>
    !listed && method === 'GET' && path.startsWith(applications)
      ? { status: 503, body: { kind: 'Status' } }
      : undefined,
  )
  const { fallback } = deleting
  assert.ok(fallback)
  const rails = { ...defaultConfig.safeguards, perCluster: 1 }
  const slow = { durationMs: 600_000, renewDeadlineMs: 500_000, retryMs: 2_000 }
  rig.start({ fallback: { ...fallback, apps: ['jobs'], appsNamespace: 'other' }, safeguards: rails }, slow)
  await leading(rig)
  // So long it waits for them.
  rig.setNow(nowMs + 31_000)
  await until(() => ui.polls() > 2, 'polls')
  ui.hang(true)
  await until(() => decided(rig, 'budget-unknown'), 'a decision')
  listed = true
  await until(() => decided(rig, 'cluster-budget'), 'another')
  assert.deepEqual(
    rig.calls().filter((line) => line.startsWith('DELETE')),
    [],
  )
})

test('a driver whose sidecar is down for good is told of, counted, and asked from outside', async (t) => {
  const lastState = terminated(137, nowMs - 5_000, { reason: 'OOMKilled', startedAt: iso(nowMs - 8_000) })
  const rig = await scene(t, {
    ready: false,
    sidecar: { state: waiting('CrashLoopBackOff'), restarts: 40, port: 1, lastState },
  })
  const replica = rig.start(deleting)
  await until(() => rig.ui.polls() > 3 && rig.told().length > 0, 'polls, and an Event')
  assert.match(
    await replica.metrics(),
    /spark_nanny_unprotected_drivers\{namespace="spark",reason="sidecar-crash-loop"\} 1/,
  )
  assert.deepEqual(
    rig.told().map(({ reason, of }) => [reason, of]),
    [['SparkNannySidecarCrashLoop', 'pi-driver']],
  )
  assert.deepEqual(rig.deletes(), [])
  rig.ui.hang(true)
  await until(() => rig.deletes().length > 0, 'a deletion')
})
