import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  firstJudgement,
  type Judgement,
  judge,
  nextPollDelayMs,
  type Sample,
  type Verdict,
} from '../../core/verdict.ts'

const policy = {
  intervalMs: 5_000,
  timeoutMs: 10_000,
  failureThreshold: 3,
  startupDeadlineMs: 600_000,
  stopDeadlineMs: 600_000,
  stallDeadlineMs: null as number | null,
}
const stalling = { ...policy, stallDeadlineMs: 30_000 }

const alive: Sample = { kind: 'alive', evidence: 'application' }
const page: Sample = { kind: 'alive', evidence: 'not-started' }
const forbidden: Sample = { kind: 'alive', evidence: 'authentication' }
const redirect: Sample = { kind: 'alive', evidence: 'redirect' }
const other: Sample = { kind: 'other', detail: 'the UI lists spark-x' }
const refused: Sample = { kind: 'refused' }
const late: Sample = { kind: 'inconclusive', detail: 'late' }
const timeout: Sample = { kind: 'failing', cause: 'timeout', detail: 'no answer', tookMs: 10_000 }
const quick = (cause: 'reset' | 'server-error' | 'malformed'): Sample => ({
  kind: 'failing',
  cause,
  detail: cause,
  tookMs: 1,
})
const working = (endedTasks: number, id = 7): Sample => ({ ...alive, work: { jobs: [{ id, endedTasks }] } })
const idle: Sample = { ...alive, work: { jobs: [] } }

type Step = readonly [atMs: number, sample: Sample]

/** The verdict after samples that ended at these times. */
function verdictAfter(steps: readonly Step[], deadlines = policy, first = firstJudgement(0)): Verdict {
  return steps.reduce<Judgement>((state, [atMs, sample]) => judge(state, sample, deadlines, atMs), first).verdict
}
const text = (verdict: Verdict) => (verdict.kind === 'hung' ? `hung ${verdict.reason}` : verdict.kind)

interface Row {
  readonly what: string
  readonly steps: readonly Step[]
  readonly verdict: string
  readonly deadlines?: typeof policy
  readonly answered?: boolean
}

function table(name: string, rows: readonly Row[]): void {
  describe(name, () => {
    for (const { what, steps, verdict, deadlines = policy, answered = false } of rows) {
      test(`${what}: ${verdict}`, () => {
        assert.equal(text(verdictAfter(steps, deadlines, firstJudgement(0, answered))), verdict)
      })
    }
  })
}

table('a list that holds our id, the starting page, an answer of a filter or of TLS', [
  { what: 'our id', steps: [[10, alive]], verdict: 'alive' },
  { what: 'the starting page', steps: [[10, page]], verdict: 'alive' },
  { what: '401 or 403', steps: [[10, forbidden]], verdict: 'alive' },
  { what: 'a redirect', steps: [[10, redirect]], verdict: 'alive' },
  {
    what: 'the starting page for ever',
    steps: [
      [10, page],
      [900_000, page],
    ],
    verdict: 'alive',
  },
])

table('another id', [
  { what: 'at first', steps: [[10, other]], verdict: 'unknown' },
  {
    what: 'after ours',
    steps: [
      [10, alive],
      [20, other],
    ],
    verdict: 'unknown',
  },
  {
    what: 'for a day',
    steps: [
      [10, alive],
      [20, other],
      [86_400_000, other],
    ],
    verdict: 'unknown',
  },
  {
    what: 'for a day, never ours',
    steps: [
      [20, other],
      [86_400_000, other],
    ],
    verdict: 'unknown',
  },
  {
    what: 'between failures ends their run',
    steps: [
      [0, alive],
      [10_000, timeout],
      [20_000, timeout],
      [20_001, other],
      [30_001, timeout],
    ],
    verdict: 'failing',
  },
])

const thrice = (sample: Sample): readonly Step[] => [
  [0, alive],
  [10_000, sample],
  [20_000, sample],
  [30_000, sample],
]
table('timeout, reset, 5xx, malformed after an answer', [
  {
    what: 'one timeout',
    steps: [
      [0, alive],
      [10_000, timeout],
    ],
    verdict: 'failing',
  },
  {
    what: 'two',
    steps: [
      [0, alive],
      [10_000, timeout],
      [20_000, timeout],
    ],
    verdict: 'failing',
  },
  { what: 'three in a row', steps: thrice(timeout), verdict: 'hung unresponsive' },
  {
    what: 'three, timers 30 ms early',
    steps: [
      [0, alive],
      [9_990, { ...timeout, tookMs: 9_990 }],
      [19_980, timeout],
      [29_970, timeout],
    ],
    verdict: 'hung unresponsive',
  },
  {
    what: 'an answer between',
    steps: [
      [0, alive],
      [10_000, timeout],
      [20_000, timeout],
      [20_010, alive],
      [30_010, timeout],
    ],
    verdict: 'failing',
  },
  {
    what: 'the sidecar was late between',
    steps: [
      [0, alive],
      [10_000, timeout],
      [20_000, late],
      [30_000, timeout],
    ],
    verdict: 'failing',
  },
  {
    what: 'three resets, each after its timeout',
    steps: [
      [0, alive],
      [1, quick('reset')],
      [10_001, quick('reset')],
      [20_001, quick('reset')],
    ],
    verdict: 'failing',
  },
  {
    what: 'four of them',
    steps: [
      [0, alive],
      [1, quick('reset')],
      [10_001, quick('reset')],
      [20_001, quick('reset')],
      [30_001, quick('reset')],
    ],
    verdict: 'hung unresponsive',
  },
  {
    what: 'a burst of 100 errors within a second',
    steps: [[0, alive], ...Array.from({ length: 100 }, (_, n): Step => [n * 10, quick('server-error')])],
    verdict: 'failing',
  },
  {
    what: '5xx for long',
    steps: [
      [0, alive],
      [1, quick('server-error')],
      [10_001, quick('server-error')],
      [30_002, quick('server-error')],
    ],
    verdict: 'hung unresponsive',
  },
  {
    what: 'malformed for long',
    steps: [
      [0, alive],
      [1, quick('malformed')],
      [10_001, quick('malformed')],
      [30_002, quick('malformed')],
    ],
    verdict: 'hung unresponsive',
  },
  {
    what: 'causes may differ',
    steps: [
      [0, alive],
      [10_000, timeout],
      [10_001, quick('reset')],
      [30_000, timeout],
    ],
    verdict: 'hung unresponsive',
  },
  { what: 'an answer after the verdict', steps: [...thrice(timeout), [30_010, alive]], verdict: 'alive' },
  {
    what: 'the sidecar late after the verdict',
    steps: [...thrice(timeout), [50_000, late]],
    verdict: 'hung unresponsive',
  },
  {
    what: 'known from the memory that it answered',
    steps: [
      [10_000, timeout],
      [20_000, timeout],
      [30_000, timeout],
    ],
    answered: true,
    verdict: 'hung unresponsive',
  },
])

table('the same before the first answer: maybe not ours, and until the startup deadline', [
  {
    what: 'three timeouts',
    steps: [
      [10_000, timeout],
      [20_000, timeout],
      [30_000, timeout],
    ],
    verdict: 'starting',
  },
  {
    what: 'timeouts past the startup deadline',
    steps: [
      [10_000, timeout],
      [600_000, timeout],
    ],
    verdict: 'hung startup-deadline',
  },
  {
    what: 'resets',
    steps: [
      [1, quick('reset')],
      [700_000, quick('reset')],
      [800_000, quick('reset')],
    ],
    verdict: 'unknown',
  },
  {
    what: '5xx',
    steps: [
      [1, quick('server-error')],
      [700_000, quick('server-error')],
    ],
    verdict: 'unknown',
  },
  {
    what: 'malformed',
    steps: [
      [1, quick('malformed')],
      [700_000, quick('malformed')],
    ],
    verdict: 'unknown',
  },
])

table('refused, never answered before', [
  { what: 'at first', steps: [[0, refused]], verdict: 'starting' },
  {
    what: 'just before the deadline',
    steps: [
      [0, refused],
      [599_999, refused],
    ],
    verdict: 'starting',
  },
  {
    what: 'past it',
    steps: [
      [0, refused],
      [600_000, refused],
    ],
    verdict: 'hung startup-deadline',
  },
  {
    what: 'answers at last',
    steps: [
      [0, refused],
      [600_000, refused],
      [600_100, alive],
    ],
    verdict: 'alive',
  },
  { what: 'no sample at all', steps: [[700_000, late]], verdict: 'starting' },
])

table('refused after it has answered: the context is closed', [
  {
    what: 'at first',
    steps: [
      [0, alive],
      [5_000, refused],
    ],
    verdict: 'stopping',
  },
  {
    what: 'the forerunner’s three refusals',
    steps: [
      [0, alive],
      [5_000, refused],
      [10_000, refused],
      [15_000, refused],
    ],
    verdict: 'stopping',
  },
  {
    what: 'just before the deadline',
    steps: [
      [0, alive],
      [5_000, refused],
      [604_999, refused],
    ],
    verdict: 'stopping',
  },
  {
    what: 'past it',
    steps: [
      [0, alive],
      [5_000, refused],
      [605_000, refused],
    ],
    verdict: 'hung stop-deadline',
  },
  {
    what: 'after failures, from the first refusal on',
    steps: [
      [0, alive],
      [10_000, timeout],
      [500_000, refused],
      [605_000, refused],
    ],
    verdict: 'stopping',
  },
  {
    what: 'known from the memory',
    steps: [
      [0, refused],
      [599_999, refused],
    ],
    answered: true,
    verdict: 'stopping',
  },
  {
    what: 'answers again',
    steps: [
      [0, alive],
      [5_000, refused],
      [9_000, page],
    ],
    verdict: 'alive',
  },
])

table('stall', [
  {
    what: 'off',
    steps: [
      [0, working(1)],
      [86_400_000, working(1)],
    ],
    verdict: 'alive',
  },
  {
    what: 'no task has ended for the deadline',
    deadlines: stalling,
    steps: [
      [0, working(1)],
      [30_000, working(1)],
    ],
    verdict: 'hung stall',
  },
  {
    what: 'not for so long',
    deadlines: stalling,
    steps: [
      [0, working(1)],
      [29_999, working(1)],
    ],
    verdict: 'alive',
  },
  {
    what: 'a task ended',
    deadlines: stalling,
    steps: [
      [0, working(1)],
      [20_000, working(2)],
      [40_000, working(2)],
    ],
    verdict: 'alive',
  },
  {
    what: 'the next job',
    deadlines: stalling,
    steps: [
      [0, working(1)],
      [20_000, working(1, 8)],
      [40_000, working(1, 8)],
    ],
    verdict: 'alive',
  },
  {
    what: 'the driver computes between jobs',
    deadlines: stalling,
    steps: [
      [0, working(1)],
      [20_000, idle],
      [900_000, idle],
    ],
    verdict: 'alive',
  },
  {
    what: 'not looked since',
    deadlines: stalling,
    steps: [
      [0, working(1)],
      [900_000, alive],
    ],
    verdict: 'alive',
  },
  {
    what: 'looked again after long',
    deadlines: stalling,
    steps: [
      [0, working(1)],
      [900_000, alive],
      [900_005, working(2)],
    ],
    verdict: 'alive',
  },
  {
    what: 'stands between two looks',
    deadlines: stalling,
    steps: [
      [0, working(1)],
      [30_000, working(1)],
      [35_000, alive],
    ],
    verdict: 'hung stall',
  },
  {
    what: 'ends with a task',
    deadlines: stalling,
    steps: [
      [0, working(1)],
      [30_000, working(1)],
      [35_000, working(2)],
    ],
    verdict: 'alive',
  },
  {
    what: 'the next driver’s job 7 is another',
    deadlines: stalling,
    steps: [
      [0, working(0)],
      [20_000, refused],
      [40_000, working(0)],
    ],
    verdict: 'alive',
  },
])

test('a verdict keeps the time at which it was reached', () => {
  assert.equal(verdictAfter([...thrice(timeout), [40_000, timeout], [50_000, timeout]]).sinceMs, 30_000)
  assert.equal(
    verdictAfter([
      [5, alive],
      [5_005, alive],
    ]).sinceMs,
    5,
  )
  assert.equal(
    verdictAfter([
      [0, alive],
      [5_000, refused],
      [9_000, refused],
    ]).sinceMs,
    5_000,
  )
})

test('a hung verdict says why', () => {
  const verdict = verdictAfter(thrice(timeout))
  assert.match(verdict.kind === 'hung' ? verdict.detail : '', /failed 3 polls in a row over 30 s, the last by timeout/)
})

test('a failure waits out its timeout, the rest the interval', () => {
  assert.equal(nextPollDelayMs(timeout, policy), 0)
  assert.equal(nextPollDelayMs(quick('reset'), policy), 9_999)
  for (const sample of [alive, other, refused, late]) assert.equal(nextPollDelayMs(sample, policy), 5_000)
})

const sampleOf = fc.constantFrom(
  alive,
  page,
  forbidden,
  redirect,
  other,
  refused,
  late,
  timeout,
  quick('reset'),
  quick('server-error'),
  working(1),
  idle,
)

test('whatever comes, a driver that answered less than 30 s before is not hung', () => {
  const steps = fc.array(fc.record({ sample: sampleOf, afterMs: fc.integer({ min: 0, max: 20_000 }) }), {
    maxLength: 60,
  })
  fc.assert(
    fc.property(steps, (list) => {
      let state = firstJudgement(0)
      let nowMs = 0
      let answeredMs = 0
      for (const { sample, afterMs } of list) {
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
  const unanswered = fc.constantFrom(
    other,
    refused,
    late,
    timeout,
    quick('reset'),
    quick('server-error'),
    quick('malformed'),
  )
  fc.assert(
    fc.property(fc.array(fc.record({ sample: unanswered, afterMs: fc.integer({ min: 0, max: 30_000 }) })), (list) => {
      let state = firstJudgement(0)
      let nowMs = 0
      for (const { sample, afterMs } of list) {
        nowMs += afterMs
        state = judge(state, sample, policy, nowMs)
        if (nowMs < policy.startupDeadlineMs) assert.notEqual(state.verdict.kind, 'hung')
      }
    }),
  )
})
