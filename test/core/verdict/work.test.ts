/** The verdicts about a driver that answers: each row of the table, its near misses, and each missing witness. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Observation, ThreadsReading } from '../../../core/verdict/witnesses.ts'
import { samples } from './judged-samples.ts'
import {
  answers,
  batchJob,
  describeVerdict,
  executors,
  frames,
  jobs,
  judgeSteps,
  listeners,
  main,
  metrics,
  minuteMs,
  queries,
  record,
  repeat,
  runId,
  type Step,
  scheduler,
  secondMs,
  stream,
  thread,
  threads,
} from './observations.ts'
import { testVerdicts } from './verdict-table.ts'

type Witnessed = Omit<Observation, 'ui'>
type Witness = keyof Witnessed

/** An answer every 30 s with these witnesses. */
const watch = (fromMs: number, toMs: number, observe: Witnessed | ((atMs: number) => Witnessed)): readonly Step[] =>
  repeat(fromMs, toMs, 30 * secondMs, (atMs) => answers(typeof observe === 'function' ? observe(atMs) : observe))

/** Each of these witnesses is needed: without it, the verdict is at most as in `otherwise`. */
function needs(name: string, steps: readonly Step[], otherwise: Partial<Record<Witness, string>>): void {
  describe(`${name}: missing witnesses`, () => {
    for (const [missing, verdict] of Object.entries(otherwise)) {
      test(`without ${missing} → ${verdict}`, () => {
        const without = steps.map(([atMs, observation]): Step => {
          const { ui, ...witnessed } = observation
          const kept = Object.entries(witnessed).filter(([witness]) => witness !== missing)
          return [atMs, { ui, ...Object.fromEntries(kept) }]
        })
        assert.equal(describeVerdict(judgeSteps(without)), verdict)
      })
    }
  })
}

const active = jobs({ activeTasks: 0 })
const healthyDump = threads(main(), scheduler, listeners)
const withoutScheduler = threads(main(), listeners)
const deadScheduler = watch(0, 30_000, { jobs: active, threads: withoutScheduler })

testVerdicts('scheduler-dead', [
  { what: 'missing in two dumps, with a job', steps: deadScheduler, verdict: 'hung scheduler-dead certain' },
  { what: 'missing in one dump', steps: watch(0, 0, { jobs: active, threads: withoutScheduler }), verdict: 'alive' },
  {
    what: 'missing in two dumps that are too close',
    steps: [
      [0, answers({ jobs: active, threads: withoutScheduler })],
      [15_000, answers({ jobs: active, threads: withoutScheduler })],
    ],
    verdict: 'alive',
  },
  {
    what: 'present again in the second',
    steps: watch(0, 30_000, (atMs) => ({ jobs: active, threads: atMs === 0 ? withoutScheduler : healthyDump })),
    verdict: 'alive',
  },
  {
    what: 'present between',
    steps: watch(0, 60_000, (atMs) => ({ jobs: active, threads: atMs === 30_000 ? healthyDump : withoutScheduler })),
    verdict: 'alive',
  },
  { what: 'no job', steps: watch(0, 5 * minuteMs, { jobs: jobs(), threads: withoutScheduler }), verdict: 'alive' },
  {
    what: 'no job is listed, but main waits for one',
    steps: watch(0, 30_000, { jobs: jobs(), threads: threads(main(frames.runJob), listeners) }),
    verdict: 'hung scheduler-dead certain',
  },
  {
    what: 'the dump has no thread of Spark',
    steps: watch(0, 5 * minuteMs, { jobs: active, threads: threads(main()) }),
    verdict: 'alive',
  },
  {
    what: 'the list of threads may be cut',
    steps: watch(0, 5 * minuteMs, {
      jobs: active,
      threads: threads(main(), listeners, ...Array.from({ length: 300 }, (_, id) => thread('pool', { id: 100 + id }))),
    }),
    verdict: 'alive',
  },
  {
    what: 'one long task',
    steps: watch(0, 20 * minuteMs, {
      jobs: jobs({ activeTasks: 1 }),
      metrics: metrics({ activeJobs: 1 }),
      threads: healthyDump,
    }),
    verdict: 'alive',
  },
  { what: 'the dumps are old', steps: [...deadScheduler, [10 * minuteMs, answers()]], verdict: 'alive' },
])
needs('scheduler-dead', deadScheduler, { threads: 'alive', jobs: 'alive' })

const blocked = (id: number, name: string, blockedBy: number, state = 'BLOCKED') =>
  thread(name, { id, blockedBy, state })
const deadlocked = (...list: ReturnType<typeof thread>[]) =>
  watch(0, 30_000, { jobs: jobs({}), threads: threads(scheduler, listeners, ...list) })

testVerdicts('deadlock', [
  {
    what: 'main and another thread in two dumps',
    steps: deadlocked(blocked(1, 'main', 90), blocked(90, 'worker', 1)),
    verdict: 'hung deadlock certain',
  },
  {
    what: 'a thread of a stream',
    steps: deadlocked({ ...stream([], 'BLOCKED'), blockedBy: 90 }, blocked(90, 'worker', 66)),
    verdict: 'hung deadlock certain',
  },
  {
    what: 'main waits for two that wait for each other',
    steps: deadlocked(blocked(1, 'main', 90), blocked(90, 'a', 91), blocked(91, 'b', 90)),
    verdict: 'hung deadlock certain',
  },
  {
    what: 'two threads that Spark does not need',
    steps: deadlocked(main(), blocked(90, 'a', 91), blocked(91, 'b', 90)),
    verdict: 'hung deadlock likely',
  },
  {
    what: 'three threads, listed in another order',
    steps: watch(0, 30_000, (atMs) => {
      const list = [blocked(1, 'main', 2), blocked(2, 'a', 3), blocked(3, 'b', 1)]
      return { threads: threads(...(atMs === 0 ? list : list.toReversed())) }
    }),
    verdict: 'hung deadlock certain',
  },
  {
    what: 'in one dump',
    steps: watch(0, 0, { threads: threads(blocked(1, 'main', 90), blocked(90, 'worker', 1)) }),
    verdict: 'alive',
  },
  {
    what: 'another cycle in the second dump',
    steps: watch(0, 30_000, (atMs) => ({
      threads: threads(blocked(1, 'main', 90 + atMs), blocked(90 + atMs, 'worker', 1)),
    })),
    verdict: 'alive',
  },
  {
    what: 'main waits for a thread that works',
    steps: deadlocked(blocked(1, 'main', 90), thread('worker', { id: 90, state: 'RUNNABLE' })),
    verdict: 'alive',
  },
  {
    what: 'one of them waits with a timeout',
    steps: deadlocked(blocked(1, 'main', 90), blocked(90, 'worker', 1, 'TIMED_WAITING')),
    verdict: 'alive',
  },
  { what: 'a thread that waits for itself', steps: deadlocked(blocked(1, 'main', 1)), verdict: 'alive' },
  { what: 'the owner is not in the dump', steps: deadlocked(blocked(1, 'main', 90)), verdict: 'alive' },
])
needs('deadlock', deadlocked(blocked(1, 'main', 90), blocked(90, 'worker', 1)), { threads: 'alive' })

const failed = { state: 'failed', error: 'java.io.IOException: no space' } as const
const endedUntil = (untilMs: number, dump: ThreadsReading = healthyDump, others: Witnessed = {}): readonly Step[] => [
  [0, answers({ jobs: jobs(), queries: queries({}) })],
  ...watch(30_000, untilMs, { jobs: jobs(), queries: queries(failed), threads: dump, metrics: metrics(), ...others }),
]
const withOthers = (others: ThreadsReading['others']): ThreadsReading => ({ ...healthyDump, others })
/** The same with records of a JVM that is idle. */
const endedAndIdle = (untilMs: number, dump: ThreadsReading): readonly Step[] =>
  endedUntil(untilMs, dump).map(([atMs, observation]) => [
    atMs,
    { ...observation, processes: record(atMs, { cpuTicks: atMs / 1_000 }) },
  ])
/** The same from 10 minutes on, with a record every 10 s until `recordedUntilMs`, of a JVM that uses `cores`. */
const endedAndRecorded = (
  recordedUntilMs: number,
  cores: number,
  untilMs = 15 * minuteMs,
  isRecorded = (_: number) => true,
): readonly Step[] => {
  let processes: Observation['processes']
  return repeat(7 * minuteMs, untilMs, 10_000, (atMs) => {
    if (atMs <= recordedUntilMs && isRecorded(atMs)) processes = record(atMs, { cpuTicks: (atMs / 10) * cores })
    const ended = atMs < failedMs ? {} : { queries: queries(failed), threads: healthyDump }
    const isRead = atMs % 30_000 === 0
    const read = { jobs: jobs(), metrics: metrics(), queries: queries({}), ...ended }
    return answers({ ...(isRead ? read : {}), ...(processes === undefined ? {} : { processes }) })
  })
}
const failedMs = 10 * minuteMs
const endedAndPython = (perSecond: number): readonly Step[] =>
  endedUntil(12 * minuteMs, threads(main(frames.python), scheduler, listeners)).map(([atMs, observation]) => [
    atMs,
    {
      ...observation,
      processes: record(atMs, { cpuTicks: atMs / 1_000 }, { pythonCpuTicks: Math.round((atMs / 1_000) * perSecond) }),
    },
  ])

testVerdicts('query-ended', [
  { what: 'the only query, main waits for it', steps: endedUntil(3 * minuteMs), verdict: 'hung query-ended certain' },
  {
    what: 'no record, and main waits for something else',
    steps: endedUntil(60 * minuteMs, threads(main(frames.latch), scheduler, listeners)),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'no record, and main has returned: a client may still wait for an answer',
    steps: endedUntil(60 * minuteMs, threads(thread('DestroyJavaVM'), scheduler, listeners)),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'the JVM is idle, and main waits for the answer of an asynchronous client',
    steps: endedAndIdle(9 * minuteMs, threads(main(frames.asynchronousClient), scheduler, listeners)),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'the JVM is idle, and main waits for something else for five times the deadline',
    steps: endedAndIdle(11 * minuteMs, threads(main(frames.latch), scheduler, listeners)),
    verdict: 'hung query-ended certain',
  },
  {
    what: 'the JVM is idle for five times the deadline, and main has returned',
    steps: endedAndIdle(11 * minuteMs, threads(thread('DestroyJavaVM'), scheduler, listeners)),
    verdict: 'hung query-ended certain',
  },
  { what: 'not for so long', steps: endedUntil(2 * minuteMs), verdict: 'alive' },
  {
    what: 'off',
    steps: endedUntil(10 * minuteMs),
    deadlines: { queryEndedDeadlineMs: null },
    verdict: 'alive',
  },
  {
    what: 'one of two',
    steps: watch(0, 3 * minuteMs, {
      jobs: jobs(),
      threads: healthyDump,
      queries: queries(failed, { id: 'other', runId: 'other', name: 'other' }),
    }),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'started again from its checkpoint',
    steps: watch(0, 10 * minuteMs, {
      jobs: jobs(),
      threads: healthyDump,
      queries: queries(failed, { runId: 'next', name: 'x' }),
    }),
    verdict: 'alive',
  },
  {
    what: 'started again by its name',
    steps: watch(0, 10 * minuteMs, {
      jobs: jobs(),
      threads: healthyDump,
      queries: queries(failed, { runId: 'next', id: 'next' }),
    }),
    verdict: 'alive',
  },
  {
    what: 'another query without a name is no restart',
    steps: watch(0, 3 * minuteMs, {
      jobs: jobs(),
      threads: healthyDump,
      queries: queries({ ...failed, name: '<no name>' }, { runId: 'next', id: 'next', name: '<no name>' }),
    }),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'stopped, not failed',
    steps: watch(0, 10 * minuteMs, { jobs: jobs(), threads: healthyDump, queries: queries({ state: 'finished' }) }),
    verdict: 'alive',
  },
  {
    what: 'main computes',
    steps: endedUntil(10 * minuteMs, threads(main(frames.compute, 'RUNNABLE'), scheduler, listeners)),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'main waits for a job',
    steps: endedUntil(10 * minuteMs, threads(main(frames.runJob), scheduler, listeners)),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'the jobs were not read for long, so that one may have begun',
    steps: endedUntil(10 * minuteMs).map(([atMs, { jobs: read, ...others }]) => [
      atMs,
      { ...others, ...(atMs <= minuteMs && read !== undefined && { jobs: read }) },
    ]),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'main sleeps, maybe before it starts the query again',
    steps: endedUntil(9 * minuteMs, threads(main(frames.sleep, 'TIMED_WAITING'), scheduler, listeners)),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'the JVM is idle, and main sleeps for five times the deadline',
    steps: endedAndIdle(11 * minuteMs, threads(main(frames.sleep, 'TIMED_WAITING'), scheduler, listeners)),
    verdict: 'hung query-ended certain',
  },
  {
    what: 'the JVM is idle, and main sleeps for less',
    steps: endedAndIdle(9 * minuteMs, threads(main(frames.sleep, 'TIMED_WAITING'), scheduler, listeners)),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'no record, and main sleeps, maybe between what it does',
    steps: endedUntil(60 * minuteMs, threads(main(frames.sleep, 'TIMED_WAITING'), scheduler, listeners)),
    verdict: 'hung query-ended likely',
  },
  { what: 'Python does nothing', steps: endedAndPython(0), verdict: 'hung query-ended certain' },
  { what: 'Python works', steps: endedAndPython(20), verdict: 'hung query-ended likely' },
  {
    what: 'Python, and no record of it',
    steps: endedUntil(12 * minuteMs, threads(main(frames.python), scheduler, listeners)),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'no record, main waits, and another thread computes',
    steps: endedUntil(20 * minuteMs, withOthers('working')),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'no record, main has returned, and another thread computes',
    steps: endedUntil(20 * minuteMs, { ...threads(thread('DestroyJavaVM'), scheduler, listeners), others: 'working' }),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'no record, main sleeps, and another thread computes',
    steps: endedUntil(20 * minuteMs, {
      ...threads(main(frames.sleep, 'TIMED_WAITING'), scheduler, listeners),
      others: 'working',
    }),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'no record, and another thread computes now and then',
    steps: endedUntil(20 * minuteMs).map(([atMs, observation]) => [
      atMs,
      atMs % minuteMs === 0 ? observation : { ...observation, threads: withOthers('working') },
    ]),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'no record, and another thread has computed until the last two dumps',
    steps: endedUntil(5 * minuteMs).map(([atMs, observation]) => [
      atMs,
      atMs > 4 * minuteMs ? observation : { ...observation, threads: withOthers('working') },
    ]),
    verdict: 'hung query-ended certain',
  },
  {
    what: 'no record, and another thread has computed until the last dump',
    steps: endedUntil(5 * minuteMs).map(([atMs, observation]) => [
      atMs,
      atMs > 4.5 * minuteMs ? observation : { ...observation, threads: withOthers('working') },
    ]),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'the JVM is idle, and another thread sleeps, maybe before it starts the query again',
    steps: endedAndIdle(9 * minuteMs, withOthers('sleeping')),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'the JVM is idle, and another thread sleeps for five times the deadline',
    steps: endedAndIdle(11 * minuteMs, withOthers('sleeping')),
    verdict: 'hung query-ended certain',
  },
  {
    what: 'no record, and another thread sleeps, maybe between what it does',
    steps: endedUntil(60 * minuteMs, withOthers('sleeping')),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'the JVM is idle, and another thread waits for an answer from elsewhere',
    steps: endedAndIdle(20 * minuteMs, withOthers('working')),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'another thread of the JVM computes',
    steps: endedUntil(5 * minuteMs).map(([atMs, observation]) => [
      atMs,
      { ...observation, processes: record(atMs, { cpuTicks: atMs / 20 }) },
    ]),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'the JVM works, and the records end shortly before the failure',
    steps: endedAndRecorded(failedMs - 10_000, 3),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'the JVM was idle, and the records end after the failure',
    steps: endedAndRecorded(failedMs + 10_000, 0),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'the JVM works, and its first record after a gap does not say so yet',
    steps: endedAndRecorded(20 * minuteMs, 3, 15 * minuteMs, (atMs) => atMs < failedMs || atMs >= 15 * minuteMs),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'the JVM works and is recorded',
    steps: endedAndRecorded(20 * minuteMs, 3),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'the JVM is idle and is recorded',
    steps: endedAndRecorded(20 * minuteMs, 0.01),
    verdict: 'hung query-ended certain',
  },
  {
    what: 'the JVM worked long before the failure, and no probe has recorded it since',
    steps: [
      ...repeat(-6 * minuteMs, -3 * minuteMs, 10_000, (atMs) =>
        answers({ processes: record(atMs, { cpuTicks: (atMs + 6 * minuteMs) / 20 }) }),
      ),
      ...endedUntil(5 * minuteMs),
    ],
    verdict: 'hung query-ended certain',
  },
  {
    what: 'a job is active',
    steps: endedUntil(3 * minuteMs, healthyDump, { jobs: jobs({}), metrics: metrics({ activeJobs: 1 }) }),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'jobs have run since',
    steps: endedUntil(10 * minuteMs).map(([atMs, observation]) => [
      atMs,
      atMs < 30_000 ? observation : { ...observation, metrics: metrics({ allJobs: 28 + Math.floor(atMs / 100_000) }) },
    ]),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'a server of Thrift works without queries',
    steps: endedUntil(3 * minuteMs, threads(main(), scheduler, listeners, thread('HiveServer2-Handler-Pool'))),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'the application starts its query every hour, and one run has failed',
    steps: endedUntil(10 * minuteMs, healthyDump, {
      queries: queries(failed, { runId: 'first', state: 'finished' }),
    }),
    verdict: 'hung query-ended likely',
  },
  {
    what: 'the application has started it again before, and may wait longer now',
    steps: [
      ...watch(0, minuteMs, { jobs: jobs(), queries: queries({ ...failed, runId: 'first' }, {}) }),
      ...watch(2 * minuteMs, 12 * minuteMs, {
        jobs: jobs(),
        queries: queries({ ...failed, runId: 'first' }, failed),
        threads: healthyDump,
        metrics: metrics(),
      }),
    ],
    verdict: 'hung query-ended likely',
  },
  {
    what: 'the page was read once only',
    steps: [[0, answers({ queries: queries(failed) })], ...watch(30_000, 10 * minuteMs, { jobs: jobs() })],
    verdict: 'alive',
  },
])
needs('query-ended', endedUntil(3 * minuteMs), {
  queries: 'alive',
  threads: 'hung query-ended likely',
  jobs: 'hung query-ended likely',
})
needs('query-ended with Python', endedAndPython(0), { processes: 'hung query-ended likely' })

const stalledBatch = watch(0, 15 * minuteMs, { jobs: jobs(batchJob({ activeTasks: 1 })) })
const sourceDump = threads(main(), scheduler, listeners, stream(frames.source, 'RUNNABLE'))
const dumpEvery = (everyMs: number, untilMs: number, dump: ThreadsReading, others: Witnessed = { jobs: jobs() }) =>
  watch(0, untilMs, (atMs) => (atMs % everyMs === 0 ? { ...others, threads: dump } : others))

testVerdicts('streaming-stall', [
  { what: 'the same batch and no task ended', steps: stalledBatch, verdict: 'hung streaming-stall likely' },
  { what: 'not for so long', steps: stalledBatch.slice(0, -1), verdict: 'alive' },
  { what: 'off', steps: stalledBatch, deadlines: { streamingStallDeadlineMs: null }, verdict: 'alive' },
  {
    what: 'a task ended',
    steps: watch(0, 20 * minuteMs, (atMs) => ({ jobs: jobs(batchJob({ endedTasks: Math.floor(atMs / 600_000) })) })),
    verdict: 'alive',
  },
  {
    what: 'the next batch',
    steps: watch(0, 20 * minuteMs, (atMs) => ({ jobs: jobs(batchJob({}, Math.floor(atMs / 600_000))) })),
    verdict: 'alive',
  },
  {
    what: 'no task runs, and executors have cores',
    steps: watch(0, 15 * minuteMs, { jobs: jobs(batchJob({ activeTasks: 0 })), executors: executors(2) }),
    verdict: 'hung streaming-stall likely',
  },
  {
    what: 'no task runs, and nothing is known of executors',
    steps: watch(0, 15 * minuteMs, { jobs: jobs(batchJob({ activeTasks: 0 })) }),
    verdict: 'alive',
  },
  {
    what: 'no task runs, because there is no core',
    steps: watch(0, 15 * minuteMs, { jobs: jobs(batchJob({ activeTasks: 0 })), executors: executors(0) }),
    verdict: 'hung no-executors likely',
  },
  {
    what: 'DStreams, whose receiver is a job without end',
    steps: watch(0, 60 * minuteMs, { jobs: jobs({ streaming: { kind: 'unnamed' } }) }),
    verdict: 'alive',
  },
  {
    what: 'the source does not return',
    steps: dumpEvery(3 * minuteMs, 15 * minuteMs, sourceDump),
    verdict: 'hung streaming-stall likely',
  },
  {
    what: 'user code of a sink does not return',
    steps: dumpEvery(3 * minuteMs, 15 * minuteMs, threads(main(), scheduler, listeners, stream(frames.foreachBatch))),
    verdict: 'hung streaming-stall likely',
  },
  { what: 'not for so long', steps: dumpEvery(3 * minuteMs, 14 * minuteMs, sourceDump), verdict: 'alive' },
  {
    what: 'two dumps only',
    steps: dumpEvery(4 * minuteMs, 4 * minuteMs, sourceDump),
    deadlines: { streamingStallDeadlineMs: minuteMs },
    verdict: 'alive',
  },
  ...(['trigger', 'polling'] as const).map((name) => ({
    what: `idle in ${name}`,
    steps: dumpEvery(3 * minuteMs, 60 * minuteMs, threads(main(), scheduler, listeners, stream(frames[name]))),
    verdict: 'alive',
  })),
  {
    what: 'in other frames between',
    steps: watch(0, 30 * minuteMs, (atMs) => ({
      jobs: jobs(),
      threads: atMs % (10 * minuteMs) === 0 ? healthyDump : sourceDump,
    })),
    verdict: 'alive',
  },
  {
    what: 'its jobs run between',
    steps: watch(0, 30 * minuteMs, (atMs) =>
      atMs % (5 * minuteMs) === 30_000 ? { jobs: jobs(batchJob()) } : { jobs: jobs(), threads: sourceDump },
    ),
    verdict: 'alive',
  },
  {
    what: 'its batch advances between',
    steps: watch(0, 30 * minuteMs, (atMs) => ({
      jobs: jobs(),
      threads: sourceDump,
      queries: queries({ batch: Math.floor(atMs / 600_000) }),
    })),
    verdict: 'alive',
  },
  {
    what: 'the count of jobs rises between',
    steps: watch(0, 30 * minuteMs, (atMs) => ({
      jobs: jobs(),
      threads: sourceDump,
      metrics: metrics({ allJobs: Math.floor(atMs / 600_000) }),
    })),
    verdict: 'alive',
  },
])
needs('streaming-stall of a source', dumpEvery(3 * minuteMs, 15 * minuteMs, sourceDump), {
  threads: 'alive',
  jobs: 'alive',
})

const waiting = { jobs: jobs({ activeTasks: 0 }), executors: executors(0) }
const dropped = { activeJobs: 1, droppedExecutorEvents: 2 }
const starved = watch(0, 10 * minuteMs, { ...waiting, metrics: metrics(dropped) })
const starvedLater = watch(30_000, 11 * minuteMs, { ...waiting, metrics: metrics(dropped) })

testVerdicts('no-executors', [
  { what: 'for the deadline', steps: watch(0, 10 * minuteMs, waiting), verdict: 'hung no-executors likely' },
  { what: 'with dropped events', steps: starved, verdict: 'hung no-executors certain' },
  {
    what: 'events dropped before a task ran, and none since',
    steps: [[0, answers({ jobs: jobs({}), metrics: metrics(dropped) })], ...starvedLater],
    verdict: 'hung no-executors likely',
  },
  {
    what: 'events dropped before there was an executor, and none since',
    steps: [
      [0, answers({ metrics: metrics(dropped) })],
      [15_000, answers({ ...waiting, executors: executors(1) })],
      ...starvedLater,
    ],
    verdict: 'hung no-executors likely',
  },
  {
    what: 'events dropped before all jobs had ended, and none since',
    steps: [[0, answers({ metrics: metrics({ ...dropped, activeJobs: 0 }) })], ...starvedLater],
    verdict: 'hung no-executors likely',
  },
  {
    what: 'a task ran before the first metrics, soon after the start',
    steps: [[0, answers({ jobs: jobs({}) })], ...starvedLater],
    verdict: 'hung no-executors certain',
  },
  {
    what: 'the port refused connections before the first answer',
    steps: [[0, { ui: samples.refused }], [15_000, answers({ jobs: jobs({}) })], ...starvedLater],
    verdict: 'hung no-executors certain',
  },
  {
    what: 'the port refused connections after an answer: what another SparkContext dropped first is not known',
    steps: [[0, answers()], [10_000, { ui: samples.refused }], [15_000, answers({ jobs: jobs({}) })], ...starvedLater],
    verdict: 'hung no-executors likely',
  },
  {
    what: 'tasks ran for long before the first metrics',
    steps: [
      ...watch(0, 30 * minuteMs, { jobs: jobs({}) }),
      ...watch(30 * minuteMs + 30_000, 41 * minuteMs, { ...waiting, metrics: metrics(dropped) }),
    ],
    verdict: 'hung no-executors likely',
  },
  {
    what: 'the count is from long before, and tasks ran until jobs began to wait',
    steps: [
      [0, answers({ jobs: jobs({}), metrics: metrics({ ...dropped, droppedExecutorEvents: 0 }) })],
      ...repeat(10_000, 25 * minuteMs + 20_000, 10_000, (atMs) =>
        answers(atMs % 30_000 === 0 ? { jobs: jobs({}) } : {}),
      ),
      ...watch(25 * minuteMs + 30_000, 36 * minuteMs, { ...waiting, metrics: metrics(dropped) }),
    ],
    verdict: 'hung no-executors likely',
  },
  {
    what: 'the count was young when the last task was seen, and old when jobs were seen to wait',
    steps: [
      [0, answers({ jobs: jobs({}), metrics: metrics({ ...dropped, droppedExecutorEvents: 0 }) })],
      ...repeat(10_000, 25 * minuteMs, 10_000, (atMs) => answers(atMs === 9 * minuteMs ? { jobs: jobs({}) } : {})),
      ...watch(25 * minuteMs + 30_000, 36 * minuteMs, { ...waiting, metrics: metrics(dropped) }),
    ],
    verdict: 'hung no-executors likely',
  },
  {
    what: 'the count is from long before, and rises while jobs wait',
    steps: [
      [0, answers({ jobs: jobs({}), metrics: metrics({ ...dropped, droppedExecutorEvents: 0 }) })],
      ...watch(30_000, 25 * minuteMs, { jobs: jobs({}) }),
      ...watch(25 * minuteMs + 30_000, 36 * minuteMs, (atMs) => ({
        ...waiting,
        metrics: metrics({ ...dropped, droppedExecutorEvents: atMs < 28 * minuteMs ? 2 : 3 }),
      })),
    ],
    verdict: 'hung no-executors certain',
  },
  {
    what: 'the count is from long before, and has not risen until jobs wait',
    steps: [
      [0, answers({ jobs: jobs({}), metrics: metrics({ ...dropped, droppedExecutorEvents: 0 }) })],
      ...watch(30_000, 25 * minuteMs, { jobs: jobs({}) }),
      ...watch(25 * minuteMs + 30_000, 36 * minuteMs, (atMs) => ({
        ...waiting,
        metrics: metrics({ ...dropped, droppedExecutorEvents: atMs < 28 * minuteMs ? 0 : 2 }),
      })),
    ],
    verdict: 'hung no-executors certain',
  },
  {
    what: 'the newest count is read between the last reading with a task and the first without an executor',
    steps: [
      [0, answers({ jobs: jobs({}), metrics: metrics({ ...dropped, droppedExecutorEvents: 0 }) })],
      ...watch(30_000, 5 * minuteMs, { jobs: jobs({}) }),
      [5 * minuteMs + 10_000, answers({ metrics: metrics(dropped) })],
      ...watch(5 * minuteMs + 30_000, 16 * minuteMs, { ...waiting, metrics: metrics(dropped) }),
    ],
    verdict: 'hung no-executors likely',
  },
  {
    what: 'the newest count is read after the last reading with an executor and before the first without',
    steps: [
      [0, answers({ ...waiting, executors: executors(1), metrics: metrics({ ...dropped, droppedExecutorEvents: 0 }) })],
      [10_000, answers({ metrics: metrics(dropped) })],
      ...watch(30_000, 11 * minuteMs, { ...waiting, metrics: metrics(dropped) }),
    ],
    verdict: 'hung no-executors likely',
  },
  {
    what: 'events dropped before a task ran, and more since',
    steps: [
      [0, answers({ jobs: jobs({}), metrics: metrics({ ...dropped, droppedExecutorEvents: 1 }) })],
      ...starvedLater,
    ],
    verdict: 'hung no-executors certain',
  },
  { what: 'for less', steps: watch(0, 10 * minuteMs - 30_000, waiting), verdict: 'alive' },
  {
    what: 'the UI missed the end of the job, which the scheduler knows',
    steps: watch(0, 60 * minuteMs, (atMs) =>
      atMs % (2 * minuteMs) === 0 ? { metrics: metrics({ ...dropped, activeJobs: 0 }) } : waiting,
    ),
    verdict: 'alive',
  },
  {
    what: 'with dropped events, and a count of the scheduler from before',
    steps: [[0, answers({ metrics: metrics(dropped) })], ...watch(30_000, 11 * minuteMs, waiting)],
    verdict: 'hung no-executors likely',
  },
  { what: 'off', steps: starved, deadlines: { noExecutorsDeadlineMs: null }, verdict: 'alive' },
  {
    what: 'an executor between',
    steps: watch(0, 15 * minuteMs, (atMs) => ({ ...waiting, executors: executors(atMs === 8 * minuteMs ? 1 : 0) })),
    verdict: 'alive',
  },
  {
    what: 'a task between',
    steps: watch(0, 15 * minuteMs, (atMs) => (atMs === 8 * minuteMs ? { jobs: jobs({}) } : waiting)),
    verdict: 'alive',
  },
  { what: 'no job', steps: watch(0, 60 * minuteMs, { jobs: jobs(), executors: executors(0) }), verdict: 'alive' },
  {
    what: 'no job between',
    steps: watch(0, 15 * minuteMs, (atMs) => (atMs === 8 * minuteMs ? { jobs: jobs() } : waiting)),
    verdict: 'alive',
  },
  {
    what: 'the readings ended',
    steps: [...watch(0, 9 * minuteMs, waiting), ...watch(10 * minuteMs, 20 * minuteMs, {})],
    verdict: 'alive',
  },
  {
    what: 'executors are read in other polls than jobs',
    steps: watch(0, 11 * minuteMs, (atMs) =>
      atMs % 60_000 === 0 ? { jobs: waiting.jobs } : { executors: executors(0) },
    ),
    verdict: 'hung no-executors likely',
  },
])
testVerdicts(
  'no-executors, of a driver that worked before the observer started',
  [{ what: 'with dropped events, and none since', steps: starved, verdict: 'hung no-executors likely' }],
  true,
)
needs('no-executors', starved, { executors: 'alive', jobs: 'alive', metrics: 'hung no-executors likely' })

const endedMain = threads(thread('DestroyJavaVM', { id: 2, state: 'RUNNABLE' }), scheduler, listeners)
const mainEnded = watch(0, 10 * minuteMs, { jobs: jobs(), threads: endedMain })

testVerdicts('main-ended', [
  { what: 'for the deadline', steps: mainEnded, verdict: 'hung main-ended likely' },
  { what: 'for less', steps: mainEnded.slice(0, -1), verdict: 'alive' },
  {
    what: 'a job between',
    steps: watch(0, 15 * minuteMs, (atMs) => ({ jobs: atMs === 8 * minuteMs ? jobs({}) : jobs(), threads: endedMain })),
    verdict: 'alive',
  },
  ...['HiveServer2-Background-Pool: Thread-80', 'grpc-default-worker-ELG-3-1', 'SparkConnectExecuteThread'].map(
    (name) => ({
      what: `a server: ${name}`,
      steps: watch(0, 30 * minuteMs, { jobs: jobs(), threads: threads(...endedMain.threads, thread(name)) }),
      verdict: 'alive',
    }),
  ),
  {
    what: 'a streaming query',
    steps: watch(0, 30 * minuteMs, { jobs: jobs(), threads: threads(...endedMain.threads, stream(frames.trigger)) }),
    verdict: 'alive',
  },
  {
    what: 'a thread that computes',
    steps: watch(0, 30 * minuteMs, { jobs: jobs(), threads: { ...endedMain, others: 'working' } }),
    verdict: 'alive',
  },
  {
    what: 'DStreams',
    steps: watch(0, 30 * minuteMs, { jobs: jobs(), threads: threads(...endedMain.threads, thread('JobGenerator')) }),
    verdict: 'alive',
  },
  {
    what: 'no DestroyJavaVM: Python, or a list that is cut',
    steps: watch(0, 30 * minuteMs, { jobs: jobs(), threads: threads(scheduler, listeners) }),
    verdict: 'alive',
  },
])
needs('main-ended', mainEnded, { threads: 'alive', jobs: 'alive' })

testVerdicts('max-run-time', [
  {
    what: 'passed',
    steps: watch(0, 60 * minuteMs, {}),
    deadlines: { maxRunTimeMs: 60 * minuteMs },
    verdict: 'hung max-run-time certain',
  },
  { what: 'not yet', steps: watch(0, 59 * minuteMs, {}), deadlines: { maxRunTimeMs: 60 * minuteMs }, verdict: 'alive' },
  { what: 'off', steps: watch(0, 600 * minuteMs, {}), verdict: 'alive' },
  {
    what: 'passed, but the UI was closed meanwhile and nothing is recorded: another driver may have started',
    steps: [
      ...watch(0, 30 * minuteMs, {}),
      [31 * minuteMs, { ui: samples.refused }],
      ...watch(32 * minuteMs, 90 * minuteMs, {}),
    ],
    deadlines: { maxRunTimeMs: 60 * minuteMs },
    verdict: 'alive',
  },
  {
    what: 'passed, and the records show the same JVM as before the UI was closed',
    steps: [
      ...watch(0, 30 * minuteMs, { processes: record(30 * minuteMs) }),
      [31 * minuteMs, { ui: samples.refused }],
      ...watch(32 * minuteMs, 61 * minuteMs, {}),
    ],
    deadlines: { maxRunTimeMs: 60 * minuteMs },
    verdict: 'hung max-run-time certain',
  },
  {
    what: 'counts from the first answer',
    steps: [[0, { ui: samples.refused }], ...watch(5 * minuteMs, 60 * minuteMs, {})],
    deadlines: { maxRunTimeMs: 60 * minuteMs },
    verdict: 'alive',
  },
])

testVerdicts('precedence', [
  {
    what: 'a certain verdict before a likely one of an earlier row',
    steps: watch(0, 20 * minuteMs, { jobs: jobs(batchJob({}), {}) }),
    deadlines: { stallDeadlineMs: minuteMs },
    verdict: 'hung stall certain',
  },
  {
    what: 'the order of the table among certain ones',
    steps: watch(0, 20 * minuteMs, { jobs: jobs({ activeTasks: 0 }), threads: withoutScheduler }),
    deadlines: { stallDeadlineMs: minuteMs },
    verdict: 'hung scheduler-dead certain',
  },
  {
    what: 'a job that works again',
    steps: [...deadScheduler, [60_000, answers({ jobs: jobs({ endedTasks: 9 }), threads: healthyDump })]],
    verdict: 'alive',
  },
])

describe('evidence about the work', () => {
  test('each verdict → names its witnesses, with a time that is not in the future', () => {
    const runs = [
      deadScheduler,
      endedUntil(3 * minuteMs),
      stalledBatch,
      starved,
      mainEnded,
      deadlocked(blocked(1, 'main', 90), blocked(90, 'w', 1)),
    ]
    for (const steps of runs) {
      const { verdict } = judgeSteps(steps)
      assert.ok(verdict.kind === 'hung' && verdict.evidence.length > 0 && verdict.detail.length > 0)
      for (const { report, sinceMs } of verdict.evidence)
        assert.ok(report !== '' && sinceMs <= (steps.at(-1)?.[0] ?? 0))
    }
  })

  test('a failed query → its error is part of the detail', () => {
    const { verdict } = judgeSteps(endedUntil(3 * minuteMs))
    assert.match('detail' in verdict ? verdict.detail : '', /query good failed .*: java\.io\.IOException: no space/)
  })

  test('a batch that makes no progress → its run id and number are part of the detail', () => {
    const { verdict } = judgeSteps(stalledBatch)
    assert.match('detail' in verdict ? verdict.detail : '', new RegExp(`batch 20 .*${runId}`))
  })
})
