/**
 * What a sidecar at default settings requests of a healthy driver's UI, in bytes as a real Spark sends them: the real planner,
 * account, poller and judge, in virtual time.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { metricsPath } from '../../core/spark/metrics.ts'
import { queriesPath } from '../../core/spark/queries.ts'
import { applicationsPath } from '../../core/spark/rest-api.ts'
import { createJudgement, judge } from '../../core/verdict/judge.ts'
import { planReadings } from '../../core/verdict/plan-readings.ts'
import { createSidecarLog } from '../../sidecar/log.ts'
import { createPoller } from '../../sidecar/poller.ts'
import type { UiRequest, UiResult } from '../../spark-ui/http-get.ts'
import { createUiClient } from '../../spark-ui/ui-client.ts'
import { policyWith } from '../support/driver-policy.ts'
import type { Work } from './lives/life.ts'
import {
  formatApplications,
  formatExecutors,
  formatJobs,
  formatMetrics,
  formatQueries,
  formatThreads,
} from './lives/ui-bodies.ts'
import {
  batchJobs,
  computesWithoutJobs,
  connectServer,
  contended,
  idleStream,
  noExecutors,
  oneLongTask,
  oneOfTwoStartedAgain,
  stream,
  twoStreams,
} from './lives/works.ts'

const minuteMs = 60_000
const applicationId = 'spark-1'
const policy = policyWith({ applicationId })

const capture = (name: string) => readFileSync(join(import.meta.dirname, '../data/spark-ui/4.0.1', name), 'utf8')
/** Of Jetty, with cookies and security headers. */
const headerBytes = 250
const zippedBytes = (text: string) => headerBytes + gzipSync(text).length
/** The jobs of a real answer, as objects. */
const capturedJobs: readonly unknown[] = JSON.parse(capture('jobs.json'))
/** The dump of a driver with a few hundred threads: 370 kB. gzip does not find a repetition that is this far back. */
const largeDump = capture('threads.json').repeat(8)
const fixedBytes = {
  [applicationsPath]: headerBytes + capture('applications.json').length,
  [metricsPath]: zippedBytes(capture('metrics.json')),
  [queriesPath]: zippedBytes(capture('streaming-query.html')),
  executors: zippedBytes(capture('executors.json')),
  threads: zippedBytes(largeDump),
}
const jobsBytes = Array.from({ length: 29 }, (_, count) =>
  zippedBytes(JSON.stringify(capturedJobs.slice(0, count), null, 2)),
)

function respond(path: string, work: Work): readonly [body: string, bytes: number] {
  if (path === applicationsPath) return [formatApplications(applicationId), fixedBytes[applicationsPath]]
  if (path === metricsPath) return [formatMetrics(applicationId, work), fixedBytes[metricsPath]]
  if (path === queriesPath) return [formatQueries(work), fixedBytes[queriesPath]]
  if (path.includes('/jobs')) return [formatJobs(work), jobsBytes[Math.min(28, work.jobs.length)] ?? 0]
  if (path.endsWith('/executors')) return [formatExecutors(work), fixedBytes.executors]
  return [formatThreads(work), fixedBytes.threads]
}

/** The bytes that were requested after each minute, by those of the polls. */
async function simulate(minutes: number, workAt: (ageMs: number) => Work) {
  let work = workAt(0)
  const send = async ({ path, acceptsGzip }: UiRequest): Promise<UiResult> => {
    assert.equal(acceptsGzip ?? false, path !== applicationsPath)
    const [body, bytes] = respond(path, work)
    return { kind: 'response', response: { statusCode: 200, body }, tookMs: 1, bytes, isTruncated: false }
  }
  const poller = createPoller(policy, {
    uiClient: createUiClient(send),
    readProperties: () => null,
    podAddresses: () => [],
    listeningPorts: () => new Set(),
    log: createSidecarLog(
      'error',
      () => {},
      () => 0,
    ),
  })
  let judgement = createJudgement(0)
  const ratios: number[] = []
  for (let nowMs = 0; nowMs < minutes * minuteMs; nowMs += policy.intervalMs) {
    work = workAt(nowMs)
    const wanted = planReadings(judgement, policy, nowMs)
    const { observation } = await poller.poll({ nowMs, answered: judgement.answered, wanted })
    judgement = judge(judgement, observation, policy, nowMs)
    if ((nowMs + policy.intervalMs) % minuteMs !== 0) continue
    const { polls, readings } = poller.requestedBytes()
    ratios.push((polls + readings) / polls)
  }
  return { ratios, verdict: judgement.verdict }
}

const manyJobs = (ageMs: number): Work => {
  const jobs = Array.from({ length: 25 }, (_, id) => ({ id: id + Math.floor(ageMs / 60_000), ended: ageMs, active: 1 }))
  return { ...batchJobs(ageMs), jobs }
}
const idleFromTheStart = (): Work => ({ ...computesWithoutJobs(), allJobs: 0 })

const healthy: readonly (readonly [what: string, work: (ageMs: number) => Work])[] = [
  ['a driver that never has a job', idleFromTheStart],
  ['a driver that computes between its jobs', computesWithoutJobs],
  ['a job a minute', batchJobs],
  ['25 jobs at a time', manyJobs],
  ['one task that takes hours', oneLongTask],
  ['a stream', stream],
  ['a stream that gets no data', idleStream],
  ['two streams', twoStreams],
  ['a stream that was started again', oneOfTwoStartedAgain],
  ['a server of Spark Connect', connectServer],
  ['contended locks', contended],
]

/** The thread dump after a weak sign may come before all of its bytes are earned. */
const mostAfterWeakSign = 2.05
/**
 * Jobs of which no task runs are a strong sign of a hang, although a driver that waits for executors looks the same: jobs,
 * executors and metrics are read each 30 s, and two dumps at once.
 */
const mostAfterStrongSign = 5.2

const findWorst = (ratios: readonly number[]) => ratios.toSorted((a, b) => b - a)[0] ?? Number.NaN

describe('the bytes requested of a healthy driver', () => {
  for (const [what, work] of healthy) {
    test(`${what} → at most twice those of the polls, after each minute of two hours`, async () => {
      const { ratios, verdict } = await simulate(120, work)
      assert.equal(verdict.kind, 'alive')
      assert.ok(findWorst(ratios.slice(0, 2)) <= 1.8, ratios.slice(0, 2).join())
      assert.ok(findWorst(ratios) <= mostAfterWeakSign, String(findWorst(ratios)))
      assert.ok((ratios[59] ?? Number.NaN) <= 2 && (ratios[119] ?? Number.NaN) <= 2, `${ratios[59]} ${ratios[119]}`)
    })
  }

  test('any of these one after the other → at most twice those of the polls after an hour', async () => {
    const phase = fc.record({ index: fc.nat({ max: healthy.length - 1 }), minutes: fc.integer({ min: 1, max: 30 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(phase, { minLength: 1, maxLength: 10 }), async (phases) => {
        const works = phases.flatMap(({ index, minutes }) =>
          Array.from({ length: minutes }, () => healthy[index]?.[1] ?? batchJobs),
        )
        const workAt = (ageMs: number) => (works[Math.floor(ageMs / minuteMs) % works.length] ?? batchJobs)(ageMs)
        const { ratios } = await simulate(60, workAt)
        assert.ok(findWorst(ratios.slice(0, 2)) <= 1.8, ratios.slice(0, 2).join())
        assert.ok((ratios[59] ?? Number.NaN) <= mostAfterWeakSign, String(ratios[59]))
      }),
      { numRuns: 20 },
    )
  })

  test('jobs that wait for executors → more, while they wait', async () => {
    const { ratios, verdict } = await simulate(9, noExecutors(0))
    assert.equal(verdict.kind, 'alive')
    assert.ok(findWorst(ratios) <= mostAfterStrongSign, ratios.join())
  })
})
