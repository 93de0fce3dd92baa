import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createJudgement, type Judgement, judge, type Sample } from '../../../core/verdict/verdict.ts'

const policy = {
  timeoutMs: 10_000,
  failureThreshold: 3,
  startupDeadlineMs: 600_000,
  stopDeadlineMs: 600_000,
  stallDeadlineMs: null,
}
const other: Sample = { kind: 'other', detail: 'the UI lists local-1700000000000' }
const refused: Sample = { kind: 'refused' }
const timeout: Sample = { kind: 'failing', cause: 'timeout', detail: 'no answer', tookMs: 10_000 }
const page: Sample = { kind: 'alive', evidence: 'not-started' }
const list: Sample = { kind: 'alive', evidence: 'application' }
const forbidden: Sample = { kind: 'alive', evidence: 'authentication' }
const wrong = (cause: 'server-error' | 'malformed' | 'reset'): Sample => ({
  kind: 'failing',
  cause,
  detail: '',
  tookMs: 10_000,
})

const verdictAfter = (...steps: readonly (readonly [atMs: number, sample: Sample])[]): string =>
  steps.reduce<Judgement>((state, [atMs, sample]) => judge(state, sample, policy, atMs), createJudgement(0)).verdict
    .kind

describe('judge of a driver that cannot be observed', () => {
  test('another driver responded in its place → it may end at any time', () => {
    for (const end of [refused, timeout]) {
      assert.equal(verdictAfter([1_000, other], [7_200_000, other], [7_205_000, end]), 'unknown')
      assert.equal(verdictAfter([1_000, other], [7_200_000, other], [7_205_000, end], [9_000_000, end]), 'unknown')
    }
    assert.equal(verdictAfter([1_000, other], [5_000, refused], [10_000, list], [20_000, refused]), 'stopping')
  })

  test('a UI with wrong responses that never listed the application → not hung', () => {
    for (const evidence of [page, forbidden]) {
      for (const cause of ['server-error', 'malformed'] as const) {
        const steps = [10_000, 20_000, 30_000, 3_600_000].map((atMs) => [atMs, wrong(cause)] as const)
        assert.equal(verdictAfter([0, evidence], ...steps), 'unknown')
        assert.equal(verdictAfter([0, evidence], [1_000, list], ...steps), 'hung')
      }
      const failures: readonly Sample[] = [timeout, wrong('reset')]
      for (const sample of failures) {
        assert.equal(verdictAfter([0, evidence], [10_000, sample], [20_000, sample], [30_000, sample]), 'hung')
      }
    }
  })
})
