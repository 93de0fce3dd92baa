/** What the judge wants to read next, and when evidence is worth saving. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createJudgement, type Judgement, judge } from '../../../core/verdict/judge.ts'
import { hasDoubt, planReadings } from '../../../core/verdict/plan-readings.ts'
import type { Observation, UiWitness } from '../../../core/verdict/witnesses.ts'
import { policy, samples } from './judged-samples.ts'
import {
  answers,
  batchJob,
  executors,
  frames,
  jobs,
  judgeSteps,
  listeners,
  main,
  metrics,
  minuteMs,
  queries,
  query,
  scheduler,
  stream,
  thread,
  threads,
  times,
} from './observations.ts'

type Ui = Required<Pick<Observation, UiWitness>>
type Bytes = Readonly<Record<UiWitness, number>>

/** As measured on Spark 4.0.1 (test data of the readers), with the headers of a response. */
const bytes: Bytes = { jobs: 300, executors: 1_700, metrics: 15_000, threads: 350_000, queries: 20_000 }
const pollBytes = 600

interface Reading {
  readonly atMs: number
  readonly witness: UiWitness
  readonly urgency: 'urgent' | 'optional'
}

/** A reader that polls every 5 s, and reads what is wanted; what is optional only if it has the bytes of its polls left. */
function simulate(
  untilMs: number,
  ui: (atMs: number) => Partial<Ui>,
): { readonly readings: readonly Reading[]; readonly judgement: Judgement; readonly extraBytes: number } {
  const readings: Reading[] = []
  let judgement = createJudgement(0)
  let [budget, extraBytes] = [0, 0]
  for (let atMs = 0; atMs <= untilMs; atMs += 5_000) {
    budget += pollBytes
    const [next] = planReadings(judgement, policy, atMs).filter(
      ({ witness, urgency }) => urgency === 'urgent' || bytes[witness] <= budget,
    )
    const shown = ui(atMs)
    if (next !== undefined) {
      budget -= bytes[next.witness]
      extraBytes += bytes[next.witness]
      readings.push({ atMs, ...next })
    }
    const reading =
      next !== undefined && shown[next.witness] !== undefined ? { [next.witness]: shown[next.witness] } : {}
    const requested = next === undefined ? {} : { requested: [next.witness] }
    judgement = judge(judgement, answers({ ...reading, ...requested }), policy, atMs)
  }
  return { readings, judgement, extraBytes }
}

const timesOf = (readings: readonly Reading[], witness: UiWitness) =>
  readings.filter((reading) => reading.witness === witness).map(({ atMs }) => atMs)
const gaps = (list: readonly number[]) => list.slice(1).map((atMs, index) => atMs - (list[index] ?? 0))
const dump = threads(main(), scheduler, listeners)

describe('planReadings', () => {
  test('no answer → nothing', () => {
    for (const sample of [samples.refused, samples.timeout, samples.other]) {
      assert.deepEqual(
        planReadings(
          judgeSteps([
            [0, answers()],
            [10_000, { ui: sample }],
          ]),
          policy,
          10_000,
        ),
        [],
      )
    }
  })

  test('a first answer → the jobs first, then the metrics and the queries if the bytes allow', () => {
    assert.deepEqual(planReadings(judgeSteps([[0, answers()]]), policy, 0), [
      { witness: 'jobs', urgency: 'optional' },
      { witness: 'metrics', urgency: 'optional' },
      { witness: 'queries', urgency: 'optional' },
    ])
  })

  test('a stream whose jobs run between the readings of the jobs → its queries are read within 15 min', () => {
    const { readings, judgement } = simulate(15 * minuteMs, (atMs) => ({
      jobs: jobs(),
      metrics: metrics({ allJobs: Math.floor(atMs / 10_000) }),
      queries: queries({ batch: Math.floor(atMs / 10_000) }),
    }))
    assert.ok(timesOf(readings, 'queries').length > 0)
    assert.equal(judgement.work.queries.streamed, true)
  })

  test('a healthy driver with short tasks → jobs each 30 s, metrics each 5 min, queries ever rarer, nothing else', () => {
    const { readings, judgement } = simulate(60 * minuteMs, (atMs) => ({
      jobs: jobs({ endedTasks: atMs }),
      metrics: metrics({ activeJobs: 1, allJobs: Math.floor(atMs / minuteMs) }),
      threads: dump,
    }))
    assert.deepEqual([...new Set(readings.map(({ witness }) => witness))], ['jobs', 'metrics', 'queries'])
    assert.ok(timesOf(readings, 'queries').length <= 6)
    assert.ok(gaps(timesOf(readings, 'jobs')).every((gap) => gap >= 30_000 && gap <= 40_000))
    assert.ok(gaps(timesOf(readings, 'metrics')).every((gap) => gap >= 300_000))
    assert.equal(hasDoubt(judgement), false)
  })

  test('the first job and query start after the first readings → the next readings follow, not only after 20 min', () => {
    const { readings } = simulate(30 * minuteMs, (atMs) => ({
      jobs: jobs(),
      metrics: metrics({ allJobs: atMs < 3 * minuteMs ? 0 : 3 }),
      threads: dump,
      ...(atMs >= 3 * minuteMs && { queries: queries(query()) }),
    }))
    const secondOf = (witness: 'metrics' | 'queries') => timesOf(readings, witness)[1] ?? Number.POSITIVE_INFINITY
    assert.ok(secondOf('metrics') <= 6 * minuteMs, `${secondOf('metrics')}`)
    assert.ok(secondOf('queries') <= 18 * minuteMs, `${secondOf('queries')}`)
  })

  const healthy: readonly (readonly [what: string, ui: (atMs: number) => Partial<Ui>])[] = [
    [
      'short tasks',
      (atMs) => ({ jobs: jobs({ endedTasks: atMs }), metrics: metrics({ activeJobs: 1 }), threads: dump }),
    ],
    [
      'tasks of an hour',
      (atMs) => ({
        jobs: jobs({ id: Math.floor(atMs / 3_600_000) }),
        metrics: metrics({ activeJobs: 1 }),
        threads: dump,
      }),
    ],
    [
      'a job each ten minutes',
      (atMs) => ({
        jobs: atMs % 600_000 < 60_000 ? jobs({ endedTasks: atMs }) : jobs(),
        metrics: metrics({ allJobs: Math.floor(atMs / 600_000) }),
        threads: dump,
      }),
    ],
    [
      'a driver that is idle, and whose UI missed the end of a job',
      () => ({
        jobs: jobs({ activeTasks: 0 }),
        executors: executors(0),
        metrics: metrics({ activeJobs: 0 }),
        threads: dump,
      }),
    ],
    ['a driver that is idle after its first jobs', () => ({ jobs: jobs(), metrics: metrics(), threads: dump })],
    [
      'a stream whose batches take no time',
      (atMs) => ({
        jobs: jobs(),
        metrics: metrics({ allJobs: Math.floor(atMs / 60_000) }),
        threads: threads(...dump.threads, stream(frames.trigger)),
        queries: queries({ batch: Math.floor(atMs / 60_000) }),
      }),
    ],
    [
      'a stream with long batches',
      (atMs) => ({
        jobs: jobs(batchJob({ endedTasks: atMs }, Math.floor(atMs / 60_000))),
        metrics: metrics(),
        threads: dump,
        queries: queries({}),
      }),
    ],
  ]
  for (const [what, ui] of healthy) {
    test(`${what}, for six hours → at most twice the bytes of the polls, and two dumps`, () => {
      const { extraBytes, judgement, readings } = simulate(360 * minuteMs, ui)
      const polls = (360 * minuteMs) / 5_000
      assert.ok(extraBytes <= pollBytes * polls + 2 * bytes.threads, `${extraBytes} of ${pollBytes * polls}`)
      assert.equal(judgement.verdict.kind, 'alive')
      assert.equal(hasDoubt(judgement), false)
      assert.ok(timesOf(readings, 'queries').length < 12 || what.includes('stream'))
    })
  }

  test('jobs of which nothing runs → executors, and a dump after a minute; the next one 30 s later, then ever rarer', () => {
    const { readings } = simulate(60 * minuteMs, () => ({
      jobs: jobs({ activeTasks: 0 }),
      executors: executors(2),
      metrics: metrics({ activeJobs: 1 }),
      threads: dump,
    }))
    const dumps = timesOf(readings, 'threads')
    assert.ok((dumps[0] ?? Number.POSITIVE_INFINITY) <= 2 * minuteMs)
    const [second = 0, ...rest] = gaps(dumps)
    assert.ok(second >= policy.threadDumpIntervalMs && second <= policy.threadDumpIntervalMs + 10_000, String(second))
    assert.ok(
      rest.every((gap, index) => gap > (index === 0 ? second : (rest[index - 1] ?? 0)) * 1.5),
      String(rest),
    )
    assert.ok(timesOf(readings, 'executors').length > 10)
  })

  test('a dead scheduler → two dumps, and the verdict within two and a half minutes', () => {
    const { judgement } = simulate(150_000, () => ({
      jobs: jobs({ activeTasks: 0 }),
      executors: executors(2),
      metrics: metrics({ activeJobs: 1 }),
      threads: threads(main(), listeners),
    }))
    assert.equal(judgement.verdict.kind === 'hung' && judgement.verdict.reason, 'scheduler-dead')
  })

  test('a scheduler that died before its next job was listed → found after the driver became quiet', () => {
    const { judgement } = simulate(10 * minuteMs, (atMs) => ({
      jobs: atMs < minuteMs ? jobs({ endedTasks: atMs }) : jobs(),
      metrics: metrics(),
      threads: threads(main(frames.runJob), listeners),
    }))
    assert.equal(judgement.verdict.kind === 'hung' && judgement.verdict.reason, 'scheduler-dead')
  })

  test('a deadlock of main after an hour of work → found', () => {
    const locked = threads(
      thread('main', { id: 1, state: 'BLOCKED', blockedBy: 9 }),
      thread('worker', { id: 9, state: 'BLOCKED', blockedBy: 1 }),
      scheduler,
      listeners,
    )
    const { judgement } = simulate(65 * minuteMs, (atMs) => ({
      jobs: atMs < 60 * minuteMs ? jobs({ endedTasks: atMs }) : jobs(),
      metrics: metrics({ allJobs: Math.min(60, Math.floor(atMs / minuteMs)) }),
      threads: locked,
    }))
    assert.equal(judgement.verdict.kind === 'hung' && judgement.verdict.reason, 'deadlock')
  })

  test('the only query fails → the verdict within ten minutes', () => {
    const { judgement } = simulate(20 * minuteMs, (atMs) => {
      const isFailed = atMs >= 10 * minuteMs
      return {
        jobs: isFailed ? jobs() : jobs(batchJob({ endedTasks: atMs }, Math.floor(atMs / 60_000))),
        metrics: metrics({ allJobs: Math.min(10, Math.floor(atMs / minuteMs)) }),
        queries: queries({ state: isFailed ? 'failed' : 'active' }),
        threads: dump,
      }
    })
    const { verdict } = judgement
    assert.ok(verdict.kind === 'hung' && verdict.reason === 'query-ended' && verdict.certainty === 'certain')
  })

  test('a stream that waits for its source → the verdict, with dumps at most once a minute', () => {
    const waiting = threads(main(), scheduler, listeners, stream(frames.source, 'RUNNABLE'))
    const { judgement, readings } = simulate(40 * minuteMs, (atMs) => ({
      jobs: atMs < 10 * minuteMs ? jobs(batchJob({ endedTasks: atMs }, Math.floor(atMs / 60_000))) : jobs(),
      metrics: metrics({ allJobs: Math.min(10, Math.floor(atMs / minuteMs)) }),
      queries: queries({ batch: Math.min(10, Math.floor(atMs / minuteMs)) }),
      threads: waiting,
    }))
    assert.equal(judgement.verdict.kind === 'hung' && judgement.verdict.reason, 'streaming-stall')
    assert.ok(
      gaps(timesOf(readings, 'threads'))
        .slice(1)
        .every((gap) => gap >= 60_000),
    )
  })

  test('a query that is blocked beside one that works → the verdict, although no job ever stands still', () => {
    const other = { name: 'good', id: 'good', runId: '11111111-e2ab-42cc-a31f-e3bf187602b2' }
    const blocked = threads(main(), scheduler, listeners, stream(frames.source, 'RUNNABLE'))
    const { judgement } = simulate(60 * minuteMs, (atMs) => ({
      jobs: jobs({ id: atMs, streaming: { kind: 'batch', runId: other.runId, batch: Math.floor(atMs / 2_000) } }),
      metrics: metrics({ allJobs: Math.floor(atMs / 2_000) }),
      queries: queries({ batch: 3 }, { ...other, batch: Math.floor(atMs / 2_000) }),
      threads: blocked,
    }))
    assert.equal(judgement.verdict.kind === 'hung' && judgement.verdict.reason, 'streaming-stall')
  })

  test('one of ten queries gets no data for a day → its page is urgent ever more rarely', () => {
    const other = { name: 'good', id: 'good', runId: '11111111-e2ab-42cc-a31f-e3bf187602b2' }
    const { readings } = simulate(24 * 60 * minuteMs, (atMs) => ({
      jobs: jobs({ id: atMs, streaming: { kind: 'batch', runId: other.runId, batch: Math.floor(atMs / 2_000) } }),
      metrics: metrics({ allJobs: Math.floor(atMs / 2_000) }),
      queries: queries({ batch: 3 }, { ...other, batch: Math.floor(atMs / 2_000) }),
      threads: threads(main(), scheduler, listeners),
    }))
    const urgent = readings.filter(({ witness, urgency }) => witness === 'queries' && urgency === 'urgent')
    assert.ok(urgent.length <= 24, String(urgent.length))
  })

  test('a UI that refuses dumps, metrics and queries → asked less and less often', () => {
    const { readings } = simulate(360 * minuteMs, () => ({ jobs: jobs(batchJob({ activeTasks: 0 })) }))
    for (const witness of ['threads', 'metrics', 'queries', 'executors'] as const) {
      const list = timesOf(readings, witness)
      assert.ok(list.length >= 1 && list.length <= 12, `${witness}: ${list.length}`)
    }
  })

  test('the same judgement and time → the same plan', () => {
    const { judgement } = simulate(10 * minuteMs, () => ({ jobs: jobs({ activeTasks: 0 }), threads: dump }))
    const before = JSON.stringify(judgement)
    assert.deepEqual(planReadings(judgement, policy, 660_000), planReadings(judgement, policy, 660_000))
    assert.equal(JSON.stringify(judgement), before)
  })
})

describe('hasDoubt', () => {
  const cases: readonly (readonly [what: string, judgement: Judgement, suspected: boolean])[] = [
    ['an answer', judgeSteps([[0, answers()]]), false],
    [
      'one failed poll',
      judgeSteps([
        [0, answers()],
        [10_000, times()],
      ]),
      true,
    ],
    ['no answer yet', judgeSteps([[0, { ui: samples.timeout }]]), false],
    [
      'the UI has closed',
      judgeSteps([
        [0, answers()],
        [10_000, { ui: samples.refused }],
      ]),
      false,
    ],
    ['a failed query', judgeSteps([[0, answers({ queries: queries({ state: 'failed' }) })]]), true],
    ['no scheduler, with a job', judgeSteps([[0, answers({ jobs: jobs({}), threads: threads(listeners) })]]), true],
    [
      'a job that waits for executors',
      judgeSteps([[0, answers({ jobs: jobs({ activeTasks: 0 }), executors: executors(0) })]]),
      false,
    ],
  ]
  for (const [what, judgement, suspected] of cases) {
    test(`${what} → ${suspected}`, () => assert.equal(hasDoubt(judgement), suspected))
  }
})
