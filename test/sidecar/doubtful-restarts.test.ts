import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alive, refused, timeout, watchRig } from './monitor-harness.ts'

test('a driver that has closed its UI is never run again: beside another container it may have ended well', async (t) => {
  const deadlines = { stopDeadlineMs: 30_000, startupDeadlineMs: 30_000 }
  const ending = watchRig(t, deadlines)
  await ending.step(alive)
  await ending.during(refused, 60_000)
  assert.deepEqual(ending.world.exits, [])
  assert.equal(ending.files(), 'hung')
  assert.match(ending.world.message, /^stop-deadline: .*; the pod fails$/)
  const starting = watchRig(t, deadlines)
  await starting.during(refused, 60_000)
  assert.deepEqual(starting.world.exits, [88])
})

test('a driver that the kubelet starts anew after its longest backoff has its startup deadline still', async (t) => {
  const rig = watchRig(t, {
    stopDeadlineMs: 30_000,
    startupDeadlineMs: 60_000,
    onHung: { kind: 'restart-driver-container', budget: { maxRestarts: 3, windowMs: 3_600_000, backoffMs: 10_000 } },
  })
  await rig.step(alive)
  await rig.during(refused, 300_000 + 60_000)
  assert.equal(rig.files(), 'ready')
  await rig.during(refused, 60_000)
  assert.equal(rig.files(), 'hung')
})

test('a restart that was asked for and not made: the driver that goes on hanging is noticed again', async (t) => {
  const policy = { startupProbeTells: true, startupDeadlineMs: 60_000 }
  const first = watchRig(t, policy)
  first.write('running', '')
  await first.step(alive)
  await first.during(timeout, 60_000)
  assert.deepEqual(first.world.exits, [88])
  const second = watchRig(t, policy, first.dir, first.world.nowMs)
  await second.during(refused, 600_000)
  assert.deepEqual(second.world.exits, [])
  await second.during(timeout, 120_000)
  assert.deepEqual(second.world.exits, [88])
})

test('the driver container alone: a driver that hangs on in its grace period starts no deadline of the next', async (t) => {
  const rig = watchRig(t, {
    startupProbeTells: true,
    startupDeadlineMs: 60_000,
    onHung: { kind: 'restart-driver-container', budget: { maxRestarts: 3, windowMs: 3_600_000, backoffMs: 10_000 } },
  })
  rig.write('running', '')
  await rig.step(alive)
  await rig.during(timeout, 600_000)
  assert.equal(rig.files(), 'starting')
  await rig.during(refused, 600_000)
  assert.equal(rig.files(), 'starting')
})
