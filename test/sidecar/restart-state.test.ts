import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { maxRecordBytes } from '../../core/linux/process-record.ts'
import {
  formatRestartState,
  initialRestartState,
  parseRestartState,
  recordRestart,
  settleAtStart,
} from '../../sidecar/restart-state.ts'

const restart = fc.record({ atMs: fc.nat(), reason: fc.string() }, { noNullPrototype: true })
const ticks = fc.integer({ min: 1 }).map(String)
const memories = fc.record(
  {
    answered: fc.boolean(),
    answeredAtMs: fc.option(fc.nat()),
    firstAnswer: fc.option(fc.record({ jvmStartTicks: ticks, driverAgeMs: fc.nat() }, { noNullPrototype: true })),
    driverStartTicks: fc.option(ticks),
    previousDriver: fc.option(fc.record({ startTicks: ticks, answered: fc.boolean() }, { noNullPrototype: true })),
    attempt: fc.integer({ min: 1, max: 1_000 }),
    restarts: fc.array(restart),
    pendingRestart: fc.option(
      fc.oneof(
        restart,
        fc.record({ atMs: fc.nat(), reason: fc.string(), uptimeMs: fc.nat() }, { noNullPrototype: true }),
      ),
    ),
  },
  { noNullPrototype: true },
)

describe('restart state', () => {
  test('a formatted state → parsed back unchanged', () => {
    fc.assert(
      fc.property(memories, (memory) => assert.deepEqual(parseRestartState(formatRestartState(memory)), memory)),
    )
  })

  test('a truncated file → the initial state, wherever it was truncated', () => {
    const text = formatRestartState({ ...initialRestartState, answered: true, attempt: 3 })
    for (let length = 0; length < text.length - 2; length += 1) {
      assert.deepEqual(parseRestartState(text.slice(0, length)), initialRestartState)
    }
  })

  const garbage = [undefined, '', 'null', '[]', '7', '{}', '{"answered":"yes","attempt":1,"restarts":[]}']
  for (const text of [
    ...garbage,
    '{"answered":true,"attempt":0,"restarts":[]}',
    '{"answered":true,"attempt":1,"restarts":[1]}',
  ]) {
    test(`${text} → the initial state`, () => assert.deepEqual(parseRestartState(text), initialRestartState))
  }

  test('the file of an earlier version, or a wrong field → what else it says', () => {
    const known = { ...initialRestartState, answered: true, attempt: 3 }
    const { firstAnswer, ...earlier } = known
    assert.equal(firstAnswer, null)
    const wrong = [null, 7, { jvmStartTicks: 104, driverAgeMs: 1 }, { jvmStartTicks: '104', driverAgeMs: '1' }]
    for (const state of [earlier, ...wrong.map((value) => ({ ...earlier, firstAnswer: value }))]) {
      assert.deepEqual(parseRestartState(JSON.stringify(state)), known)
    }
  })

  test('a pending restart with an uptime that is not a number → the restart without it', () => {
    const text = JSON.stringify({ ...initialRestartState, pendingRestart: { atMs: 5, reason: 'stall', uptimeMs: '7' } })
    assert.deepEqual(parseRestartState(text).pendingRestart, { atMs: 5, reason: 'stall' })
  })

  test('a restart → the next driver has not answered, and the restart is recorded', () => {
    const firstAnswer = { jvmStartTicks: '104', driverAgeMs: 20_000 }
    const answered = { ...initialRestartState, answered: true, firstAnswer, driverStartTicks: '100' }
    assert.deepEqual(recordRestart(answered, { atMs: 5, reason: 'stall' }), {
      answered: false,
      answeredAtMs: null,
      firstAnswer: null,
      driverStartTicks: null,
      previousDriver: { startTicks: '100', answered: true },
      attempt: 2,
      restarts: [{ atMs: 5, reason: 'stall' }],
      pendingRestart: null,
    })
  })

  test('many restarts → the file stays small', () => {
    let memory = initialRestartState
    for (let count = 0; count < 1_500; count += 1)
      memory = recordRestart(memory, { atMs: Date.UTC(2026, 0, 1) + count, reason: 'startup-deadline' })
    assert.equal(memory.restarts.length, 1_000)
    assert.equal(memory.restarts.at(-1)?.atMs, Date.UTC(2026, 0, 1) + 1_499)
    assert.ok(formatRestartState(memory).length < maxRecordBytes, 'a longer file is not read')
    assert.equal(memory.attempt, 1_501)
  })

  test('a driver whose start is unknown, restarted twice → the one before both is remembered', () => {
    const first = recordRestart({ ...initialRestartState, driverStartTicks: '100' }, { atMs: 5, reason: 'stall' })
    const second = recordRestart(first, { atMs: 6, reason: 'stall' })
    assert.deepEqual(second.previousDriver, { startTicks: '100', answered: false })
  })

  test('restarts of the future, by a clock that was set back → moved to the present', () => {
    const restart = { atMs: 20, reason: 'stall' }
    const settled = settleAtStart({ ...initialRestartState, restarts: [restart], pendingRestart: restart }, 10)
    assert.deepEqual([settled.restarts[0]?.atMs, settled.pendingRestart?.atMs, settled.attempt], [10, 10, 1])
  })
})
