/** Each case of the verdict, and the limits between them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createJudgement, type Judgement, judge } from '../../../core/verdict/judge.ts'
import { nextPollDelayMs } from '../../../core/verdict/poll-run.ts'
import type { Sample } from '../../../core/verdict/witnesses.ts'
import { judgedAfter, policy, samples, verdictText } from './judged-samples.ts'

const stall = { stallDeadlineMs: 30_000 }

/** What; the samples by the milliseconds at which each ended; the verdict; deadlines that differ. */
type Row = readonly [what: string, steps: string, verdict: string, deadlines?: Partial<typeof policy>]

function table(name: string, answered: boolean, rows: readonly Row[]): void {
  describe(name, () => {
    for (const [what, steps, verdict, deadlines] of rows) {
      test(`${what} → ${verdict}`, () => assert.equal(verdictText(judgedAfter(steps, answered, deadlines)), verdict))
    }
  })
}

table('our id, the starting page, an answer of a filter or of TLS', false, [
  ['our id', '10 alive', 'alive'],
  ['the starting page', '10 page', 'alive'],
  ['401 or 403', '10 forbidden', 'alive'],
  ['a redirect', '10 redirect', 'alive'],
  ['the starting page without end', '10 page, 900000 page', 'alive'],
])

table('another id', false, [
  ['at first', '10 other', 'unknown'],
  ['after ours', '10 alive, 20 other', 'unknown'],
  ['for a day', '10 alive, 20 other, 86400000 other', 'unknown'],
  ['for a day, never ours', '20 other, 86400000 other', 'unknown'],
  ['ends a run of failures', '0 alive, 10000 timeout, 110000 timeout, 110001 other, 120001 timeout', 'failing'],
])

const burst = Array.from({ length: 100 }, (_, count) => `${count * 10} error`).join(', ')
table('timeout, reset, 5xx, malformed after an answer, and no witness of the processes', false, [
  ['one timeout', '0 alive, 10000 timeout', 'failing'],
  ['three', '0 alive, 10000 timeout, 20000 timeout, 30000 timeout', 'failing'],
  ['for just less than the deadline', '0 alive, 10000 timeout, 119000 timeout', 'failing'],
  ['for the deadline', '0 alive, 10000 timeout, 120000 timeout', 'hung unresponsive'],
  ['for the deadline, timers a little early', '0 alive, 10000 timeout, 119950 timeout', 'hung unresponsive'],
  ['one poll over the deadline', '0 alive, 130000 slow', 'failing'],
  ['fewer polls than the threshold', '0 alive, 10000 timeout, 120000 timeout', 'failing', { failureThreshold: 3 }],
  ['an answer between', '0 alive, 10000 timeout, 60000 timeout, 60010 alive, 70010 timeout, 130000 timeout', 'failing'],
  ['the sidecar late between', '0 alive, 10000 timeout, 120000 late, 125000 late', 'failing'],
  ['resets for less', '0 alive, 1 reset, 10001 reset, 110001 reset', 'failing'],
  ['resets for the deadline', '0 alive, 1 reset, 10001 reset, 120001 reset', 'hung unresponsive'],
  ['a burst of 100 errors within a second', `0 alive, ${burst}`, 'failing'],
  ['5xx for long', '0 alive, 1 error, 10001 error, 120002 error', 'hung unresponsive'],
  ['malformed for long', '0 alive, 1 malformed, 10001 malformed, 120002 malformed', 'hung unresponsive'],
  ['causes may differ', '0 alive, 10000 timeout, 10001 reset, 120000 timeout', 'hung unresponsive'],
  ['an answer after it', '0 alive, 10000 timeout, 120000 timeout, 120010 alive', 'alive'],
  ['the sidecar late after it', '0 alive, 10000 timeout, 120000 timeout, 140000 late', 'hung unresponsive'],
])

table('timeouts of a driver that is known to have answered, from the memory', true, [
  ['for the deadline', '10000 timeout, 20000 timeout, 120000 timeout', 'hung unresponsive'],
])

table('failures before the first answer: maybe not ours, and until the startup deadline', false, [
  ['three timeouts', '10000 timeout, 20000 timeout, 30000 timeout', 'starting'],
  ['timeouts past the startup deadline', '10000 timeout, 600000 timeout', 'hung startup-deadline'],
  ['resets', '1 reset, 700000 reset, 800000 reset', 'unknown'],
  ['5xx', '1 error, 700000 error', 'unknown'],
  ['malformed', '1 malformed, 700000 malformed', 'unknown'],
])

table('refused, never answered before', false, [
  ['at first', '0 refused', 'starting'],
  ['just before the deadline', '0 refused, 599999 refused', 'starting'],
  ['past it', '0 refused, 600000 refused', 'hung startup-deadline'],
  ['answers at last', '0 refused, 600000 refused, 600100 alive', 'alive'],
  ['no sample at all', '700000 late', 'starting'],
])

table('refused after it has answered: the context is closed', false, [
  ['at first', '0 alive, 5000 refused', 'stopping'],
  ['the predecessor’s three refusals', '0 alive, 5000 refused, 10000 refused, 15000 refused', 'stopping'],
  ['just before the deadline', '0 alive, 5000 refused, 604999 refused', 'stopping'],
  ['past it', '0 alive, 5000 refused, 605000 refused', 'hung stop-deadline'],
  ['counted from the first refusal', '0 alive, 10000 timeout, 500000 refused, 605000 refused', 'stopping'],
  ['answers again', '0 alive, 5000 refused, 9000 page', 'alive'],
])

table('refused, known to have answered from the memory', true, [
  ['at first', '0 refused', 'stopping'],
  ['just before the deadline', '0 refused, 599999 refused', 'stopping'],
  ['past it', '0 refused, 600000 refused', 'hung stop-deadline'],
])

table('stall', false, [
  ['off', '0 job7:1, 86400000 job7:1', 'alive'],
  ['no task has ended for the deadline', '0 job7:1, 30000 job7:1', 'hung stall', stall],
  ['not for so long', '0 job7:1, 29999 job7:1', 'alive', stall],
  ['a task ended', '0 job7:1, 20000 job7:2, 40000 job7:2', 'alive', stall],
  ['the next job', '0 job7:1, 20000 job8:1, 40000 job8:1', 'alive', stall],
  ['the driver computes between jobs', '0 job7:1, 20000 idle, 900000 idle', 'alive', stall],
  ['not looked since', '0 job7:1, 900000 alive', 'alive', stall],
  ['looked again after long', '0 job7:1, 900000 alive, 900005 job7:2', 'alive', stall],
  ['stands between two looks', '0 job7:1, 30000 job7:1, 35000 alive', 'hung stall', stall],
  ['ends with a task', '0 job7:1, 30000 job7:1, 35000 job7:2', 'alive', stall],
  ['the next driver’s job 7 is another', '0 job7:0, 20000 refused, 40000 job7:0', 'alive', stall],
])

test('an unchanged verdict → keeps its time', () => {
  const since = (steps: string) => judgedAfter(steps).verdict.sinceMs
  assert.equal(since('0 alive, 10000 timeout, 20000 timeout, 120000 timeout, 130000 timeout, 140000 timeout'), 120_000)
  assert.equal(since('5 alive, 5005 alive'), 5)
  assert.equal(since('0 alive, 5000 refused, 9000 refused'), 5_000)
})

test('a hung verdict → has a reason and a detail', () => {
  const { verdict } = judgedAfter('0 alive, 10000 timeout, 20000 timeout, 120000 timeout')
  assert.match(
    verdict.kind === 'hung' ? verdict.detail : '',
    /failed 3 polls in a row over 120 s, the last by timeout: no answer/,
  )
})

test('a failed poll → the next one after the timeout; others → after the interval', () => {
  assert.equal(nextPollDelayMs(samples.timeout, policy), 0)
  assert.equal(nextPollDelayMs(samples.reset, policy), 9_999)
  for (const sample of [samples.alive, samples.other, samples.refused, samples.late]) {
    assert.equal(nextPollDelayMs(sample, policy), 5_000)
  }
})

describe('judge of a driver that cannot be observed', () => {
  const { other, refused, timeout, page, forbidden, alive: list } = samples
  const wrong = (cause: 'server-error' | 'malformed' | 'reset'): Sample => ({
    kind: 'failing',
    cause,
    detail: '',
    tookMs: 10_000,
  })

  const verdictAfter = (...steps: readonly (readonly [atMs: number, sample: Sample])[]): string =>
    steps.reduce<Judgement>((state, [atMs, sample]) => judge(state, { ui: sample }, policy, atMs), createJudgement(0))
      .verdict.kind

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
        const steps = [10_000, 20_000, 120_000, 3_600_000].map((atMs) => [atMs, wrong(cause)] as const)
        assert.equal(verdictAfter([0, evidence], ...steps), 'unknown')
        assert.equal(verdictAfter([0, evidence], [1_000, list], ...steps), 'hung')
      }
      const failures: readonly Sample[] = [timeout, wrong('reset')]
      for (const sample of failures) {
        assert.equal(verdictAfter([0, evidence], [10_000, sample], [20_000, sample], [120_000, sample]), 'hung')
      }
    }
  })
})
