/** What no sequence of samples may lead to. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createJudgement, judge, type Sample } from '../../../core/verdict/verdict.ts'
import { policy, samples } from './judged-samples.ts'

const run = (among: readonly Sample[], longestMs: number) =>
  fc.array(fc.record({ sample: fc.constantFrom(...among), afterMs: fc.integer({ min: 0, max: longestMs }) }), {
    maxLength: 60,
  })

test('a driver that answered less than 30 s before is not hung, whatever came', () => {
  fc.assert(
    fc.property(run(Object.values(samples), 20_000), (steps) => {
      let state = createJudgement(0)
      let [nowMs, answeredMs] = [0, 0]
      for (const { sample, afterMs } of steps) {
        nowMs += afterMs + (sample.kind === 'failing' ? sample.tookMs : 0)
        state = judge(state, sample, policy, nowMs)
        if (sample.kind === 'alive') answeredMs = nowMs
        if (nowMs - answeredMs < 29_000) assert.notEqual(state.verdict.kind, 'hung')
        assert.ok(state.verdict.sinceMs <= nowMs)
      }
    }),
  )
})

test('a driver that was never seen to answer is not hung before its startup deadline', () => {
  const { other, refused, late, timeout, reset, error, malformed } = samples
  fc.assert(
    fc.property(run([other, refused, late, timeout, reset, error, malformed], 30_000), (steps) => {
      let state = createJudgement(0)
      let nowMs = 0
      for (const { sample, afterMs } of steps) {
        nowMs += afterMs
        state = judge(state, sample, policy, nowMs)
        if (nowMs < policy.startupDeadlineMs) assert.notEqual(state.verdict.kind, 'hung')
      }
    }),
  )
})
