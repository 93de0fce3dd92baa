import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decideWait, type WaitDecision } from '../../spark-ui/active-time.ts'

describe('decideWait', () => {
  const cases: readonly (readonly [string, elapsedMs: number, lagMs: number, WaitDecision])[] = [
    ['a process that ran all the time', 10_000, 0, { kind: 'timed-out' }],
    ['before the timeout', 9_000, 0, { kind: 'wait', forMs: 1_000 }],
    ['one pause', 10_000, 8_000, { kind: 'wait', forMs: 8_000 }],
    ['one pause, and the time that was added', 18_000, 8_000, { kind: 'timed-out' }],
    ['another pause in the time that was added', 18_000, 9_000, { kind: 'wait', forMs: 1_000 }],
    ['a process that ran for a third of the time', 30_000, 20_000, { kind: 'timed-out' }],
    ['a process that hardly ran', 40_001, 39_000, { kind: 'inconclusive' }],
    ['a process that was frozen for an hour', 3_600_000, 3_590_001, { kind: 'inconclusive' }],
  ]
  for (const [condition, elapsedMs, lagMs, expected] of cases) {
    test(`${condition} → ${expected.kind}`, () => {
      assert.deepEqual(decideWait(elapsedMs, lagMs, 10_000), expected)
    })
  }

  test('any times → a timeout only after the process ran for the whole of it, and an end', () => {
    const times = fc.tuple(fc.nat(100_000), fc.nat(100_000), fc.integer({ min: 1, max: 60_000 }))
    fc.assert(
      fc.property(times, ([elapsedMs, lag, timeoutMs]) => {
        const lagMs = Math.min(lag, elapsedMs)
        const decision = decideWait(elapsedMs, lagMs, timeoutMs)
        if (decision.kind === 'timed-out') assert.ok(elapsedMs - lagMs >= timeoutMs)
        if (decision.kind === 'wait') assert.ok(decision.forMs > 0 && elapsedMs <= 4 * timeoutMs)
      }),
    )
  })
})
