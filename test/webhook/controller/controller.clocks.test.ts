import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../kubernetes/fixture.ts'
import { driverPod, heldBackPod, terminated, waiting } from '../../support/driver-pods.ts'
import { applications, controllerRig, leading, pods } from './controller-harness.ts'
import { application, nowMs, owner } from './hung-scenario.ts'

test('a restart in place that has just begun, on a node whose clock is behind, is the kubelet’s', async (t) => {
  const rig = await controllerRig(t)
  rig.setNow(nowMs)
  rig.api.set(applications, application)
  rig.api.set(pods, driverPod({ owner }))
  rig.start()
  await leading(rig)
  rig.api.set(pods, driverPod({ owner, sidecar: { state: terminated(88, nowMs - 125_000) } }))
  await rig.edges.sleep(1_000, rig.signal)
  assert.deepEqual(
    rig.calls().filter((line) => line.startsWith('DELETE')),
    [],
  )
})

test('a clock that is set back by an hour does not hold a driver back for an hour', async (t) => {
  const rig = await controllerRig(t)
  rig.setNow(nowMs)
  rig.start()
  await leading(rig)
  rig.api.set(pods, heldBackPod(waiting('ErrImagePull')))
  await rig.edges.sleep(300, rig.signal)
  rig.setNow(nowMs - 3_600_000)
  await until(() => rig.calls().some((line) => line.startsWith('PATCH')), 'the rescue')
})
