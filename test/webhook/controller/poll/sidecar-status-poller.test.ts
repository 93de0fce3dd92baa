import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { UiResult } from '../../../../spark-ui/http-get.ts'
import {
  createSidecarStatusPoller,
  currentVerdict,
  nextRequestAtMs,
} from '../../../../webhook/controller/poll/sidecar-status-poller.ts'
import { until } from '../../../support/api-fixture.ts'
import { createdMs, driverPod, iso, running, terminated, waiting } from '../../../support/driver-pods.ts'
import { httpUi } from '../../../support/fake-spark-ui.ts'
import { applications, createControllerHarness, defaultConfig, pods } from '../controller-harness.ts'
import { createDriver } from '../driver/drivers.ts'

const notReadyMs = createdMs + 20_000
const withPort = { sidecar: { port: 9165 } }

const rows: readonly [string, ReturnType<typeof createDriver>, number | null][] = [
  ['Ready', createDriver(withPort), null],
  ['no longer Ready', createDriver({ ...withPort, ready: false }), notReadyMs + 120_000],
  [
    'never Ready since its start',
    createDriver({ ...withPort, ready: false, state: running(createdMs + 30_000) }),
    createdMs + 30_000 + 600_000 + 120_000,
  ],
  [
    'without a Ready condition',
    { ...createDriver({ ...withPort, ready: false, state: running(createdMs) }), readySinceMs: null },
    createdMs + 600_000 + 120_000,
  ],
  [
    'not Ready because its sidecar crash-loops',
    createDriver({ ready: false, sidecar: { port: 9165, state: waiting('CrashLoopBackOff') } }),
    null,
  ],
  ['without a sidecar', createDriver({ ready: false, sidecar: null }), null],
  ['on the host network', createDriver({ ready: false }), null],
  ['with a bypassed sidecar', createDriver({ ready: false, sidecar: { port: 9165, image: 'spark:4' } }), null],
  ['terminating', createDriver({ ...withPort, ready: false, deletionTimestamp: iso(createdMs) }), null],
  ['ended', createDriver({ ...withPort, ready: false, phase: 'Failed', state: terminated(1, createdMs) }), null],
]
describe('createSidecarStatusPoller', () => {
  for (const [name, driver, expected] of rows) {
    test(`a driver that is ${name} → its sidecar is ${expected === null ? 'not polled' : 'polled'}`, () => {
      assert.equal(nextRequestAtMs(driver, 600_000), expected)
    })
  }

  const status = (fields: object = {}) => ({
    state: 'hung',
    reason: 'unresponsive',
    detail: 'timeout',
    since: iso(createdMs),
    action: { onHung: 'fail-pod', now: 'fail' },
    ...fields,
  })

  test('a verdict → counts only after a while, and only if the kubelet was meant to act', () => {
    const stands = (fields: object, afterMs = 120_000) =>
      currentVerdict(JSON.stringify(status(fields)), createdMs + afterMs) !== undefined
    assert.equal(stands({}), true)
    assert.equal(stands({}, 119_000), false)
    assert.equal(stands({ state: 'alive' }), false)
    assert.equal(stands({ since: 'x' }), false)
    for (const now of ['report', 'wait', 'restart-all', 'none']) assert.equal(stands({ action: { now } }), false)
    assert.equal(currentVerdict('', createdMs), undefined)
  })

  /** A driver that is not Ready, and the status that its sidecar reports. */
  async function createUnhandledVerdict(t: TestContext, startedMs: number, reported: object) {
    const harness = await createControllerHarness(t)
    const { port } = await httpUi(t, (_request, response) => response.end(JSON.stringify(status(reported))))
    harness.setNow(createdMs + 1_200_000)
    harness.api.set(applications, {
      apiVersion: 'sparkoperator.k8s.io/v1beta2',
      kind: 'SparkApplication',
      metadata: { namespace: 'spark', name: 'pi', uid: 'uid-application', generation: 1 },
      spec: { restartPolicy: { type: 'Always' } },
    })
    const owner = { name: 'pi', uid: 'uid-application' }
    const state = running(startedMs)
    harness.api.set(pods, driverPod({ owner, state, ready: false, podIp: '127.0.0.1', sidecar: { port } }))
    harness.start({ fallback: { ...defaultConfig.fallback, mode: 'delete' } })
    await until(() => harness.events().some(({ reason }) => reason === 'SparkNannyPodDeleted'), 'an Event')
    return harness.events().find(({ reason }) => reason === 'SparkNannyPodDeleted')?.message ?? ''
  }

  test('a verdict on which the kubelet does not act → the pod is deleted, within the same safeguards', async (t) => {
    assert.match(await createUnhandledVerdict(t, createdMs + 5_000, {}), /unresponsive: timeout/)
  })

  test('the same verdict for a driver that never started → the pod is deleted', async (t) => {
    const reported = { reason: 'startup-deadline', detail: 'refused', since: iso(createdMs + 630_000) }
    assert.match(await createUnhandledVerdict(t, createdMs + 30_000, reported), /startup-deadline: refused/)
  })

  test('a changed system clock → the sidecar is still polled every 30 s', async () => {
    let [nowMs, monotonicMs, asked] = [notReadyMs + 200_000, 5_000, 0]
    const verdicts = createSidecarStatusPoller({
      sendUiRequest: async () => {
        asked += 1
        return { kind: 'refused' }
      },
      requestLimit: { run: (_namespace, send) => send() },
      nowMs: () => nowMs,
      monotonicMs: () => monotonicMs,
      responded: () => {},
    })
    const driver = createDriver({ ...withPort, ready: false })
    assert.equal(verdicts.pollIfDue(driver, 600_000), nowMs + 30_000)
    await setImmediate()
    for (const set of [3_600_000, -100_000]) {
      nowMs += set
      monotonicMs += 10_000
      assert.ok((verdicts.pollIfDue(driver, 600_000) ?? 0) > nowMs)
      assert.equal(asked, 1)
    }
    monotonicMs += 10_000
    assert.equal(verdicts.pollIfDue(driver, 600_000), nowMs + 30_000)
    assert.equal(asked, 2)
    await verdicts.pollNow(driver)
    assert.equal(asked, 3)
  })

  test('a request that waits for its turn → no second one for the same sidecar', async () => {
    let [monotonicMs, asked] = [5_000, 0]
    const { promise, resolve } = Promise.withResolvers<UiResult>()
    const verdicts = createSidecarStatusPoller({
      sendUiRequest: () => {
        asked += 1
        return promise
      },
      requestLimit: { run: (_namespace, send) => send() },
      nowMs: () => notReadyMs + 200_000,
      monotonicMs: () => monotonicMs,
      responded: () => {},
    })
    const driver = createDriver({ ...withPort, ready: false })
    for (let round = 0; round < 5; round += 1) {
      verdicts.pollIfDue(driver, 600_000)
      monotonicMs += 60_000
    }
    assert.equal(asked, 1)
    resolve({ kind: 'refused' })
    await setImmediate()
    monotonicMs += 60_000
    verdicts.pollIfDue(driver, 600_000)
    assert.equal(asked, 2)
  })
})
