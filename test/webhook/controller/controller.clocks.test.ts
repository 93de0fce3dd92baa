import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { until } from '../../kubernetes/fixture.ts'
import { driverPod, heldBackPod, terminated, waiting } from '../../support/driver-pods.ts'
import { applications, createControllerHarness, pods, untilLeading } from './controller-harness.ts'
import { application, nowMs, owner } from './hung-scenario.ts'

describe('controller: clocks', () => {
  test('a restart in place that has just begun on a node whose clock is behind → is left to the kubelet', async (t) => {
    const harness = await createControllerHarness(t)
    harness.setNow(nowMs)
    harness.api.set(applications, application)
    harness.api.set(pods, driverPod({ owner }))
    harness.start()
    await untilLeading(harness)
    harness.api.set(pods, driverPod({ owner, sidecar: { state: terminated(88, nowMs - 125_000) } }))
    await harness.edges.sleep(1_000, harness.signal)
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
    harness.api.set(pods, heldBackPod(waiting('ErrImagePull')))
    await harness.edges.sleep(300, harness.signal)
    harness.setNow(nowMs - 3_600_000)
    await until(() => harness.calls().some((line) => line.startsWith('PATCH')), 'the bypass')
  })
})
