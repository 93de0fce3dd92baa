import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { ControllerConfig, FallbackMode } from '../../../webhook/config/controller-config.ts'
import { until } from '../../support/api-fixture.ts'
import { type DriverPodOptions, driverPod, iso, running, terminated, waiting } from '../../support/driver-pods.ts'
import { rawUi, startFakeDriverUi } from '../../support/fake-spark-ui.ts'
import { applications, createControllerHarness, defaultConfig, pods, untilLeading } from './controller-harness.ts'
import { createApplication, fallback as fallbackConfig, nowMs, owner } from './hung-scenario.ts'

const deleting = fallbackConfig('delete')

async function createFallbackScenario(t: TestContext, options: DriverPodOptions = {}, more: readonly string[] = []) {
  const harness = await createControllerHarness(t)
  harness.setNow(nowMs)
  harness.shortenHangs()
  const ui = await startFakeDriverUi(t, ['spark-pi-driver', ...more], options.podIp)
  const pod = driverPod({ sidecar: null, podIp: '127.0.0.1', uiPort: ui.port, owner, ...options })
  harness.api.set(applications, createApplication())
  harness.api.set(pods, pod)
  const deletes = () => harness.api.bodies.filter(({ path }) => path.endsWith('/pods/pi-driver'))
  return { ...harness, ui, pod, deletes }
}

const decided = (
  harness: { readonly lines: readonly { readonly line: Readonly<Record<string, unknown>> }[] },
  why: string,
) => harness.lines.some(({ line }) => line.event === 'decision' && (line.why === why || line.result === why))

describe('controller: fallback', () => {
  test('a hung driver without a sidecar → its pod is deleted with preconditions, reported, counted and recorded', async (t) => {
    const harness = await createFallbackScenario(t)
    const replica = harness.start(deleting)
    await until(() => harness.ui.polls() > 3, 'polls')
    assert.deepEqual(harness.deletes(), [])
    const known = harness.api.get(pods, 'spark', 'pi-driver')?.metadata.resourceVersion
    harness.ui.hang(true)
    await until(() => harness.deletes().length > 0, 'a deletion')
    assert.deepEqual(harness.deletes()[0]?.body, {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid: 'uid-pi-driver', resourceVersion: known },
    })
    const annotation = () => {
      const annotations = harness.api.get(applications, 'spark', 'pi')?.metadata.annotations
      return String((annotations as Record<string, string> | undefined)?.['spark-nanny.io/actions'] ?? '')
    }
    await until(() => annotation() !== '', 'the annotation')
    const written = JSON.parse(annotation())
    assert.equal(written.generation, 1)
    assert.deepEqual(
      written.actions.map(({ action, pod }: { action: string; pod: string }) => [action, pod]),
      [['delete-pod', 'uid-pi-driver']],
    )
    const deletedEvents = () => harness.events().filter(({ reason }) => reason === 'SparkNannyPodDeleted')
    await until(() => deletedEvents().length === 2, 'both Events')
    const text = await replica.metrics()
    assert.match(text, /spark_nanny_kill_count\{spark_app="pi"\} 1/)
    assert.match(text, /spark_nanny_actions_total\{action="delete-pod",result="ok"\} 1/)
    assert.match(text, /spark_nanny_poke_duration_seconds_bucket\{le="0.25",spark_app="pi"\}/)
    assert.match(text, /spark_nanny_driver_terminations_total\{namespace="spark",application="pi",cause="hung"\} 1/)
    assert.deepEqual(
      deletedEvents()
        .map(({ of }) => of)
        .toSorted(),
      ['pi', 'pi-driver'],
    )
  })

  test('a tenant forges silent UIs on the same node, and records of deletions → a hung driver of another namespace is deleted', async (t) => {
    const harness = await createFallbackScenario(t)
    const names = Array.from({ length: 6 }, (_, index) => `forged-${index}`)
    const forged = await startFakeDriverUi(
      t,
      names.map((name) => `spark-${name}`),
    )
    harness.api.set('/api/v1/namespaces', {
      metadata: { name: 'tenant', labels: { 'spark-nanny.io/inject': 'enabled' } },
    })
    const namespace = 'tenant'
    for (const name of names) {
      harness.api.set(pods, driverPod({ name, namespace, sidecar: null, podIp: '127.0.0.1', uiPort: forged.port }))
      for (const at of ['2099-01-01T00:00:00Z', iso(nowMs - 60_000)]) {
        const actions = Array.from({ length: 10 }, (_, index) => ({
          at,
          action: 'delete-pod',
          pod: `${name}-${index}`,
          reason: 'ui unresponsive: timeout',
        }))
        const annotations = { 'spark-nanny.io/actions': JSON.stringify({ generation: 1, actions }) }
        const metadata = {
          name: `${name}-${at.slice(0, 4)}`,
          namespace,
          uid: `uid-${name}-${at}`,
          generation: 1,
          annotations,
        }
        harness.api.set(applications, createApplication({ metadata }))
      }
    }
    const replica = harness.start(deleting)
    await until(() => harness.ui.polls() > 3 && forged.polls() > 24, 'polls')
    forged.hang(true)
    const isOpen = async () => {
      const text = await replica.metrics()
      return text.includes('namespace_open{breaker="unhealthy-share",namespace="tenant"} 1')
    }
    while (!(await isOpen())) await harness.deps.sleep(20, t.signal)
    harness.ui.hang(true)
    await until(() => harness.deletes().length > 0, 'a deletion')
    const text = await replica.metrics()
    assert.doesNotMatch(text, /namespace_open\{breaker="unhealthy-share",namespace="spark"\}/)
    assert.match(text, /spark_nanny_deletion_budget_used\{namespace="tenant"\} 10/)
  })

  test('a driver that refuses connections after it answered, so it is finishing → is not deleted', async (t) => {
    const harness = await createFallbackScenario(t)
    harness.start(deleting)
    await until(() => harness.ui.polls() > 2, 'polls')
    await harness.ui.stop()
    await harness.deps.sleep(1_000, harness.signal)
    assert.deepEqual(harness.deletes(), [])
  })

  test('a UI that never answered, or belongs to another driver → no deletion', async (t) => {
    const harness = await createFallbackScenario(t)
    harness.ui.hang(true)
    harness.api.set(
      pods,
      driverPod({ name: 'alien-driver', sidecar: null, podIp: '127.0.0.1', uiPort: harness.ui.port, owner }),
    )
    harness.start(deleting)
    await until(() => harness.ui.polls() > 8, 'polls')
    harness.ui.hang(false)
    await harness.deps.sleep(300, harness.signal)
    assert.deepEqual(
      harness.api.bodies.filter(({ path }) => path.includes('/pods/')),
      [],
    )
  })

  test('a driver younger than a minute → is not polled', async (t) => {
    const harness = await createFallbackScenario(t, { state: running(nowMs - 30_000) })
    harness.start(deleting)
    await until(() => harness.events().length > 0, 'the evaluation')
    await harness.deps.sleep(300, harness.signal)
    assert.equal(harness.ui.polls(), 0)
  })

  test('a driver that is not Ready → is polled and deleted when hung', async (t) => {
    const harness = await createFallbackScenario(t, { ready: false })
    harness.start(deleting)
    await until(() => harness.ui.polls() > 2, 'polls')
    harness.ui.hang(true)
    await until(() => harness.deletes().length > 0, 'a deletion')
  })

  const blockedRows: readonly [string, string, DriverPodOptions, object | undefined, Partial<ControllerConfig>][] = [
    ['report', 'report-only', {}, undefined, { fallback: { ...deleting.fallback, mode: 'report' } as never }],
    ['dry run', 'dry-run', {}, undefined, { dryRun: true }],
    ['observe', 'observe-mode', { annotations: { 'spark-nanny.io/restart': 'observe' } }, undefined, {}],
    ['no retries', 'no-owner', {}, createApplication({ spec: { restartPolicy: { type: 'Never' } } }), {}],
    [
      'retries spent',
      'no-owner',
      {},
      createApplication({
        spec: { restartPolicy: { type: 'OnFailure', onFailureRetries: 2 } },
        status: { executionAttempts: 3 },
      }),
      {},
    ],
    [
      'paused',
      'paused',
      {},
      createApplication({}, { 'spark-nanny.io/paused-until': '2026-11-25T00:00:00Z network work' }),
      {},
    ],
    ['no budget', 'cluster-budget', {}, undefined, { safeguards: { ...defaultConfig.safeguards, perCluster: 0 } }],
  ]
  for (const [name, why, options, owning, config] of blockedRows) {
    test(`${name} → the deletion is blocked, and the reason is reported once`, async (t) => {
      const harness = await createFallbackScenario(t, options)
      if (owning !== undefined) harness.api.set(applications, owning as never)
      const replica = harness.start({ ...deleting, ...config })
      await until(() => harness.ui.polls() > 2, 'polls')
      harness.ui.hang(true)
      await until(() => decided(harness, why), 'a decision')
      await until(() => harness.events().some(({ reason }) => reason === 'SparkNannyDeletionBlocked'), 'an Event')
      // The Event on its SparkApplication follows.
      await harness.deps.sleep(300, harness.signal)
      const before = harness.calls().length
      await harness.deps.sleep(500, harness.signal)
      assert.equal(harness.calls().length, before, 'reported once')
      assert.deepEqual(harness.deletes(), [])
      const text = await replica.metrics()
      assert.match(text, new RegExp(`action="delete-pod",result="${why === 'dry-run' ? why : 'suppressed'}"\\} 1`))
      assert.doesNotMatch(text, /kill_count\{/)
      if (why === 'paused') {
        assert.match(
          harness.events().find(({ reason }) => reason === 'SparkNannyDeletionBlocked')?.message ?? '',
          /network work/,
        )
      }
    })
  }

  const apacheApplications = '/apis/spark.apache.org/v1/sparkapplications'
  const apacheOwner = { ...owner, apiVersion: 'spark.apache.org/v1' }
  const apacheApplication = (restartPolicy: string, sparkConf: object = {}) =>
    createApplication({
      apiVersion: 'spark.apache.org/v1',
      spec: { sparkConf, applicationTolerations: { restartConfig: { restartPolicy } } },
    })
  /** With the shortest deadlines. */
  async function createApacheScenario(
    t: TestContext,
    application: object,
    options: DriverPodOptions = {},
    mode: FallbackMode = 'auto',
  ) {
    const annotations = { 'spark-nanny.io/busy-deadline': '30s' }
    const harness = await createFallbackScenario(t, { owner: apacheOwner, annotations, ...options })
    harness.api.define(apacheApplications)
    harness.api.set(apacheApplications, application as never)
    const replica = harness.start({ fallback: { ...defaultConfig.fallback, mode, intervalMs: 50, timeoutMs: 100 } })
    await until(() => harness.ui.polls() > 3, 'polls')
    return { ...harness, replica }
  }

  test('a hung driver of Apache’s operator, mode auto → is judged from outside, said to be so, and its pod is deleted', async (t) => {
    const harness = await createApacheScenario(t, apacheApplication('OnFailure'))
    await until(() => harness.events().length > 0, 'an Event')
    assert.deepEqual(
      harness.events().map(({ reason }) => reason),
      ['SparkNannyJudgedFromOutside'],
    )
    assert.doesNotMatch(await harness.replica.metrics(), /spark_nanny_unprotected_drivers\{namespace="spark"/)
    harness.ui.hang(true)
    await until(() => harness.deletes().length > 0, 'a deletion')
  })

  test('a hung driver of Apache’s operator, by default → is only reported', async (t) => {
    const { mode } = defaultConfig.fallback
    const harness = await createApacheScenario(t, apacheApplication('OnFailure'), {}, mode)
    harness.ui.hang(true)
    await until(() => decided(harness, 'report-only'), 'a decision')
    assert.deepEqual(harness.deletes(), [])
  })

  const mesh = { otherContainers: [{ name: 'istio-proxy', image: 'proxy:1' }] }
  for (const [name, why, application, options] of [
    ['its application is not restarted', 'no-owner', apacheApplication('Never')],
    ['a mesh takes its connections', 'hangs-only-reported', apacheApplication('Always'), mesh],
    ['its UI is off', 'hangs-only-reported', apacheApplication('Always', { 'spark.ui.enabled': 'false' })],
    [
      'its Java options are in a file',
      'hangs-only-reported',
      apacheApplication('Always', { 'spark.driver.extraJavaOptions': '-XX:Flags=/opt/flags' }),
    ],
    [
      'a debugger can be attached',
      'hangs-only-reported',
      apacheApplication('Always', { 'spark.driver.extraJavaOptions': '-agentlib:jdwp=transport=dt_socket' }),
    ],
  ] satisfies readonly (readonly [string, string, object, DriverPodOptions?])[]) {
    test(`a hung driver of Apache’s operator, ${name} → is only reported (${why})`, async (t) => {
      const harness = await createApacheScenario(t, application, options)
      harness.ui.hang(true)
      await until(() => decided(harness, why), 'a decision')
      assert.deepEqual(harness.deletes(), [])
    })
  }

  test('a label of an application of Apache’s operator that does not exist → the driver is reported as unprotected', async (t) => {
    const harness = await createFallbackScenario(t)
    const unowned = driverPod({
      sidecar: null,
      podIp: '127.0.0.1',
      uiPort: harness.ui.port,
      labels: { 'spark.operator/spark-app-name': 'nothing' },
    })
    harness.api.set(pods, unowned)
    harness.api.define(apacheApplications)
    harness.start({ fallback: { ...defaultConfig.fallback, mode: 'auto', intervalMs: 50, timeoutMs: 100 } })
    await until(() => harness.events().length > 0, 'an Event')
    assert.deepEqual(
      harness.events().map(({ reason }) => reason),
      ['SparkNannyUnprotected'],
    )
    harness.ui.hang(true)
    await until(() => decided(harness, 'report-only'), 'a decision')
    assert.deepEqual(harness.deletes(), [])
  })

  /** An address of its own, on which a test may listen on the port of the sidecar. */
  const ownIp = { podIp: '127.0.0.2' }
  const sidecarPort = 9165

  test('a hung driver of Apache’s operator, a proxy that no name shows takes all connections → is only reported', async (t) => {
    await rawUi(t, () => {}, sidecarPort, ownIp.podIp)
    const harness = await createApacheScenario(t, apacheApplication('Always'), ownIp)
    harness.ui.hang(true)
    await until(() => decided(harness, 'behind-proxy'), 'a decision')
    assert.deepEqual(harness.deletes(), [])
  })

  test('a proxy begins to take the connections while the deletion is recorded → no deletion', async (t) => {
    const harness = await createFallbackScenario(t, ownIp)
    const proxies: Promise<unknown>[] = []
    harness.start(deleting)
    await until(() => harness.ui.polls() > 3, 'polls')
    harness.api.intercept((method, path) => {
      if (method === 'PATCH' && path.includes('/sparkapplications/') && proxies.length === 0) {
        proxies.push(rawUi(t, (socket) => socket.destroy(), sidecarPort, ownIp.podIp))
      }
      return undefined
    })
    harness.ui.hang(true)
    await until(() => decided(harness, 'behind-proxy'), 'a decision')
    assert.equal(proxies.length, 1)
    assert.deepEqual(harness.deletes(), [])
  })

  const impatient = {
    annotations: {
      'spark-nanny.io/busy-deadline': '30s',
      'spark-nanny.io/startup-deadline': '30s',
      'spark-nanny.io/stop-deadline': '30s',
      'spark-nanny.io/act-on': 'likely',
    },
  }
  for (const mode of ['auto', 'delete'] as const) {
    test(`a UI of Apache’s operator that never answered, and accepts connections, mode ${mode}, act-on likely → is only reported`, async (t) => {
      const harness = await createFallbackScenario(t, { owner: apacheOwner, ...impatient })
      harness.api.define(apacheApplications)
      harness.api.set(apacheApplications, apacheApplication('Always') as never)
      harness.ui.hang(true)
      harness.start({ fallback: { ...defaultConfig.fallback, mode, intervalMs: 50, timeoutMs: 100 } })
      await until(() => decided(harness, 'never-answered'), 'a decision')
      assert.deepEqual(harness.deletes(), [])
    })
  }

  test('a driver on the node’s network, judged from outside → is only reported', async (t) => {
    const harness = await createApacheScenario(t, apacheApplication('Always'), { hostNetwork: true })
    harness.ui.hang(true)
    await until(() => decided(harness, 'hangs-only-reported'), 'a decision')
    assert.deepEqual(harness.deletes(), [])
  })

  test('a UI that closes, and then something silent on its port → is only reported, until the UI answers again', async (t) => {
    const harness = await createApacheScenario(t, apacheApplication('Always'), ownIp)
    const { port } = harness.ui
    await harness.ui.stop()
    // Longer than an interval, so that a poll is refused.
    await harness.deps.sleep(500, harness.signal)
    await rawUi(t, () => {}, port, ownIp.podIp)
    await until(() => decided(harness, 'inconclusive'), 'a decision')
    assert.deepEqual(harness.deletes(), [])
  })

  test('an application of --apps without an owner, in a namespace without the label → its pod is deleted when hung', async (t) => {
    const harness = await createControllerHarness(t)
    harness.shortenHangs()
    harness.setNow(nowMs)
    const ui = await startFakeDriverUi(t, ['spark-jobs-driver'])
    const pod = { namespace: 'other', name: 'jobs-driver', sidecar: null, podIp: '127.0.0.1', uiPort: ui.port } as const
    harness.api.set(pods, driverPod(pod))
    const fallback = {
      ...defaultConfig.fallback,
      intervalMs: 50,
      timeoutMs: 100,
      apps: ['jobs'],
      appsNamespace: 'other',
    }
    const replica = harness.start({ fallback })
    await until(() => ui.polls() > 2, 'polls')
    ui.hang(true)
    await until(() => harness.calls().some((line) => line.startsWith('DELETE')), 'a deletion')
    await until(() => harness.events().some(({ reason }) => reason === 'SparkNannyPodDeleted'), 'an Event')
    assert.match(await replica.metrics(), /spark_nanny_kill_count\{spark_app="jobs"\} 1/)
  })

  test('a failed deletion → is not counted as a kill, and is retried', async (t) => {
    const harness = await createFallbackScenario(t)
    let refusals = 1
    harness.api.intercept((method) => {
      if (method !== 'DELETE' || refusals === 0) return undefined
      refusals -= 1
      return { status: 500, body: { message: 'etcd' } }
    })
    const replica = harness.start(deleting)
    await until(() => harness.ui.polls() > 2, 'polls')
    harness.ui.hang(true)
    await until(() => harness.events().some(({ reason }) => reason === 'SparkNannyPodDeleted'), 'the second try')
    const text = await replica.metrics()
    assert.match(text, /spark_nanny_kill_count\{spark_app="pi"\} 1/)
    assert.match(text, /action="delete-pod",result="failed"\} 1/)
  })

  test('an intent that cannot be recorded → no deletion; a lost response → the record stays', async (t) => {
    const harness = await createFallbackScenario(t)
    harness.start(deleting)
    await until(() => harness.ui.polls() > 3, 'polls')
    let refusals = 2
    harness.api.intercept((method, path) => {
      const isRecord = method === 'PATCH' && path.includes('/sparkapplications/')
      if (isRecord && refusals > 0) {
        refusals -= 1
        return { status: 503, body: {} }
      }
      if (method !== 'DELETE') return undefined
      harness.api.remove(pods, harness.pod)
      return { status: 504, body: {} }
    })
    harness.ui.hang(true)
    await until(() => harness.deletes().length > 0, 'a deletion')
    const writes = harness.calls().filter((line) => /^PATCH .*sparkapplications|^DELETE/.test(line))
    assert.deepEqual(
      writes.map((line) => line.split(' ')[0]),
      ['PATCH', 'PATCH', 'PATCH', 'DELETE'],
    )
    const annotations = Object(harness.api.get(applications, 'spark', 'pi')?.metadata.annotations)
    assert.match(String(annotations['spark-nanny.io/actions']), /"pod":"uid-pi-driver"/)
  })

  test('a deletion with a lost response and a failed Event → are still reported', async (t) => {
    const harness = await createFallbackScenario(t)
    const replica = harness.start(deleting)
    await until(() => harness.ui.polls() > 3, 'polls')
    let refusals = 2
    harness.api.intercept((method, path) => {
      if (method === 'DELETE') {
        harness.api.remove(pods, harness.pod)
        return { status: 504, body: { kind: 'Status' } }
      }
      if (!path.endsWith('/events') || refusals === 0) return undefined
      refusals -= 1
      return { status: 500, body: { kind: 'Status' } }
    })
    harness.ui.hang(true)
    const deletedEvents = () => harness.events().filter(({ reason }) => reason === 'SparkNannyPodDeleted')
    await until(() => deletedEvents().length === 2, 'both Events')
    assert.match(await replica.metrics(), /spark_nanny_kill_count\{spark_app="pi"\} 1/)
  })

  test('repeated conflicts while the watch is frozen → retries back off', async (t) => {
    const harness = await createFallbackScenario(t)
    harness.shortenHangs(1)
    harness.start(deleting)
    await until(() => harness.ui.polls() > 3, 'polls')
    let frozen = true
    harness.api.intercept((method) =>
      method === 'DELETE' && frozen
        ? { status: 409, body: { kind: 'Status', code: 409, reason: 'Conflict' } }
        : undefined,
    )
    harness.ui.hang(true)
    await until(() => harness.deletes().length === 2, 'a second try')
    await harness.deps.sleep(3_500, harness.signal)
    // After half a second, one, two, four; each half a second it would be nine.
    assert.ok(harness.deletes().length <= 5, String(harness.deletes().length))
    frozen = false
    await until(() => harness.api.get(pods, 'spark', 'pi-driver') === undefined, 'the deletion')
  })

  test('a response that is not from the API server → is retried', async (t) => {
    const harness = await createFallbackScenario(t)
    harness.start(deleting)
    await until(() => harness.ui.polls() > 3, 'polls')
    let strangers = 2
    harness.api.intercept((method) => {
      if ((method !== 'DELETE' && method !== 'PATCH') || strangers === 0) return undefined
      strangers -= 1
      return { status: 200, body: '<html>Log in</html>' }
    })
    harness.ui.hang(true)
    await until(() => harness.api.get(pods, 'spark', 'pi-driver') === undefined, 'the deletion')
  })

  test('many drivers hang at once → the circuit breaker opens', async (t) => {
    const harness = await createControllerHarness(t)
    harness.shortenHangs()
    harness.setNow(nowMs)
    const names = ['a', 'b', 'c', 'd'].map((name) => `${name}-driver`)
    const ui = await startFakeDriverUi(
      t,
      names.map((name) => `spark-${name}`),
    )
    harness.api.set(applications, createApplication())
    for (const name of names) {
      harness.api.set(pods, driverPod({ name, sidecar: null, podIp: '127.0.0.1', uiPort: ui.port, owner }))
    }
    const replica = harness.start(deleting)
    await until(() => ui.polls() > 20, 'polls')
    ui.hang(true)
    await until(() => decided(harness, 'circuit-breaker-open'), 'a decision')
    await harness.deps.sleep(1_000, harness.signal)
    assert.deepEqual(
      harness.calls().filter((line) => line.startsWith('DELETE')),
      [],
    )
    assert.match(await replica.metrics(), /spark_nanny_circuit_breaker_open\{breaker="unhealthy-share"\} 1/)
  })

  test('all drivers of one namespace are unreachable, others healthy → no deletion', async (t) => {
    const harness = await createControllerHarness(t)
    harness.shortenHangs()
    harness.setNow(nowMs)
    const names = Array.from({ length: 12 }, (_, index) => `d${index}-driver`)
    const ui = await startFakeDriverUi(
      t,
      names.map((name) => `spark-${name}`),
    )
    const cut = await startFakeDriverUi(t, ['spark-x-driver', 'spark-y-driver'])
    harness.api.set('/api/v1/namespaces', { metadata: { name: 'cut' } })
    harness.api.set(applications, createApplication())
    const common = { sidecar: null, podIp: '127.0.0.1', owner } as const
    for (const name of names) harness.api.set(pods, driverPod({ name, uiPort: ui.port, ...common }))
    for (const name of ['x-driver', 'y-driver']) {
      harness.api.set(pods, driverPod({ name, namespace: 'cut', uiPort: cut.port, ...common }))
    }
    const { fallback } = deleting
    assert.ok(fallback)
    harness.start({ fallback: { ...fallback, apps: ['x', 'y'], appsNamespace: 'cut' } })
    await until(() => ui.polls() > 40 && cut.polls() > 8, 'polls')
    cut.hang(true)
    await until(() => decided(harness, 'circuit-breaker-open'), 'a decision')
    await harness.deps.sleep(500, harness.signal)
    assert.deepEqual(
      harness.calls().filter((line) => line.startsWith('DELETE')),
      [],
    )
  })

  test('an application quarantined before the controller started → stays quarantined until a user clears it', async (t) => {
    const actions = JSON.stringify({
      generation: 1,
      quarantined: '2026-11-24T10:05:00Z',
      actions: [{ at: '2026-11-24T08:05:00Z', action: 'delete-pod', pod: 'x', reason: 'y' }],
    })
    const harness = await createFallbackScenario(t)
    harness.api.set(applications, createApplication({}, { 'spark-nanny.io/actions': actions }))
    const replica = harness.start(deleting)
    await until(() => harness.ui.polls() > 2, 'polls')
    harness.ui.hang(true)
    await until(() => decided(harness, 'quarantined'), 'a decision')
    assert.match(await replica.metrics(), /spark_nanny_quarantined_applications\{namespace="spark"\} 1/)
    assert.deepEqual(harness.deletes(), [])
    harness.api.set(applications, createApplication())
    await until(() => harness.deletes().length > 0, 'the deletion after the annotation was removed')
  })

  test('SparkApplications listed late → no deletion before, and their history counts', async (t) => {
    const harness = await createControllerHarness(t)
    harness.shortenHangs()
    harness.setNow(nowMs)
    const ui = await startFakeDriverUi(t, ['spark-jobs-driver'])
    const pod = { namespace: 'other', name: 'jobs-driver', sidecar: null, podIp: '127.0.0.1', uiPort: ui.port } as const
    harness.api.set(pods, driverPod(pod))
    const actions = JSON.stringify({
      generation: 1,
      actions: [{ at: new Date(nowMs - 60_000).toISOString(), action: 'delete-pod', pod: 'x', reason: 'y' }],
    })
    harness.api.set(applications, createApplication({}, { 'spark-nanny.io/actions': actions }))
    let listed = false
    harness.api.intercept((method, path) =>
      !listed && method === 'GET' && path.startsWith(applications)
        ? { status: 503, body: { kind: 'Status' } }
        : undefined,
    )
    const { fallback } = deleting
    assert.ok(fallback)
    const safeguards = { ...defaultConfig.safeguards, perCluster: 1 }
    const slow = { durationMs: 600_000, renewDeadlineMs: 500_000, retryMs: 2_000 }
    // The controller waits 30 s for the SparkApplications; here no wait is longer than a second.
    const sleep = (ms: number, signal: AbortSignal) => harness.deps.sleep(Math.min(ms, 1_000), signal)
    harness.start({ fallback: { ...fallback, apps: ['jobs'], appsNamespace: 'other' }, safeguards }, slow, sleep)
    await untilLeading(harness)
    await until(() => ui.polls() > 2, 'polls')
    ui.hang(true)
    await until(() => decided(harness, 'budget-unknown'), 'a decision')
    listed = true
    await until(() => decided(harness, 'cluster-budget'), 'another')
    assert.deepEqual(
      harness.calls().filter((line) => line.startsWith('DELETE')),
      [],
    )
  })

  test('a driver whose sidecar crash-loops → is reported, counted, and polled by the controller', async (t) => {
    const lastState = terminated(137, nowMs - 5_000, { reason: 'OOMKilled', startedAt: iso(nowMs - 8_000) })
    const harness = await createFallbackScenario(t, {
      ready: false,
      sidecar: { state: waiting('CrashLoopBackOff'), restarts: 40, port: 1, lastState },
    })
    const replica = harness.start(deleting)
    await until(() => harness.ui.polls() > 3 && harness.events().length > 0, 'polls and an Event')
    assert.match(
      await replica.metrics(),
      /spark_nanny_unprotected_drivers\{namespace="spark",reason="sidecar-crash-loop"\} 1/,
    )
    assert.deepEqual(
      harness.events().map(({ reason, of }) => [reason, of]),
      [['SparkNannySidecarCrashLoop', 'pi-driver']],
    )
    assert.deepEqual(harness.deletes(), [])
    harness.ui.hang(true)
    await until(() => harness.deletes().length > 0, 'a deletion')
  })
})
