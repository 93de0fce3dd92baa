import assert from 'node:assert/strict'
import { test } from 'node:test'
import { driverPod, heldBackPod, waiting } from '../../../support/driver-pods.ts'
import { controllerRig, leading, pods } from '../controller-harness.ts'
import { nowMs } from '../hung-scenario.ts'

/** As the kubelet of 1.36.3 writes it, for two seconds. */
const restarting = waiting('RestartingAllContainers', 'The container is removed because RestartAllContainers in place')

test('old drivers that are restarted in place keep their sidecars, and injection goes on', async (t) => {
  const rig = await controllerRig(t)
  rig.setNow(nowMs)
  const names = ['a-driver', 'b-driver', 'c-driver']
  for (const name of names) rig.api.set(pods, driverPod({ name }))
  const replica = rig.start()
  await leading(rig)
  for (const name of names) {
    rig.api.set(pods, heldBackPod(restarting, { name, state: restarting, restarts: 1 }))
    await rig.edges.sleep(300, rig.signal)
  }
  // The first that asks is let through in any case.
  replica.suspension()
  assert.equal(replica.suspension(), null)
  assert.deepEqual(
    rig.calls().filter((line) => line.startsWith('PATCH')),
    [],
  )
})
