import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { alive, createMonitorHarness, refused, timeout } from './monitor-harness.ts'

describe('createMonitor: restarts', () => {
  test('a closed UI → the pod fails, and the driver is not restarted', async (t) => {
    const deadlines = { stopDeadlineMs: 30_000, startupDeadlineMs: 30_000 }
    const ending = createMonitorHarness(t, deadlines)
    await ending.step(alive)
    await ending.during(refused, 60_000)
    assert.deepEqual(ending.environment.exits, [])
    assert.equal(ending.files(), 'hung')
    assert.match(ending.environment.message, /^stop-deadline: .*; the pod fails$/)
    const starting = createMonitorHarness(t, deadlines)
    await starting.during(refused, 60_000)
    assert.deepEqual(starting.environment.exits, [88])
  })

  test('a restart after the longest backoff of the kubelet → the full startup deadline', async (t) => {
    const harness = createMonitorHarness(t, {
      stopDeadlineMs: 30_000,
      startupDeadlineMs: 60_000,
      onHung: { kind: 'restart-driver-container', budget: { maxRestarts: 3, windowMs: 3_600_000, backoffMs: 10_000 } },
    })
    await harness.step(alive)
    await harness.during(refused, 300_000 + 60_000)
    assert.equal(harness.files(), 'ready')
    await harness.during(refused, 60_000)
    assert.equal(harness.files(), 'hung')
  })

  test('a requested restart that did not happen → the driver is found hung again', async (t) => {
    const policy = { startupProbeTells: true, startupDeadlineMs: 60_000 }
    const first = createMonitorHarness(t, policy)
    first.write('running', '')
    await first.step(alive)
    await first.during(timeout, 60_000)
    assert.deepEqual(first.environment.exits, [88])
    const second = createMonitorHarness(t, policy, first.dir, first.environment.nowMs)
    await second.during(refused, 600_000)
    assert.deepEqual(second.environment.exits, [])
    await second.during(timeout, 120_000)
    assert.deepEqual(second.environment.exits, [88])
  })

  test('a hung driver in its grace period → the startup deadline of the next driver does not start', async (t) => {
    const harness = createMonitorHarness(t, {
      startupProbeTells: true,
      startupDeadlineMs: 60_000,
      onHung: { kind: 'restart-driver-container', budget: { maxRestarts: 3, windowMs: 3_600_000, backoffMs: 10_000 } },
    })
    harness.write('running', '')
    await harness.step(alive)
    await harness.during(timeout, 600_000)
    assert.equal(harness.files(), 'starting')
    await harness.during(refused, 600_000)
    assert.equal(harness.files(), 'starting')
  })
})
