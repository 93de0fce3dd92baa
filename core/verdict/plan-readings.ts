/** Plans what is read of the UI next: what the judge needs, at a cost that a healthy driver can bear. */

import type { Deadlines } from '../settings/deadlines.ts'
import type { Judgement, Work } from './judge.ts'
import type { WorkProgress } from './progress.ts'
import { hasUnchangedQuery } from './queries.ts'
import { type ReadingSpan, staleMs } from './span.ts'
import type { Observation, UiWitness } from './witnesses.ts'

/**
 * A reading that the judge wants. `urgent`: there is a sign of a hang. `optional`: as soon as the bytes that a healthy
 * driver's UI may be asked for allow it.
 */
export interface WantedReading {
  readonly witness: UiWitness
  readonly urgency: 'urgent' | 'optional'
}

/** When each reading was requested last, and how many of them in a row had no result. */
export interface RequestHistory {
  readonly last: Readonly<Partial<Record<UiWitness, { readonly atMs: number; readonly misses: number }>>>
  /** The thread dumps since the newest strong sign, and those for weak signs. */
  readonly strongDumps: number
  readonly weakDumps: number
  /** The pages of queries that were requested after weak signs. */
  readonly weakQueries: number
}

export const noRequests: RequestHistory = { last: {}, strongDumps: 0, weakDumps: 0, weakQueries: 0 }

const jobsIntervalMs = 30_000
const metricsIntervalMs = 300_000
const urgentMetricsIntervalMs = 30_000
const executorsIntervalMs = 30_000
const queriesIntervalMs = 60_000
const unseenQueriesIntervalMs = 600_000
/** While no page of queries and no job is known, the next reading may show the first one: a young driver has neither. */
const firstReadingIntervalMs = 60_000
const urgentQueriesIntervalMs = 30_000
const weakQueriesIntervalMs = 600_000
/** If the count of all jobs has not risen for this long, the driver is quiet, also between the readings of its jobs. */
const unchangedCountMs = 60_000
const longestDumpIntervalMs = 64 * 60_000
/** What was not answered is requested less and less often, up to this interval: the UI may refuse it for good. */
const longestMissIntervalMs = 64 * 60_000
/** Jobs that ended no task for this long are a sign of a hang. */
const unchangedJobsMs = 60_000
/** A driver that has had jobs, and none for this long, is a weak sign: most drivers compute between their jobs. */
const quietMs = 120_000
/**
 * After a strong sign, the first thread dumps do not wait for bytes: two can show a dead scheduler. After a weak one, most
 * drivers are healthy: only the first does not, and only once the sign has lasted for longer than a young driver needs to earn
 * its bytes. One with a finding is confirmed in any case. All others wait for two hours at most.
 */
const freeDumps = { strong: 2, weak: 1 } as const
const weakPatienceMs = 180_000

const witnesses: readonly UiWitness[] = ['jobs', 'executors', 'metrics', 'threads', 'queries']

export function updateRequests(
  before: RequestHistory,
  observation: Observation,
  progress: WorkProgress,
  isQueryUnchanged: boolean,
  nowMs: number,
): RequestHistory {
  const requested = witnesses.filter(
    (witness) => observation[witness] !== undefined || observation.requested?.includes(witness) === true,
  )
  const sign = findAnySign(progress, isQueryUnchanged)
  const isStrong = sign === 'strong'
  const wasDumped = requested.includes('threads')
  if (requested.length === 0 && (isStrong || before.strongDumps === 0)) return before
  const last = { ...before.last }
  for (const witness of requested) {
    const misses = observation[witness] === undefined ? (before.last[witness]?.misses ?? 0) + 1 : 0
    last[witness] = { atMs: nowMs, misses }
  }
  return {
    last,
    strongDumps: isStrong ? before.strongDumps + Number(wasDumped) : 0,
    weakDumps: before.weakDumps + Number(wasDumped && !isStrong),
    weakQueries: before.weakQueries + Number(sign === 'weak' && requested.includes('queries')),
  }
}

type SignStrength = 'strong' | 'weak'

/**
 * The sign of a hang that the jobs show. `strong`: jobs are active, nothing of them runs, and none ends. `weak`: a task runs
 * for long, or the driver has become quiet; most drivers that look like this are healthy. Null until it has lasted for
 * `patienceMs` longer than a sign needs to.
 */
function findSign(progress: WorkProgress, patienceMs = 0): SignStrength | null {
  const { unchangedJobs, isActive, hasTasks, quiet } = progress
  if (isActive) {
    // Between two readings, and not since the last one: with little to spend, readings are minutes apart.
    if (!lasts(unchangedJobs, unchangedJobsMs + patienceMs)) return null
    return hasTasks ? 'weak' : 'strong'
  }
  return hadJobs(progress) && lasts(quiet, quietMs + patienceMs) ? 'weak' : null
}

const hadJobs = ({ lastJobMs, allJobs }: WorkProgress) => lastJobMs !== null || (allJobs ?? 0) > 0

const lasts = (span: ReadingSpan | null, durationMs: number) =>
  span !== null && span.seenMs - span.sinceMs >= durationMs

const findAnySign = (progress: WorkProgress, isQueryUnchanged: boolean): SignStrength | null =>
  findSign(progress) ?? (isQueryUnchanged ? 'weak' : null)

/** Whether a verdict about the driver's work is under observation: more than a sign of a hang, and not yet a verdict. */
const hasCandidate = (judgement: Judgement) => hasThreadCandidate(judgement) || judgement.work.queries.failed.size > 0

/** Whether the next thread dump matters. If other queries go on, the verdict about a failed one does not depend on it. */
function hasThreadCandidate({ work: { threads, queries } }: Judgement): boolean {
  return (
    threads.schedulerGone !== null ||
    threads.cycles.length > 0 ||
    threads.mainEnded !== null ||
    threads.streams.size > 0 ||
    (queries.failed.size > 0 && !queries.hasActive)
  )
}

/**
 * Whether there is a first doubt about the driver, at which evidence is worth saving: its polls fail, or a verdict about its
 * work is under observation.
 */
export function hasDoubt(judgement: Judgement): boolean {
  const { run, verdict, work } = judgement
  if (verdict.kind === 'hung' || run.kind === 'failing') return true
  const { threads, queries, progress } = work
  const isStreamWaiting = [...threads.streams.values()].some(({ span }) => span.readings >= 2)
  return (
    run.kind === 'alive' &&
    (threads.schedulerGone !== null ||
      threads.cycles.length > 0 ||
      threads.mainEnded !== null ||
      isStreamWaiting ||
      queries.failed.size > 0 ||
      (progress.starved !== null && progress.starved.readings >= 2))
  )
}

/**
 * What to read next, the most important first. Cheap readings come first and often; thread dumps only after a sign of a
 * hang. The same judgement, deadlines and time give the same plan.
 */
export function planReadings(judgement: Judgement, deadlines: Deadlines, nowMs: number): readonly WantedReading[] {
  if (judgement.run.kind !== 'alive') return []
  const { progress, requests } = judgement.work
  const isQueryUnchanged = hasUnchangedQuery(judgement.work.queries)
  const sign = findAnySign(progress, isQueryUnchanged)
  // A candidate for a verdict counts as a strong sign.
  const hasStrongSign = sign === 'strong' || hasCandidate(judgement)
  const isDue = (witness: UiWitness, intervalMs: number) => isReadingDue(requests, witness, intervalMs, nowMs)
  const wanted: WantedReading[] = []
  if (isDue('jobs', jobsIntervalMs)) {
    wanted.push({ witness: 'jobs', urgency: hasStrongSign || isIdle(progress) ? 'urgent' : 'optional' })
  }
  if (isIdle(progress) && isDue('executors', executorsIntervalMs)) {
    wanted.push({ witness: 'executors', urgency: 'urgent' })
  }
  const plans = [
    ['metrics', planMetrics(judgement, sign, hasStrongSign)],
    ['queries', planQueries(judgement, deadlines, sign, hasStrongSign)],
    ['threads', planThreads(judgement, deadlines, sign, isQueryUnchanged)],
  ] as const
  for (const [witness, plan] of plans) {
    if (plan === null || !isDue(witness, plan.intervalMs)) continue
    const isUrgent = plan.urgentMs !== null && isDue(witness, plan.urgentMs)
    wanted.push({ witness, urgency: isUrgent ? 'urgent' : 'optional' })
  }
  return [
    ...wanted.filter(({ urgency }) => urgency === 'urgent'),
    ...wanted.filter(({ urgency }) => urgency === 'optional'),
  ]
}

/**
 * Jobs without a task that runs. The executors say why, and without the jobs they would say nothing. Otherwise jobs are not
 * urgent: of a driver with many running jobs, one answer can cost more than the polls between two readings.
 */
const isIdle = ({ isActive, hasTasks }: WorkProgress) => isActive && !hasTasks

/** A reading that is wanted after `intervalMs`, and urgent after `urgentMs`; null if it never is. */
interface Plan {
  readonly intervalMs: number
  readonly urgentMs: number | null
}

/** After a weak sign, the count of all jobs shows whether jobs run between the readings of the running ones. */
function planMetrics(
  { work: { progress, requests } }: Judgement,
  sign: SignStrength | null,
  hasStrongSign: boolean,
): Plan {
  if (hasStrongSign) return { intervalMs: urgentMetricsIntervalMs, urgentMs: urgentMetricsIntervalMs }
  if (sign === 'weak' && mayBeRareStream(progress, requests)) {
    return { intervalMs: unchangedCountMs, urgentMs: metricsIntervalMs }
  }
  if (!hadJobs(progress)) return { intervalMs: firstReadingIntervalMs, urgentMs: null }
  return { intervalMs: metricsIntervalMs, urgentMs: null }
}

/**
 * Rarely if no stream was ever seen: the jobs of a fast stream may all run between two readings, and when its queries have
 * failed, nothing else shows them. Ended queries are read as often as their deadline needs.
 */
function planQueries(
  { work }: Judgement,
  deadlines: Deadlines,
  sign: SignStrength | null,
  hasStrongSign: boolean,
): Plan | null {
  const { progress, threads, queries, requests } = work
  if (deadlines.queryEndedDeadlineMs === null && deadlines.streamingStallDeadlineMs === null) return null
  if (!progress.streamed && !threads.streamed && !queries.streamed) {
    // Spark has no page of queries before the first one. Such a miss doubles the wait, as any does.
    const isMissing = (requests.last.queries?.misses ?? 0) > 0
    const intervalMs = isMissing ? firstReadingIntervalMs : unseenQueriesIntervalMs
    return { intervalMs, urgentMs: sign === null ? null : unseenQueriesIntervalMs }
  }
  if (hasStrongSign) return { intervalMs: urgentQueriesIntervalMs, urgentMs: urgentQueriesIntervalMs }
  return { intervalMs: queriesIntervalMs, urgentMs: sign === null ? null : computeWeakQueriesMs(requests) }
}

/** A query that gets no data is a weak sign for as long as it waits. Its page grows with the number of queries. */
const computeWeakQueriesMs = ({ weakQueries }: RequestHistory): number =>
  Math.min(longestDumpIntervalMs, weakQueriesIntervalMs * 2 ** Math.min(Math.floor(weakQueries / 3), 20))

/** The sign of a query without a new batch does not depend on how often jobs run: those of other queries may. */
function planThreads(
  judgement: Judgement,
  deadlines: Deadlines,
  sign: SignStrength | null,
  isQueryUnchanged: boolean,
): Plan | null {
  const { threadDumpIntervalMs } = deadlines
  const { progress, requests } = judgement.work
  if (needsConfirmation(judgement)) return { intervalMs: threadDumpIntervalMs, urgentMs: threadDumpIntervalMs }
  if (hasThreadCandidate(judgement)) {
    const intervalMs = computeCandidateIntervalMs(judgement, deadlines)
    return { intervalMs, urgentMs: intervalMs }
  }
  if (sign === null || (sign === 'weak' && !isQueryUnchanged && mayBeRareStream(progress, requests))) return null
  const dumps = sign === 'strong' ? requests.strongDumps : requests.weakDumps
  const intervalMs = computeNextDumpMs(threadDumpIntervalMs, dumps)
  if (sign === 'weak' && !isLasting(judgement.work)) return { intervalMs, urgentMs: null }
  return { intervalMs, urgentMs: dumps < freeDumps[sign] ? intervalMs : 2 * longestDumpIntervalMs }
}

const isLasting = ({ progress, queries }: Work) =>
  findSign(progress, weakPatienceMs) !== null || hasUnchangedQuery(queries, weakPatienceMs)

/** Whether the next dump decides: a finding was seen once, or a query has failed and it is not known what main does. */
function needsConfirmation({ work: { threads, queries } }: Judgement): boolean {
  const { schedulerGone, cycles, main, quietOthers } = threads
  const isSeenOnce = [schedulerGone, ...cycles.map(({ span }) => span)].some((span) => span?.readings === 1)
  const isMainSeenOnce = main.span.readings < 2 || quietOthers?.readings === 1
  return isSeenOnce || (queries.failed.size > 0 && !queries.hasActive && isMainSeenOnce)
}

/** Dumps that follow a candidate: often enough for its deadline, and to know that it lasts, but at most once a minute. */
function computeCandidateIntervalMs({ work: { threads } }: Judgement, deadlines: Deadlines): number {
  const intervals = [Math.max(deadlines.threadDumpIntervalMs, staleMs - 60_000)]
  if (threads.streams.size > 0) intervals.push((deadlines.streamingStallDeadlineMs ?? staleMs) / 4)
  if (threads.mainEnded !== null) intervals.push(deadlines.stopDeadlineMs / 4)
  return Math.max(60_000, Math.min(...intervals))
}

/**
 * A stream whose trigger is rarer than the readings of the jobs looks quiet. The count of all jobs, read since it became
 * quiet, shows whether it works. If the metrics give no answer, dumps do not wait for them.
 */
function mayBeRareStream({ isActive, quiet, unchangedCount }: WorkProgress, { last }: RequestHistory): boolean {
  if (isActive || (last.metrics?.misses ?? 0) > 0) return false
  if (quiet === null || unchangedCount === null || unchangedCount.seenMs < quiet.sinceMs) return true
  return unchangedCount.seenMs - unchangedCount.sinceMs < unchangedCountMs
}

/** No wait before the first dump, then the interval, then twice as long after each. */
function computeNextDumpMs(intervalMs: number, dumps: number): number {
  return dumps === 0 ? 0 : Math.min(longestDumpIntervalMs, intervalMs * 2 ** Math.min(dumps - 1, 20))
}

function isReadingDue({ last }: RequestHistory, witness: UiWitness, intervalMs: number, nowMs: number): boolean {
  const previous = last[witness]
  if (previous === undefined) return true
  const { atMs, misses } = previous
  const waitMs =
    misses === 0
      ? intervalMs
      : Math.min(longestMissIntervalMs, Math.max(intervalMs, 30_000) * 2 ** Math.min(misses, 20))
  return nowMs - atMs >= waitMs
}
