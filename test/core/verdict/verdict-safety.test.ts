/** What no sequence of observations may lead to. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createJudgement, type Judgement, judge } from '../../../core/verdict/judge.ts'
import { hasDoubt, planReadings } from '../../../core/verdict/plan-readings.ts'
import type { Observation, Sample } from '../../../core/verdict/witnesses.ts'
import { policy, samples } from './judged-samples.ts'
import {
  batchJob,
  executors,
  frames,
  jobs,
  listeners,
  main,
  metrics,
  queries,
  record,
  scheduler,
  stream,
  thread,
  threads,
} from './observations.ts'

const run = (among: readonly Sample[], longestMs: number) =>
  fc.array(fc.record({ sample: fc.constantFrom(...among), afterMs: fc.integer({ min: 0, max: longestMs }) }), {
    maxLength: 60,
  })

/** Few values, so that sequences repeat them: most verdicts need equal readings. */
const witnesses = {
  jobs: fc.constantFrom(jobs(), jobs({}), jobs({ activeTasks: 0 }), jobs(batchJob()), jobs({ endedTasks: 9 })),
  executors: fc.constantFrom(executors(0), executors(2)),
  metrics: fc.constantFrom(metrics(), metrics({ allJobs: 29, droppedExecutorEvents: 1 }), metrics({ allJobs: null })),
  queries: fc.constantFrom(
    queries(),
    queries({}),
    queries({ state: 'failed' }),
    queries({ state: 'failed' }, { id: 'b' }),
  ),
  threads: fc.constantFrom(
    threads(),
    threads(main(), scheduler, listeners),
    threads(main(), listeners),
    threads(thread('DestroyJavaVM'), scheduler, listeners),
    threads(main(), scheduler, listeners, stream(frames.source, 'RUNNABLE')),
    threads(
      thread('main', { id: 1, state: 'BLOCKED', blockedBy: 9 }),
      thread('worker', { id: 9, state: 'BLOCKED', blockedBy: 1 }),
    ),
  ),
}
const recordFields = fc.record({
  cpuTicks: fc.constantFrom(1_000, 1_000, 1_001, 9_000),
  state: fc.constantFrom('sleeping', 'sleeping', 'stopped', 'traced', 'zombie', 'waiting-for-disk'),
  startTicks: fc.constantFrom('1', '1', '1', '2'),
  hasDebugAgent: fc.constantFrom(false, false, false, true),
})

interface AnyStep {
  readonly afterMs: number
  readonly observation: Observation
}

const anyStep = (among: readonly Sample[]): fc.Arbitrary<AnyStep> =>
  fc
    .record({
      afterMs: fc.constantFrom(0, 5_000, 10_000, 30_000, 60_000, 180_000),
      ui: fc.constantFrom(...among),
      witnessed: fc.record(witnesses, { requiredKeys: [] }),
      process: fc.option(recordFields, { nil: undefined }),
    })
    .map(({ afterMs, ui, witnessed, process }) => ({
      afterMs,
      observation: { ui, ...witnessed, ...(process !== undefined && { processes: record(0, process) }) },
    }))

const anySteps = (among: readonly Sample[] = Object.values(samples)) =>
  fc.array(anyStep(among), { maxLength: 80, size: 'max' })

/** Judges the steps, and checks each judgement. Records are made one second before they are observed. */
function follow(
  steps: readonly AnyStep[],
  check: (after: Judgement, before: Judgement, nowMs: number, observation: Observation) => void,
): void {
  let state = createJudgement(0)
  let nowMs = 0
  for (const { afterMs, observation } of steps) {
    nowMs += afterMs
    const { processes } = observation
    const seen =
      processes === undefined ? observation : { ...observation, processes: { ...processes, recordedMs: nowMs - 1_000 } }
    const after = judge(state, seen, policy, nowMs)
    check(after, state, nowMs, seen)
    state = after
  }
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const part of value instanceof Map ? value.values() : Object.values(value)) freeze(part)
  return value
}

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

  test('any observations in any order → a judgement, with a time in the past, and a plan', () => {
    fc.assert(
      fc.property(anySteps(), (steps) =>
        follow(steps, (after, _before, nowMs) => {
          assert.ok(after.verdict.sinceMs <= nowMs)
          const wanted = planReadings(after, policy, nowMs)
          assert.equal(new Set(wanted.map(({ witness }) => witness)).size, wanted.length)
          hasDoubt(after)
        }),
      ),
    )
  })

  test('an unchanged verdict → keeps its time', () => {
    const identity = ({ verdict }: Judgement) =>
      verdict.kind === 'hung' ? `${verdict.reason} ${verdict.certainty}` : verdict.kind
    fc.assert(
      fc.property(anySteps(), (steps) =>
        follow(steps, (after, before) => {
          if (identity(after) === identity(before)) assert.equal(after.verdict.sinceMs, before.verdict.sinceMs)
        }),
      ),
    )
  })

  test('answers within every deadline, or a debugger → never hung for silence', () => {
    const silences: readonly string[] = ['frozen', 'busy', 'unresponsive']
    fc.assert(
      fc.property(anySteps(), fc.boolean(), (steps, hasDebugger) => {
        let answeredMs = 0
        const withDebugger = steps.map(({ afterMs, observation }) => ({
          afterMs,
          observation: { ...observation, processes: record(0, { ...observation.processes?.jvm, hasDebugAgent: true }) },
        }))
        follow(hasDebugger ? withDebugger : steps, ({ verdict, answered }, _before, nowMs, { ui }) => {
          if (ui.kind === 'alive') answeredMs = nowMs
          const mayBeSilent = nowMs - answeredMs >= policy.frozenDeadlineMs - 1_000 && !hasDebugger
          if (answered && !mayBeSilent && verdict.kind === 'hung') assert.ok(!silences.includes(verdict.reason))
        })
      }),
    )
  })

  test('inconclusive → nothing changes, whatever else was observed', () => {
    fc.assert(
      fc.property(anySteps(), anyStep([samples.late]), (steps, { observation }) =>
        follow(steps, (after, _before, nowMs) => {
          assert.equal(judge(after, observation, policy, nowMs + 3_600_000), after)
        }),
      ),
    )
  })

  test('a judgement and an observation → are not changed, and lead to the same result again', () => {
    fc.assert(
      fc.property(anySteps(), (steps) =>
        follow(steps, (after, before, nowMs, observation) => {
          freeze(after)
          assert.deepEqual(judge(freeze(before), freeze(observation), policy, nowMs), after)
        }),
      ),
    )
  })

  test('a certain verdict → has evidence of each witness on which it depends', () => {
    const needed: Readonly<Record<string, readonly string[]>> = {
      frozen: ['processes'],
      busy: ['ui', 'processes'],
      'scheduler-dead': ['threads'],
      deadlock: ['threads'],
      'query-ended': ['queries', 'threads'],
      'no-executors': ['jobs', 'executors', 'metrics'],
    }
    fc.assert(
      fc.property(anySteps(), (steps) =>
        follow(steps, ({ verdict }, _before, nowMs) => {
          if (verdict.kind !== 'hung') return
          assert.ok(verdict.evidence.length > 0 && verdict.evidence.every(({ sinceMs }) => sinceMs <= nowMs))
          if (verdict.certainty === 'likely') return
          const given = verdict.evidence.map(({ witness }) => witness)
          for (const witness of needed[verdict.reason] ?? []) assert.ok(given.some((other) => other === witness))
        }),
      ),
    )
  })
})
