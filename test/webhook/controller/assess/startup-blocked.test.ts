import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { driverPod, startupBlockedPod, waiting } from '../../../support/driver-pods.ts'
import { createControllerHarness, pods, untilLeading } from '../controller-harness.ts'
import { nowMs } from '../hung-scenario.ts'

/** As the kubelet of 1.36.3 writes it, for two seconds. */
const restarting = waiting('RestartingAllContainers', 'The container is removed because RestartAllContainers in place')

describe('startup blocked', () => {
  test('old drivers restarted in place → keep their sidecars, and injection continues', async (t) => {
    const harness = await createControllerHarness(t)
    harness.setNow(nowMs)
    const names = ['a-driver', 'b-driver', 'c-driver']
    for (const name of names) harness.api.set(pods, driverPod({ name, sidecar: { isProven: true } }))
    const replica = harness.start()
    await untilLeading(harness)
    for (const name of names) {
      harness.api.set(
        pods,
        startupBlockedPod(restarting, { name, state: restarting, restarts: 1, sidecar: { isProven: true } }),
      )
      await harness.deps.sleep(300, harness.signal)
    }
    assert.match(await replica.metrics(), /spark_nanny_circuit_breaker_open\{breaker="sidecar-image"\} 0/)
    assert.deepEqual(
      harness.calls().filter((line) => line.startsWith('PATCH')),
      [],
    )
  })
})
