import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { until } from '../../support/api-fixture.ts'
import {
  createdMs,
  driverImage,
  driverPod,
  iso,
  running,
  sidecarImage,
  signSidecar,
  startupBlockedPod,
  terminated,
  waiting,
} from '../../support/driver-pods.ts'
import { applications, changed, createControllerHarness, pods, untilLeading } from './controller-harness.ts'
import { application, owner } from './hung-scenario.ts'

const nowMs = createdMs + 60_000

describe('controller', () => {
  test('healthy drivers, however often they change → no requests', async (t) => {
    const harness = await createControllerHarness(t)
    harness.setNow(nowMs)
    for (let index = 0; index < 50; index += 1) harness.api.set(pods, driverPod({ name: `d${index}-driver` }))
    harness.start()
    await untilLeading(harness)
    for (let index = 0; index < 50; index += 1) {
      harness.api.set(pods, driverPod({ name: `d${index}-driver`, ready: index % 2 === 0, uid: `again-${index}` }))
    }
    await harness.deps.sleep(500, harness.signal)
    assert.deepEqual(harness.calls(), [])
  })

  test('unprotected drivers → one Event each, and counted', async (t) => {
    const harness = await createControllerHarness(t)
    harness.setNow(nowMs)
    const bare = { sidecar: null } as const
    harness.api.set(pods, driverPod({ name: 'bare-driver', ...bare }))
    harness.api.set(pods, driverPod({ name: 'out-driver', ...bare, annotations: { 'spark-nanny.io/inject': 'false' } }))
    harness.api.set(pods, driverPod({ name: 'elsewhere-driver', namespace: 'other', ...bare }))
    harness.api.set(pods, driverPod({ name: 'done-driver', phase: 'Succeeded', ...bare }))
    harness.api.set(pods, driverPod({ name: 'old-driver', annotations: { 'spark-nanny.io/injected': '0.9.0' } }))
    const first = harness.start()
    await until(() => harness.events().length > 0, 'an Event')
    harness.api.set(pods, driverPod({ name: 'bare-driver', ...bare, ready: false }))
    await harness.deps.sleep(500, harness.signal)
    assert.deepEqual(
      harness.events().map(({ reason, of }) => [reason, of]),
      [['SparkNannyUnprotected', 'bare-driver']],
    )
    assert.equal(harness.calls().length, 1)
    const text = await first.metrics()
    assert.match(text, /spark_nanny_unprotected_drivers\{namespace="spark",reason="not-injected"\} 1/)
    assert.match(text, /spark_nanny_outdated_drivers\{namespace="spark"\} 1/)
    assert.match(text, /spark_nanny_drivers\{namespace="spark",state="ready"\} 2/)
    assert.match(text, /spark_nanny_drivers\{namespace="spark",state="not-ready"\} 1/)
    assert.match(text, /^spark_nanny_leader 1$/m)
    assert.match(text, /spark_nanny_watch_stale\{collection="drivers"\} 0/)
    await first.stop()
    const after = await first.metrics()
    assert.match(after, /^spark_nanny_leader 0$/m)
    assert.doesNotMatch(after, /spark_nanny_drivers\{/)
    harness.start()
    await until(
      () => harness.lines.filter(({ line }) => line.event === 'leader-acquired').length === 2,
      'the next leader',
    )
    await until(() => harness.calls().length === 2, 'the Event is published again')
    assert.equal(harness.events().length, 1)
  })

  test('an invalid setting → an Event on the pod with a suggestion', async (t) => {
    const harness = await createControllerHarness(t)
    harness.setNow(nowMs)
    harness.api.set(
      pods,
      driverPod({ annotations: { 'spark-nanny.io/timeout': '20', 'spark-nanny.io/intervall': '5s' } }),
    )
    harness.start()
    await until(() => harness.events().length > 0, 'an Event')
    const [event] = harness.events()
    assert.equal(event?.reason, 'SparkNannyInvalidSetting')
    assert.match(event?.message ?? '', /timeout: "20" must be .*did you mean 20s\?/)
    assert.match(event?.message ?? '', /did you mean spark-nanny.io\/interval\?/)
  })

  test('a startup blocked by the sidecar for 15 s → the sidecar is bypassed once', async (t) => {
    const harness = await createControllerHarness(t)
    harness.setNow(nowMs)
    const sign = waiting('ErrImagePull', 'not found')
    harness.api.set(pods, startupBlockedPod(sign))
    const replica = harness.start()
    await untilLeading(harness)
    assert.deepEqual(harness.calls(), [], 'not at the first sign')
    harness.setNow(nowMs + 16_000)
    harness.api.set(pods, startupBlockedPod(waiting('ImagePullBackOff', 'not found')))
    await until(() => harness.events().length > 0, 'an Event')
    assert.deepEqual(
      harness.calls().map((line) => line.replace(/\?.*/, '')),
      ['PATCH /api/v1/namespaces/spark/pods/pi-driver', 'POST /api/v1/namespaces/spark/events'],
    )
    const pod = harness.api.get(pods, 'spark', 'pi-driver') as unknown as {
      spec: { initContainers: { image: string; name: string }[] }
      metadata: { annotations: Record<string, string> }
    }
    assert.deepEqual(pod.spec.initContainers[0]?.image, driverImage)
    assert.match(
      pod.metadata.annotations['spark-nanny.io/sidecar-bypassed'] ?? '',
      new RegExp(`^2026-.*Z ${sidecarImage} ImagePullBackOff$`),
    )
    await until(() => harness.lines.some(({ line }) => line.event === 'decision'), 'a line')
    const text = await replica.metrics()
    assert.match(text, /spark_nanny_actions_total\{action="bypass-sidecar",result="ok"\} 1/)
    await harness.deps.sleep(300, harness.signal)
    assert.equal(harness.calls().length, 2, 'and no more')
  })

  test('Events that cannot be published → do not delay a bypass', async (t) => {
    const harness = await createControllerHarness(t)
    harness.setNow(nowMs)
    harness.api.intercept((_method, url) =>
      url.endsWith('/events') ? { status: 403, body: { message: 'no' } } : undefined,
    )
    const annotations = { 'spark-nanny.io/timeout': '20' }
    harness.api.set(pods, startupBlockedPod(waiting('PodInitializing'), { annotations }))
    harness.start()
    await until(() => harness.lines.some(({ line }) => line.event === 'action-failed'), 'a failure')
    harness.api.set(pods, startupBlockedPod(waiting('InvalidImageName'), { annotations }))
    await until(() => harness.calls().some((line) => line.startsWith('PATCH')), 'the bypass')
  })

  test('two replicas → one acts, and the other takes over', async (t) => {
    const harness = await createControllerHarness(t)
    harness.setNow(nowMs)
    const replicas = [harness.start(), harness.start()]
    await untilLeading(harness)
    for (const name of ['a', 'b', 'c']) harness.api.set(pods, driverPod({ name: `${name}-driver`, sidecar: null }))
    await until(() => harness.events().length === 3, 'Events')
    await harness.deps.sleep(300, harness.signal)
    assert.equal(harness.calls().length, 3)
    const figures = await Promise.all(replicas.map((replica) => replica.metrics()))
    const leads = figures.map((text) => /^spark_nanny_leader 1$/m.test(text))
    assert.deepEqual(leads.toSorted(), [false, true])
    const leader = leads.indexOf(true)
    await replicas[leader]?.stop()
    await until(
      () => harness.lines.filter(({ line }) => line.event === 'leader-acquired').length === 2,
      'the other leads',
    )
    harness.api.set(pods, driverPod({ name: 'd-driver', sidecar: null }))
    await until(() => harness.events().length === 4, 'it acts')
  })

  test('an error that no retry can fix → bypassed at once; a sidecar still being pulled → not bypassed', async (t) => {
    const harness = await createControllerHarness(t)
    harness.setNow(createdMs + 30_000)
    harness.api.set(pods, startupBlockedPod(waiting('InvalidImageName'), { name: 'bad-driver' }))
    harness.api.set(pods, startupBlockedPod(waiting('PodInitializing'), { name: 'pulling-driver' }))
    harness.start()
    await until(() => harness.events().length > 0, 'an Event')
    await harness.deps.sleep(200, harness.signal)
    assert.deepEqual(
      harness.events().map(({ reason, of }) => [reason, of]),
      [['SparkNannyStartupBlocked', 'bad-driver']],
    )
  })

  test('a conflict or a failed patch → the bypass is retried', async (t) => {
    const harness = await createControllerHarness(t)
    harness.setNow(nowMs)
    const answers = [409, 500]
    harness.api.intercept((method) => {
      const status = method === 'PATCH' ? answers.shift() : undefined
      return status === undefined ? undefined : { status, body: { message: 'no' } }
    })
    harness.api.set(pods, startupBlockedPod(waiting('InvalidImageName')))
    harness.start()
    await until(() => harness.events().length > 0, 'an Event')
    assert.equal(harness.calls().filter((line) => line.startsWith('PATCH')).length, 3)
  })

  test('the API server does not allow a bypass → an Event and a metric say so, until the driver can start', async (t) => {
    const harness = await createControllerHarness(t)
    const nowRealMs = Date.now()
    harness.setNow(nowRealMs)
    let isAllowed = false
    const refusal = 'ValidatingAdmissionPolicy ’x’ denied request: no'
    harness.api.intercept((method) =>
      method === 'PATCH' && !isAllowed
        ? { status: 422, body: { kind: 'Status', apiVersion: 'v1', message: refusal } }
        : undefined,
    )
    harness.api.set(pods, startupBlockedPod(waiting('InvalidImageName')))
    const replica = harness.start()
    await until(() => harness.events().length > 0, 'an Event')
    const [event] = harness.events()
    assert.equal(event?.reason, 'SparkNannyStartupBlocked')
    assert.match(event?.message ?? '', /does not allow .*denied request: no/)
    assert.match(await replica.metrics(), /spark_nanny_actions_total\{action="bypass-sidecar",result="failed"\} 1/)
    isAllowed = true
    await until(() => harness.events().length > 1, 'the bypass')
    assert.match(await replica.metrics(), /spark_nanny_actions_total\{action="bypass-sidecar",result="ok"\} 1/)
  })

  test('three bypasses in a row → injection is suspended in the namespace, except one per minute, until a sidecar starts', async (t) => {
    const harness = await createControllerHarness(t)
    harness.api.set('/api/v1/namespaces', {
      metadata: { name: 'next', labels: { 'spark-nanny.io/inject': 'enabled' } },
    })
    harness.setNow(nowMs)
    const replicas = [harness.start(), harness.start()]
    const suspensions = (namespace: string) => replicas.map((replica) => replica.suspension(namespace))
    const block = async (name: string) => {
      const sidecar = { isProven: true }
      const pod = startupBlockedPod(waiting('InvalidImageName'), { name, sidecar })
      harness.api.set(pods, changed(pod, { metadata: { ...pod.metadata, creationTimestamp: iso(nowMs) } }))
      await until(() => harness.events().some(({ of }) => of === name), `the sidecar of ${name} is bypassed`)
    }
    for (const name of ['a-driver', 'b-driver', 'c-driver']) {
      assert.deepEqual(suspensions('spark'), [null, null])
      await block(name)
    }
    const untilLeaderSays = async (line: RegExp) => {
      for (;;) {
        const texts = await Promise.all(replicas.map((replica) => replica.metrics()))
        if (texts.some((text) => line.test(text))) return
        await harness.deps.sleep(20, t.signal)
        t.signal.throwIfAborted()
      }
    }
    await untilLeaderSays(/circuit_breaker_namespace_open\{breaker="sidecar-image",namespace="spark"\} 1/)
    assert.deepEqual(suspensions('spark'), [null, null], 'a test driver is injected, whoever asks how often')
    assert.deepEqual(suspensions('spark'), [null, null])
    await block('d-driver')
    await until(() => !suspensions('spark').includes(null), 'every replica has seen the test driver')
    assert.match(suspensions('spark')[0] ?? '', /could not be started for 4 drivers of the namespace in a row/)
    assert.deepEqual(suspensions('next'), [null, null], 'another namespace is not affected')
    harness.setNow(nowMs + 61_000)
    assert.deepEqual(suspensions('spark'), [null, null], 'the next test driver')
    const sidecar = { isProven: true, state: running(nowMs + 62_000) }
    harness.setNow(nowMs + 62_000)
    harness.api.set(pods, driverPod({ name: 'e-driver', sidecar }))
    await untilLeaderSays(/circuit_breaker_open\{breaker="sidecar-image"\} 0/)
    assert.deepEqual(suspensions('spark'), [null, null])
  })

  test('a tenant’s pods with hand-written or copied sidecars → injection goes on everywhere', async (t) => {
    const harness = await createControllerHarness(t)
    harness.api.set('/api/v1/namespaces', {
      metadata: { name: 'tenant', labels: { 'spark-nanny.io/inject': 'enabled' } },
    })
    harness.setNow(nowMs)
    const replica = harness.start()
    await untilLeading(harness)
    const proof = signSidecar('own-driver', 'tenant')
    for (const namespace of ['tenant', 'other']) {
      for (let index = 0; index < 6; index += 1) {
        const name = `${namespace}-${index}-driver`
        const state = waiting(index % 2 === 0 ? 'ErrImagePull' : 'CreateContainerConfigError')
        harness.api.set(pods, startupBlockedPod(state, { name, namespace, sidecar: index < 3 ? {} : { proof } }))
      }
    }
    harness.setNow(nowMs + 16_000)
    await until(() => harness.events().length >= 12, 'all are bypassed')
    const text = await replica.metrics()
    assert.match(text, /spark_nanny_circuit_breaker_open\{breaker="sidecar-image"\} 0/)
    for (const namespace of ['spark', 'tenant']) assert.equal(replica.suspension(namespace), null)
  })

  test('queued drivers, while earlier ones disappear → are still handled', async (t) => {
    const harness = await createControllerHarness(t)
    harness.setNow(nowMs)
    const names = Array.from({ length: 30 }, (_, index) => `d${index}-driver`)
    const podOf = (name: string) => startupBlockedPod(waiting('InvalidImageName'), { name })
    let answers = 0
    harness.api.intercept((method) => {
      if (method !== 'PATCH' || answers === 8) return undefined
      answers += 1
      // The first are under way until all the others are gone.
      return { status: 409, body: { kind: 'Status' }, delayMs: 1_000 }
    })
    for (const name of names) harness.api.set(pods, podOf(name))
    harness.start()
    await until(() => answers === 8, 'as many as may be at once')
    for (const name of names.slice(0, -1)) harness.api.remove(pods, podOf(name))
    await until(() => harness.events().some(({ of }) => of === 'd29-driver'), 'the last')
  })
})

describe('controller: clocks', () => {
  const nowMs = createdMs + 600_000

  test('a restart in place that has just begun on a node whose clock is behind → is left to the kubelet', async (t) => {
    const harness = await createControllerHarness(t)
    harness.setNow(nowMs)
    harness.api.set(applications, application)
    harness.api.set(pods, driverPod({ owner }))
    harness.start()
    await untilLeading(harness)
    harness.api.set(pods, driverPod({ owner, sidecar: { state: terminated(88, nowMs - 125_000) } }))
    await harness.deps.sleep(1_000, harness.signal)
    assert.deepEqual(
      harness.calls().filter((line) => line.startsWith('DELETE')),
      [],
    )
  })

  test('a clock set back by an hour → a blocked startup is still bypassed in time', async (t) => {
    const harness = await createControllerHarness(t)
    harness.setNow(nowMs)
    harness.start()
    await untilLeading(harness)
    harness.api.set(pods, startupBlockedPod(waiting('ErrImagePull')))
    await harness.deps.sleep(300, harness.signal)
    harness.setNow(nowMs - 3_600_000)
    await until(() => harness.calls().some((line) => line.startsWith('PATCH')), 'the bypass')
  })
})
