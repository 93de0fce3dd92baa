import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toDeadlines } from '../../core/settings/deadlines.ts'
import { resolveSettings } from '../../core/settings/settings.ts'
import { createJudgement, judge } from '../../core/verdict/judge.ts'
import { planReadings } from '../../core/verdict/plan-readings.ts'
import type { Observation, RunningJob, UiWitness } from '../../core/verdict/witnesses.ts'
import { createReadingAccount } from '../../sidecar/reading-account.ts'

const deadlines = toDeadlines(resolveSettings({}).values)
const pollBytes = 730
const intervalMs = 5_000

/**
 * A healthy driver with so many running jobs, of which one is of a stream, judged for `hours` by the real judge. The sizes are
 * those of real answers.
 */
function simulate(jobCount: number, hours: number) {
  const account = createReadingAccount()
  const asked: { readonly witness: UiWitness; readonly atMs: number }[] = []
  let judgement = createJudgement(0, { answered: true })
  let polls = 0
  for (let nowMs = 0; nowMs < hours * 3_600_000; nowMs += intervalMs) {
    polls += 1
    account.credit(pollBytes)
    const witness = account.choose(planReadings(judgement, deadlines, nowMs))
    if (witness !== undefined) {
      asked.push({ witness, atMs: nowMs })
      account.record(witness, bytesOf(witness, jobCount), true, nowMs)
    }
    const observation = { ui: { kind: 'alive', evidence: 'application' }, ...answer(witness, jobCount, polls) } as const
    judgement = judge(judgement, observation, deadlines, nowMs)
  }
  return { asked, verdict: judgement.verdict, spent: account.spentBytes(), credited: polls * pollBytes }
}

function bytesOf(witness: UiWitness, jobCount: number): number {
  const sizes = { jobs: 300 + 900 * jobCount, executors: 8_000, metrics: 15_000, queries: 20_000, threads: 350_000 }
  return sizes[witness]
}

function answer(witness: UiWitness | undefined, jobCount: number, count: number): Partial<Observation> {
  const jobs = Array.from({ length: jobCount }, (_, id): RunningJob => {
    const streaming = id === 0 ? ({ kind: 'batch', runId: 'r', batch: count } as const) : null
    return { id: id + count, endedTasks: count, activeTasks: 1, streaming }
  })
  const query = { name: 'q', id: 'i', runId: 'r', state: 'active', batch: count, error: null } as const
  switch (witness) {
    case 'jobs':
      return { jobs: { jobs }, requested: ['jobs'] }
    case 'queries':
      return { queries: { queries: [query] }, requested: ['queries'] }
    case undefined:
      return {}
    default:
      return { requested: [witness] }
  }
}

describe('createReadingAccount', () => {
  for (const jobCount of [1, 5, 20]) {
    test(`a healthy driver with ${jobCount} running jobs, judged for a day → at most the bytes of the polls`, () => {
      const { asked, verdict, spent, credited } = simulate(jobCount, 24)
      assert.equal(verdict.kind, 'alive')
      assert.ok(spent <= credited, `${spent} of ${credited}`)
      // In the first minutes the sizes are not known yet.
      const known = asked.filter(({ atMs }) => atMs > 600_000)
      const times = known.filter(({ witness }) => witness === 'jobs').map(({ atMs }) => atMs)
      const gaps = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0))
      // A reading that is older says nothing about now; see staleMs.
      assert.ok(Math.max(...gaps) < 300_000, String(Math.max(...gaps)))
      assert.ok(asked.some(({ witness }) => witness === 'queries'))
      assert.ok(!asked.some(({ witness }) => witness === 'threads'))
    })
  }

  test('two thread dumps were urgent → jobs are read within five minutes, and the debt is repaid', () => {
    const account = createReadingAccount()
    for (let dump = 0; dump < 2; dump += 1) account.record('threads', 350_000, true, 0)
    const readMs: number[] = []
    let polls = 0
    for (let nowMs = 0; nowMs < 7_200_000; nowMs += intervalMs) {
      polls += 1
      account.credit(pollBytes)
      const isDue = nowMs - (readMs.at(-1) ?? -30_000) >= 30_000
      if (!isDue || account.choose([{ witness: 'jobs', urgency: 'optional' }]) === undefined) continue
      readMs.push(nowMs)
      account.record('jobs', 1_200, true, nowMs)
    }
    assert.ok((readMs[0] ?? Number.POSITIVE_INFINITY) < 300_000, String(readMs[0]))
    const gaps = readMs.slice(1).map((atMs, index) => atMs - (readMs[index] ?? 0))
    assert.ok(Math.max(...gaps) < 300_000, String(Math.max(...gaps)))
    assert.ok(account.spentBytes() <= polls * pollBytes, String(account.spentBytes()))
  })

  test('the driver after one with thread dumps → owes nothing', () => {
    const account = createReadingAccount()
    account.record('threads', 350_000, true, 0)
    account.forget()
    account.credit(5_000)
    assert.equal(account.choose([{ witness: 'jobs', urgency: 'optional' }]), 'jobs')
  })

  test('two urgent witnesses, both due at each poll → each has its turn', () => {
    const account = createReadingAccount()
    const wanted = [
      { witness: 'jobs', urgency: 'urgent' },
      { witness: 'threads', urgency: 'urgent' },
    ] as const
    const chosen = Array.from({ length: 4 }, (_, index) => {
      const witness = account.choose(wanted) ?? 'jobs'
      account.record(witness, 1_000, true, index * 30_000)
      return witness
    })
    assert.deepEqual(chosen, ['jobs', 'threads', 'jobs', 'threads'])
  })
})
