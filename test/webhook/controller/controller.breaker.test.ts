import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { ControllerConfig } from '../../../webhook/config/controller-config.ts'
import { until } from '../../support/api-fixture.ts'
import { createdMs, driverPod, iso, terminated } from '../../support/driver-pods.ts'
import {
  applications,
  type ControllerHarness,
  changed,
  createControllerHarness,
  defaultConfig,
  pods,
  untilLeading,
} from './controller-harness.ts'

const nowMs = createdMs + 600_000
const hung = 20

type Answer = Parameters<ControllerHarness['api']['intercept']>[0]
/** A lease that outlasts the jump of the clock by two minutes. */
const lasting = { durationMs: 600_000, renewDeadlineMs: 500_000, retryMs: 2_000 }

/** Many drivers whose sidecars have requested a restart, whose kubelets do not act, and whose owners resubmit. */
async function createManyHungDrivers(
  t: TestContext,
  config: Partial<ControllerConfig>,
  answer: (harness: ControllerHarness) => Answer = () => () => undefined,
) {
  const harness = await createControllerHarness(t)
  harness.setNow(nowMs)
  harness.start({ fallback: { ...defaultConfig.fallback, mode: 'delete' }, ...config }, lasting)
  await untilLeading(harness)
  const state = terminated(88, nowMs - 180_000)
  for (let index = 0; index < hung; index += 1) {
    const owner = { name: `app-${index}`, uid: `uid-app-${index}` }
    harness.api.set(applications, {
      apiVersion: 'sparkoperator.k8s.io/v1beta2',
      kind: 'SparkApplication',
      metadata: { namespace: 'spark', ...owner, generation: 1 },
      spec: { restartPolicy: { type: 'Always' } },
    })
    harness.api.set(pods, driverPod({ name: `app-${index}-driver`, owner, sidecar: { state } }))
  }
  // The drivers are observed, and the kubelets' time to act has passed.
  await harness.deps.sleep(1_000, harness.signal)
  harness.api.intercept(answer(harness))
  harness.setNow(nowMs + 121_000)
  harness.api.set(pods, driverPod({ name: 'awake-driver' }))
  const decisions = (result: string) =>
    harness.lines.filter(
      ({ line }) => line.event === 'decision' && line.action === 'delete-pod' && line.result === result,
    )
  const deletes = () => harness.api.requests.filter((line) => line.startsWith('DELETE ')).length
  return { ...harness, decisions, deletes }
}

/** The pod is deleted at once, but the response is slow. */
const slowly =
  ({ api }: ControllerHarness): Answer =>
  (method, path) => {
    if (method !== 'DELETE') return undefined
    const pod = api.list(pods).find(({ metadata }) => path.endsWith(`/pods/${metadata.name}`))
    if (pod === undefined) return undefined
    const deletionTimestamp = iso(nowMs + 151_000)
    api.set(pods, changed(pod, { metadata: { ...pod.metadata, deletionTimestamp } }))
    return { status: 200, body: { apiVersion: 'v1', kind: 'Pod' }, delayMs: 300 }
  }

describe('controller: circuit breaker', () => {
  test('deletions in progress with a slow API server → count, so that no budget is exceeded', async (t) => {
    const safeguards = { ...defaultConfig.safeguards, perNamespace: 3, breakerShare: 1 }
    const harness = await createManyHungDrivers(t, { safeguards }, slowly)
    await until(() => harness.decisions('suppressed').length === hung - 3, 'the other deletions are blocked')
    await until(() => harness.decisions('ok').length === 3, 'three deletions')
    assert.equal(harness.deletes(), 3)
    const whys = new Set(harness.decisions('suppressed').map(({ line }) => line.why))
    assert.deepEqual([...whys], ['namespace-budget'])
  })

  test('all drivers hang at once → none is deleted', async (t) => {
    const harness = await createManyHungDrivers(t, {}, slowly)
    await until(() => harness.decisions('suppressed').length === hung, 'all deletions are blocked')
    assert.equal(harness.deletes(), 0)
  })

  test('blocked deletions while no Event can be published → are logged', async (t) => {
    const safeguards = { ...defaultConfig.safeguards, perCluster: 0 }
    const harness = await createManyHungDrivers(
      t,
      { safeguards },
      () => (method, path) =>
        method === 'POST' && path.includes('/events') ? { status: 201, body: {}, delayMs: 5_000 } : undefined,
    )
    await until(() => harness.decisions('suppressed').length === hung, 'all decisions')
    assert.ok(harness.calls().length <= 8, 'concurrent requests stay limited')
  })
})
