import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { recordOf } from '../support/process-record.ts'
import { alive, createMonitorHarness, refused, startTicks } from './monitor-harness.ts'

const minuteMs = 60_000
const policy = { maxRunTimeMs: 10 * minuteMs } as const

type Harness = ReturnType<typeof createMonitorHarness>

/** The driver answers, and a probe records it every half minute. */
async function answersFor(harness: Harness, durationMs: number, jvmStartTicks = startTicks): Promise<void> {
  const untilMs = harness.environment.nowMs + durationMs
  while (harness.environment.nowMs < untilMs) {
    harness.record(recordOf(startTicks, jvmStartTicks))
    await harness.during(alive, minuteMs / 2)
  }
}

const restartSidecar = (t: TestContext, { dir, environment }: Harness) =>
  createMonitorHarness(t, policy, dir, environment.nowMs)

const reasonOf = ({ snapshot }: Harness) => {
  const { verdict } = snapshot()
  return verdict.kind === 'hung' ? verdict.reason : verdict.kind
}

describe('followFirstAnswer', () => {
  test('the sidecar restarts → max-run-time counts from the first answer', async (t) => {
    const first = createMonitorHarness(t, policy)
    await first.during(refused, minuteMs)
    await answersFor(first, 6 * minuteMs)
    const second = restartSidecar(t, first)
    await answersFor(second, 3 * minuteMs)
    assert.equal(reasonOf(second), 'alive')
    await answersFor(second, 2 * minuteMs)
    assert.equal(reasonOf(second), 'max-run-time')
  })

  test('the sidecar restarts, and another JVM runs in the same container → it counts from the answer of that JVM', async (t) => {
    const first = createMonitorHarness(t, policy)
    await answersFor(first, 6 * minuteMs)
    const second = restartSidecar(t, first)
    await answersFor(second, 8 * minuteMs, '9000')
    assert.equal(reasonOf(second), 'alive')
    await answersFor(second, 3 * minuteMs, '9000')
    assert.equal(reasonOf(second), 'max-run-time')
  })

  test('the sidecar restarts, and no probe records → it counts from what this sidecar has seen', async (t) => {
    const first = createMonitorHarness(t, policy)
    await answersFor(first, 6 * minuteMs)
    first.record('cut')
    const second = restartSidecar(t, first)
    second.record('cut')
    await second.during(alive, 8 * minuteMs)
    assert.equal(reasonOf(second), 'alive')
  })

  test('the wall clock steps by an hour while the sidecar restarts → nothing changes', async (t) => {
    const first = createMonitorHarness(t, policy)
    await answersFor(first, 2 * minuteMs)
    const second = restartSidecar(t, first)
    second.environment.wallSkewMs = 3_600_000
    await answersFor(second, 5 * minuteMs)
    assert.equal(reasonOf(second), 'alive')
  })

  test('a driver that answers for long → its first answer is written once', async (t) => {
    const harness = createMonitorHarness(t, policy)
    await answersFor(harness, minuteMs)
    const { firstAnswer } = harness.memory()
    await answersFor(harness, 5 * minuteMs)
    assert.deepEqual(harness.memory().firstAnswer, firstAnswer)
    assert.equal(firstAnswer?.jvmStartTicks, startTicks)
  })
})
