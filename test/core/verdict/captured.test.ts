/** The judge on what real Sparks showed: one query works, one has failed, and one is stuck in its `foreachBatch`. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parseMetrics } from '../../../core/spark/metrics.ts'
import { parseQueries } from '../../../core/spark/queries.ts'
import { parseThreads } from '../../../core/spark/threads.ts'
import type { Observation } from '../../../core/verdict/witnesses.ts'
import { answers, describeVerdict, jobs, judgeSteps, minuteMs, repeat } from './observations.ts'

function parsed<T>(value: T | undefined): T {
  assert.ok(value !== undefined)
  return value
}

function readCapture(version: string): Required<Pick<Observation, 'threads' | 'queries' | 'metrics'>> {
  const read = (name: string) => readFileSync(join(import.meta.dirname, '../../data/spark-ui', version, name), 'utf8')
  return {
    threads: parsed(parseThreads(read('threads.json'))),
    queries: parsed(parseQueries(read('streaming-query.html'))),
    metrics: parsed(parseMetrics(read('metrics.json'))),
  }
}

for (const version of ['3.5.7', '4.0.1']) {
  describe(`judge of Spark ${version}`, () => {
    const captured = readCapture(version)
    const verdictAfter = (untilMs: number, shown: Partial<Observation>) =>
      judgeSteps(repeat(0, untilMs, minuteMs, () => answers({ jobs: jobs(), ...shown })))

    test('one query has failed while others are active → likely', () => {
      const judgement = verdictAfter(3 * minuteMs, captured)
      assert.equal(describeVerdict(judgement), 'hung query-ended likely')
      const { verdict } = judgement
      assert.match('detail' in verdict ? verdict.detail : '', /the streaming query bad failed .*boom/)
    })

    test('one query is stuck in its sink, another waits for its trigger → only the first is stalled', () => {
      const { threads, metrics } = captured
      const judgement = verdictAfter(15 * minuteMs, { threads, metrics })
      assert.equal(describeVerdict(judgement), 'hung streaming-stall likely')
      const { verdict } = judgement
      assert.match('detail' in verdict ? verdict.detail : '', /the streaming query stuck has been in Two\.lambda/)
      assert.deepEqual(
        [...judgement.work.threads.streams.values()].map(({ name }) => name),
        ['stuck'],
      )
    })

    test('without the stuck thread → alive: the scheduler and main are found', () => {
      const threads = captured.threads.threads.filter(({ name }) => !name.includes('stuck'))
      const judgement = verdictAfter(60 * minuteMs, { threads: { threads, others: 'idle' }, metrics: captured.metrics })
      assert.equal(describeVerdict(judgement), 'alive')
      assert.equal(judgement.work.threads.main.kind, 'queries')
      assert.equal(judgement.work.threads.schedulerGone, null)
    })

    test('without the thread of the scheduler, and a job → scheduler-dead', () => {
      const threads = captured.threads.threads.filter(({ name }) => name !== 'dag-scheduler-event-loop')
      const judgement = verdictAfter(minuteMs, { threads: { threads, others: 'idle' }, jobs: jobs({ activeTasks: 0 }) })
      assert.equal(describeVerdict(judgement), 'hung scheduler-dead certain')
    })
  })
}
