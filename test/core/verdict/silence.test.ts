/** The verdicts about a driver that has stopped to answer: with and without records of its processes. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createJudgement, type Judgement } from '../../../core/verdict/judge.ts'
import type { JvmProcess, Observation, ProcessRecord } from '../../../core/verdict/witnesses.ts'
import { samples } from './judged-samples.ts'
import { answers, describeVerdict, judgeSteps, minuteMs, record, repeat, type Step, times } from './observations.ts'
import { testVerdicts } from './verdict-table.ts'

const pollMs = 10_000

/** An answer at 0, then a timeout every 10 s, with a record 1 s before the end of each. */
function silentUntil(
  untilMs: number,
  fields: (atMs: number) => Partial<JvmProcess> = () => ({}),
  others: (atMs: number) => Partial<ProcessRecord> = () => ({}),
): readonly Step[] {
  const observe = (atMs: number) => times(record(atMs - 1_000, fields(atMs), others(atMs)))
  return [[0, answers()], ...repeat(pollMs, untilMs, pollMs, observe)]
}

const ticks = (perSecond: number) => (atMs: number) => ({ cpuTicks: 1_000 + Math.round((atMs / 1_000) * perSecond) })
const throttledUs = (share: number) => (atMs: number) => ({ throttledUs: atMs * 1_000 * share })
const bare = (untilMs: number): readonly Step[] => [[0, answers()], ...repeat(pollMs, untilMs, pollMs, () => times())]

testVerdicts('frozen', [
  {
    what: 'stopped for 20 s',
    steps: silentUntil(20_000, () => ({ state: 'stopped' })),
    verdict: 'hung frozen certain',
  },
  { what: 'stopped for 10 s', steps: silentUntil(10_000, () => ({ state: 'stopped' })), verdict: 'failing' },
  {
    what: 'stopped for 10 s of a silence in which it worked before',
    steps: silentUntil(60_000, (atMs) => ({
      ...ticks(50)(Math.min(atMs, 45_000)),
      state: atMs < 45_000 ? 'running' : 'stopped',
    })),
    verdict: 'failing',
  },
  {
    what: 'stopped for 20 s of a silence in which it worked before',
    steps: silentUntil(70_000, (atMs) => ({
      ...ticks(50)(Math.min(atMs, 45_000)),
      state: atMs < 45_000 ? 'running' : 'stopped',
    })),
    verdict: 'hung frozen certain',
  },
  {
    what: 'stopped in the only record of a silence',
    steps: [[0, answers()], ...repeat(pollMs, 50_000, pollMs, () => times(record(10_000, { state: 'stopped' })))],
    verdict: 'failing',
  },
  {
    what: 'stopped, fewer polls than the threshold',
    steps: silentUntil(20_000, () => ({ state: 'stopped' })),
    deadlines: { failureThreshold: 3 },
    verdict: 'failing',
  },
  { what: 'no tick for 20 s', steps: silentUntil(30_000), verdict: 'hung frozen certain' },
  { what: 'no tick for 10 s', steps: silentUntil(20_000), verdict: 'failing' },
  { what: 'one tick per 10 s', steps: silentUntil(120_000, ticks(0.1)), verdict: 'failing' },
  {
    what: 'no tick, because it waits for a disk',
    steps: silentUntil(120_000, () => ({ waitsForDisk: true })),
    verdict: 'failing',
  },
  {
    what: 'no tick, and no probe has looked for disks and debug agents: it may wait for one, until the longer deadline',
    steps: silentUntil(5 * minuteMs - pollMs, () => ({ waitsForDisk: null })),
    verdict: 'failing',
  },
  {
    what: 'no tick, and the newest probe was the first that looked for disks and debug agents',
    steps: silentUntil(30_000, (atMs) => ({ waitsForDisk: atMs < 30_000 ? null : false })),
    verdict: 'hung frozen certain',
  },
  {
    what: 'no tick, because it is throttled',
    steps: silentUntil(120_000, undefined, throttledUs(0.9)),
    verdict: 'failing',
  },
  {
    what: 'no tick, and hardly throttled: by the probe itself',
    steps: silentUntil(30_000, undefined, throttledUs(0.01)),
    verdict: 'hung frozen certain',
  },
  {
    what: 'a longer deadline of the user',
    steps: silentUntil(400_000),
    deadlines: { frozenDeadlineMs: 600_000 },
    verdict: 'failing',
  },
  {
    what: 'the equal records are from before the silence',
    steps: [
      [0, answers({ processes: record(0) })],
      [30_000, answers({ processes: record(30_000) })],
      [60_000, times(record(49_000))],
      [70_000, times(record(49_000))],
    ],
    verdict: 'failing',
  },
  {
    what: 'the records are of two JVMs',
    steps: silentUntil(30_000, (atMs) => ({ startTicks: String(atMs) })),
    verdict: 'failing',
  },
  {
    what: 'an answer between',
    steps: [...silentUntil(20_000), [20_010, answers()], [40_000, times(record(39_000))]],
    verdict: 'failing',
  },
  {
    what: 'an error at once instead of a timeout',
    steps: [[0, answers()], ...repeat(1, 30_001, pollMs, (atMs) => times(record(atMs), samples.reset))],
    verdict: 'hung frozen certain',
  },
])

testVerdicts('a debugger', [
  {
    what: 'a debug agent, no tick',
    steps: silentUntil(10 * minuteMs, () => ({ hasDebugAgent: true })),
    verdict: 'unknown',
  },
  {
    what: 'a debug agent, stopped',
    steps: silentUntil(10 * minuteMs, () => ({ hasDebugAgent: true, state: 'stopped' })),
    verdict: 'unknown',
  },
  {
    what: 'a debug agent, other threads compute',
    steps: silentUntil(10 * minuteMs, (atMs) => ({ hasDebugAgent: true, ...ticks(90)(atMs) })),
    verdict: 'unknown',
  },
  {
    what: 'a debug agent, known from before the silence',
    steps: [
      [0, answers({ processes: record(0, { hasDebugAgent: true }) })],
      ...repeat(pollMs, 10 * minuteMs, pollMs, () => times()),
    ],
    verdict: 'unknown',
  },
  { what: 'traced', steps: silentUntil(10 * minuteMs, () => ({ state: 'traced' })), verdict: 'unknown' },
  {
    what: 'a debug agent, and it answers again',
    steps: [...silentUntil(minuteMs, () => ({ hasDebugAgent: true })), [minuteMs + 10, answers()]],
    verdict: 'alive',
  },
])

testVerdicts('busy', [
  { what: 'burns CPU for 5 min', steps: silentUntil(5 * minuteMs, ticks(95)), verdict: 'hung busy certain' },
  { what: 'burns CPU for less', steps: silentUntil(5 * minuteMs - pollMs, ticks(95)), verdict: 'failing' },
  {
    what: 'throttled for 5 min',
    steps: silentUntil(5 * minuteMs, ticks(2), throttledUs(0.8)),
    verdict: 'hung busy certain',
  },
  {
    what: 'uses a little CPU for 5 min',
    steps: silentUntil(5 * minuteMs, ticks(1)),
    verdict: 'hung unresponsive certain',
  },
  { what: 'uses a little CPU for less', steps: silentUntil(4 * minuteMs, ticks(1)), verdict: 'failing' },
  {
    what: 'no tick for 5 min, and no probe has looked for disks',
    steps: silentUntil(5 * minuteMs + pollMs, () => ({ waitsForDisk: null })),
    verdict: 'hung unresponsive certain',
  },
  {
    what: 'waits for a disk for 5 min',
    steps: silentUntil(5 * minuteMs, () => ({ waitsForDisk: true })),
    verdict: 'hung unresponsive certain',
  },
  {
    what: 'a collection of 90 s that ends',
    steps: [...silentUntil(90_000, ticks(95)), [90_010, answers()]],
    verdict: 'alive',
  },
  {
    what: 'an answer starts it over',
    steps: [
      ...silentUntil(4 * minuteMs, ticks(95)),
      [4 * minuteMs + 10, answers()],
      ...repeat(4 * minuteMs + pollMs, 6 * minuteMs, pollMs, (atMs) => times(record(atMs, ticks(95)(atMs)))),
    ],
    verdict: 'failing',
  },
])

testVerdicts('unresponsive', [
  { what: 'no record for 2 min', steps: bare(2 * minuteMs), verdict: 'hung unresponsive certain' },
  { what: 'no record for less', steps: bare(2 * minuteMs - pollMs), verdict: 'failing' },
  {
    what: 'records without a JVM',
    steps: silentUntil(2 * minuteMs, undefined, () => ({ jvm: null })),
    verdict: 'hung unresponsive certain',
  },
  {
    what: 'the records ended, and busy-deadline has not passed: the kubelet may be restarting, and the driver collects garbage',
    steps: [...silentUntil(50_000, ticks(95)), ...repeat(minuteMs, 290_000, pollMs, () => times())],
    verdict: 'failing',
  },
  {
    what: 'the records ended, and busy-deadline has passed',
    steps: [...silentUntil(50_000, ticks(95)), ...repeat(minuteMs, 5 * minuteMs, pollMs, () => times())],
    verdict: 'hung unresponsive certain',
  },
  {
    what: 'the only record is from before the silence, until busy-deadline',
    steps: [[0, answers({ processes: record(0) })], ...repeat(pollMs, 290_000, pollMs, () => times(record(0)))],
    verdict: 'failing',
  },
  {
    what: 'the only record is from before the silence, after busy-deadline',
    steps: [[0, answers({ processes: record(0) })], ...repeat(pollMs, 310_000, pollMs, () => times(record(0)))],
    verdict: 'hung unresponsive certain',
  },
])

describe('silence without a record that could be read', () => {
  const silence = (untilMs: number, others: Partial<ProcessRecord> = {}): readonly Step[] => [
    [0, answers()],
    ...repeat(pollMs, untilMs, pollMs, (atMs) => times(others.jvm === null ? record(atMs, {}, others) : undefined)),
  ]
  const unreadable = silence(5 * minuteMs).map(([atMs, observation]): Step => [atMs, { ...observation, probed: true }])
  const rows: readonly [string, boolean, readonly Step[], string][] = [
    [
      'no record was ever readable, and a probe has run, until busy-deadline',
      false,
      unreadable.slice(0, -1),
      'failing',
    ],
    ['the same, after busy-deadline', false, unreadable, 'hung unresponsive certain'],
    ['probes recorded the driver before, until busy-deadline', true, silence(5 * minuteMs - pollMs), 'failing'],
    ['probes recorded it before, after busy-deadline', true, silence(5 * minuteMs), 'hung unresponsive certain'],
    ['no probe ever recorded it', false, silence(2 * minuteMs), 'hung unresponsive certain'],
    ['the probes record, but see no JVM', true, silence(2 * minuteMs, { jvm: null }), 'hung unresponsive certain'],
  ]
  for (const [what, probed, steps, verdict] of rows) {
    test(`${what} → ${verdict}`, () => {
      const before = createJudgement(0, { answered: true, probed })
      assert.equal(describeVerdict(judgeSteps(steps, {}, before)), verdict)
    })
  }
})

describe('frozen before the first answer', () => {
  const stopped = (atMs: number, ui: Observation['ui']) => times(record(atMs, { state: 'stopped' }), ui)
  for (const name of ['refused', 'timeout'] as const) {
    test(`stopped, ${name}, for the deadline → frozen`, () => {
      const steps = repeat(1_000, 21_000, 1_000, (atMs) => stopped(atMs, samples[name]))
      assert.equal(describeVerdict(judgeSteps(steps)), 'hung frozen certain')
      assert.equal(describeVerdict(judgeSteps(steps.slice(0, 15))), 'starting')
    })
  }

  test('no tick, but not stopped → starting: a kernel may wait for its user', () => {
    const steps = repeat(1_000, 120_000, 1_000, (atMs) => times(record(atMs), samples.refused))
    assert.equal(describeVerdict(judgeSteps(steps)), 'starting')
  })

  test('stopped after the UI closed → stopping: nothing may run again', () => {
    const steps = repeat(1_000, 120_000, 1_000, (atMs) => stopped(atMs, samples.refused))
    assert.equal(describeVerdict(judgeSteps(steps, {}, createJudgement(0, { answered: true }))), 'stopping')
  })

  test('the record is old → starting', () => {
    const steps = repeat(1_000, 21_000, 1_000, (atMs) => stopped(atMs, samples.refused))
    const later: Step = [120_000, stopped(21_000, samples.refused)]
    assert.equal(describeVerdict(judgeSteps([...steps, later])), 'starting')
  })
})

const errors = (atMs: number): Observation => ({
  ui: samples.error,
  processes: record(atMs - 1_000, ticks(95)(atMs)),
})
const busyTimeouts = (atMs: number) => times(record(atMs - 1_000, ticks(95)(atMs)))
const start: Step = [0, answers()]

testVerdicts('errors as answers', [
  {
    what: 'errors for the busy deadline',
    steps: [start, ...repeat(pollMs, 6 * minuteMs, pollMs, errors)],
    verdict: 'hung busy likely',
  },
  {
    what: 'errors, then silence for the busy deadline',
    steps: [
      start,
      ...repeat(pollMs, minuteMs, pollMs, errors),
      ...repeat(minuteMs + pollMs, 6 * minuteMs + pollMs, pollMs, busyTimeouts),
    ],
    verdict: 'hung busy certain',
  },
  {
    what: 'silence, then an error',
    steps: [start, ...repeat(pollMs, 4 * minuteMs, pollMs, busyTimeouts), [5 * minuteMs, errors(5 * minuteMs)]],
    verdict: 'hung busy likely',
  },
])

describe('evidence of a silence', () => {
  const evidenceOf = ({ verdict }: Judgement) =>
    verdict.kind === 'hung'
      ? verdict.evidence.map(({ witness, report, sinceMs }) => `${witness} ${report} @${sinceMs}`)
      : []

  test('frozen → both witnesses, each with its time', () => {
    assert.deepEqual(evidenceOf(judgeSteps(silentUntil(30_000))), [
      'ui no answer to 3 polls @0',
      'processes the JVM used no CPU time for 20 s @9000',
    ])
  })

  test('busy → the share of a core', () => {
    assert.deepEqual(evidenceOf(judgeSteps(silentUntil(5 * minuteMs, ticks(95)))), [
      'ui no answer to 30 polls @0',
      'processes the JVM used 95.0 % of a core @9000',
    ])
  })

  test('errors → the polls that failed, not a silence', () => {
    const steps: readonly Step[] = [start, ...repeat(pollMs, 6 * minuteMs, pollMs, errors)]
    assert.match(evidenceOf(judgeSteps(steps))[0] ?? '', /^ui \d+ polls failed, some with an error as the answer @/)
  })

  test('unresponsive without records → the UI only', () => {
    assert.deepEqual(evidenceOf(judgeSteps(bare(2 * minuteMs))), ['ui no answer to 12 polls @0'])
  })
})
