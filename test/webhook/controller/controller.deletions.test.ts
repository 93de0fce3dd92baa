import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { toRecord } from '../../../core/json.ts'
import { until } from '../../support/api-fixture.ts'
import { createdMs, driverPod, iso, running, startupBlockedPod, waiting } from '../../support/driver-pods.ts'
import { httpUi } from '../../support/fake-spark-ui.ts'
import { applications, changed, createControllerHarness, defaultConfig, pods } from './controller-harness.ts'
import { application, createHungScenario, fallback, owner } from './hung-scenario.ts'

const deleting = { fallback: { ...defaultConfig.fallback, mode: 'delete' as const } }
/** A lease that outlasts the jumps of the clock. */
const lasting = { durationMs: 6_000_000, renewDeadlineMs: 5_000_000, retryMs: 2_000 }
const isDeletion = (method: string, path: string) => method === 'DELETE' && path.includes('/pods/')
const retryAfter = (seconds: number) => ({
  status: 429,
  body: { kind: 'Status' },
  headers: { 'retry-after': `${seconds}` },
})

/** A sidecar that reports a hung driver until `recover` is called. */
async function startFakeSidecar(t: TestContext) {
  let isHung = true
  const { port } = await httpUi(t, (_request, response) => {
    const [state, now] = isHung ? ['hung', 'fail'] : ['alive', 'none']
    const since = iso(createdMs)
    const verdict = { reason: 'unresponsive', detail: 'timeout', since, action: { onHung: 'fail-pod', now } }
    response.end(JSON.stringify({ state, ...verdict }))
  })
  const recover = () => {
    isHung = false
  }
  return { port, recover }
}

describe('controller: deletions', () => {
  test('a driver that answers again while its deletion is postponed → is not deleted', async (t) => {
    const harness = await createControllerHarness(t)
    const nowMs = createdMs + 1_200_000
    harness.setNow(nowMs)
    const { port, recover } = await startFakeSidecar(t)
    harness.api.set(applications, application)
    let tries = 0
    harness.api.intercept((method, path) => {
      if (!isDeletion(method, path)) return undefined
      tries += 1
      recover()
      return retryAfter(40)
    })
    const [state, podIp] = [running(createdMs + 5_000), '127.0.0.1']
    harness.api.set(pods, driverPod({ owner, state, ready: false, podIp, sidecar: { port } }))
    harness.start(deleting, lasting)
    await until(() => tries === 1, 'a try')
    await until(() => harness.lines.some(({ line }) => line.event === 'action-failed'), 'its answer')
    // Before the sidecar would be asked again anyway.
    harness.setNow(nowMs + 41_000)
    harness.api.set(pods, driverPod({ name: 'awake-driver' }))
    await until(() => harness.lines.some(({ line }) => line.event === 'deletion-revoked'), 'the record')
    assert.equal(tries, 1)
  })

  test('a blocked startup while a deletion for another reason is postponed → the sidecar is bypassed', async (t) => {
    const harness = await createControllerHarness(t)
    harness.setNow(createdMs + 60_000)
    harness.api.set(applications, application)
    harness.api.intercept((method, path) => (isDeletion(method, path) ? retryAfter(600) : undefined))
    const pod = startupBlockedPod(waiting('InvalidImageName'), {
      owner,
      annotations: { 'spark-nanny.io/pending-deadline': '10m' },
    })
    const { nodeName: _none, ...spec } = toRecord(pod.spec)
    const unplaced = [{ type: 'PodScheduled', status: 'False', message: 'no cpu' }]
    harness.api.set(pods, changed(pod, { spec, status: { phase: 'Pending', conditions: unplaced } }))
    harness.start(deleting, lasting)
    await harness.deps.sleep(500, harness.signal)
    harness.setNow(createdMs + 661_000)
    harness.api.set(pods, driverPod({ name: 'awake-driver' }))
    await until(() => harness.lines.some(({ line }) => line.event === 'action-failed'), 'a refused deletion')
    harness.api.set(pods, pod)
    const isBypass = (line: string) => line.startsWith('PATCH') && line.includes('/pods/')
    await until(() => harness.calls().some(isBypass), 'a bypass')
  })

  test('a driver that answers again while its deletion is recorded → is not deleted', async (t) => {
    const scenario = await createHungScenario(t)
    scenario.start(fallback('delete'))
    await scenario.polled(4)
    let isPut = false
    scenario.api.intercept((method, path) => {
      if (isPut || method !== 'PATCH' || !path.includes('/sparkapplications/')) return undefined
      isPut = true
      scenario.ui.hang(false)
      return { status: 200, body: { ...application }, delayMs: 3_000 }
    })
    scenario.ui.hang(true)
    await until(() => isPut, 'the record')
    await scenario.polled(10)
    await scenario.wait(4_000)
    assert.deepEqual(scenario.decisions(), [])
  })

  test('a deletion that did not happen → does not count against the next driver', async (t) => {
    const scenario = await createHungScenario(t)
    scenario.shortenHangs(1)
    scenario.start({
      ...fallback('delete'),
      safeguards: { ...defaultConfig.safeguards, perApplication: 1, breakerShare: 1 },
    })
    await scenario.polled(4)
    let isTried = false
    scenario.api.intercept((method) => {
      if (method !== 'DELETE' || isTried) return undefined
      isTried = true
      scenario.ui.hang(false)
      return { status: 409, body: { kind: 'Status' } }
    })
    scenario.ui.hang(true)
    await until(() => isTried, 'a try')
    await until(() => scenario.lines.some(({ line }) => line.event === 'deletion-revoked'), 'the record')
    scenario.api.set(pods, scenario.pod({ uid: 'second' }))
    await scenario.polled(4)
    scenario.ui.hang(true)
    await until(() => scenario.decisions('second').length > 0, 'a decision')
    assert.deepEqual(scenario.decisions('second'), ['ok'])
    assert.ok(scenario.api.list(applications).length > 0)
  })

  test('a user clears a quarantine while the next driver is healthy → a later hang is deleted', async (t) => {
    const scenario = await createHungScenario(t)
    scenario.start({
      ...fallback('delete'),
      safeguards: { ...defaultConfig.safeguards, perApplication: 1, breakerShare: 1 },
    })
    await scenario.polled(4)
    scenario.ui.hang(true)
    await until(() => scenario.api.get(pods, 'spark', 'pi-driver') === undefined, 'the deletion')
    scenario.ui.hang(false)
    scenario.api.set(pods, scenario.pod({ uid: 'second' }))
    await scenario.polled(4)
    // kubectl annotate sparkapplication pi spark-nanny.io/actions-
    scenario.api.set(applications, application)
    await scenario.wait(300)
    scenario.ui.hang(true)
    await until(() => scenario.decisions('second').length > 0, 'a decision')
    assert.deepEqual(scenario.decisions('second'), ['ok'])
  })
})
