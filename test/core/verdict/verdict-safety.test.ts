/** What no sequence of samples may lead to. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createJudgement, judge } from '../../../core/verdict/judge.ts'
import type { Sample } from '../../../core/verdict/witnesses.ts'
import { policy, samples } from './judged-samples.ts'

const run = (among: readonly Sample[], longestMs: number) =>
  fc.array(fc.record({ sample: fc.constantFrom(...among), afterMs: fc.integer({ min: 0, max: longestMs }) }), {
    maxLength: 60,
  })

describe('safety of the verdict', () => {
  test('a response less than the deadline ago → not hung, for any samples', () => {
    fc.assert(
      fc.property(run(Object.values(samples), 20_000), (steps) => {
        let state = createJudgement(0)
        let [nowMs, answeredMs] = [0, 0]
        for (const { sample, afterMs } of steps) {
          nowMs += afterMs + (sample.kind === 'failing' ? sample.tookMs : 0)
          state = judge(state, { ui: sample }, policy, nowMs)
          if (sample.kind === 'alive') answeredMs = nowMs
          if (nowMs - answeredMs < policy.unresponsiveDeadlineMs - 1_000) assert.notEqual(state.verdict.kind, 'hung')
          assert.ok(state.verdict.sinceMs <= nowMs)
        }
      }),
    )
  })

  test('no response yet → not hung before the startup deadline', () => {
    const { other, refused, late, timeout, reset, error, malformed } = samples
    fc.assert(
      fc.property(run([other, refused, late, timeout, reset, error, malformed], 30_000), (steps) => {
        let state = createJudgement(0)
        let nowMs = 0
        for (const { sample, afterMs } of steps) {
          nowMs += afterMs
          state = judge(state, { ui: sample }, policy, nowMs)
          if (nowMs < policy.startupDeadlineMs) assert.notEqual(state.verdict.kind, 'hung')
        }
      }),
    )
  })
})
