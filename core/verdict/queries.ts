/** What the page of streaming queries shows: the verdict `query-ended`. */
import type { JudgeContext } from './judge-context.ts'
import { isFresh, type ProcessHistory } from './processes.ts'
import type { WorkProgress } from './progress.ts'
import { covers, extendSpan, type ReadingSpan } from './span.ts'
import { dumpSlackMs, type ThreadHistory } from './threads.ts'
import { createHung, formatSeconds, type HungVerdict, type VerdictEvidence } from './verdict.ts'
import type { QueriesReading, StreamingQuery } from './witnesses.ts'

export interface QueryHistory {
  /** When the queries were read last. Null if they never were. */
  readonly readMs: number | null
  /** Whether any query was ever shown. */
  readonly streamed: boolean
  /** The queries that have failed and run no more, by run id, each with the readings that show this. */
  readonly failed: ReadonlyMap<string, FailedQuery>
  /** Whether the newest reading has an active query. */
  readonly hasActive: boolean
  /**
   * Whether the application manages its queries: it has started a failed one again, or its queries end without a failure. Then
   * the time between two of them may be long.
   */
  readonly isManaged: boolean
  /** The active queries by run id, each with the readings that show the same latest batch. Batches never go back. */
  readonly unchanged: ReadonlyMap<string, UnchangedQuery>
}

interface UnchangedQuery {
  readonly batch: number | null
  readonly span: ReadingSpan
}

interface FailedQuery {
  readonly name: string
  readonly error: string | null
  readonly span: ReadingSpan
}

export const noQueries: QueryHistory = {
  readMs: null,
  streamed: false,
  failed: new Map(),
  hasActive: false,
  isManaged: false,
  unchanged: new Map(),
}

/** Spark keeps 100 ended queries for its page. */
const maxQueries = 200

export function updateQueries(before: QueryHistory, reading: QueriesReading | undefined, nowMs: number): QueryHistory {
  if (reading === undefined) return before
  const queries = reading.queries.slice(0, maxQueries)
  const active = queries.filter(({ state }) => state === 'active')
  const failed = new Map<string, FailedQuery>()
  let isManaged = before.isManaged || queries.some(({ state }) => state === 'finished')
  for (const query of queries) {
    if (query.state !== 'failed') continue
    if (active.some((other) => isSameQuery(query, other))) {
      isManaged = true
      continue
    }
    const { name, id, runId, error } = query
    failed.set(runId, { name: name || id, error, span: extendSpan(before.failed.get(runId)?.span ?? null, nowMs) })
  }
  const streamed = before.streamed || queries.length > 0
  const unchanged = new Map(
    active.map(({ runId, batch }): [string, UnchangedQuery] => {
      const known = before.unchanged.get(runId)
      const span = known?.batch === batch ? known.span : null
      return [runId, { batch, span: extendSpan(span, nowMs, Number.POSITIVE_INFINITY) }]
    }),
  )
  return { readMs: nowMs, streamed, failed, hasActive: active.length > 0, isManaged, unchanged }
}

/** A query without a new batch for this long is a weak sign of a hang: it may get no data, or be blocked while other queries work. */
const unchangedQueryMs = 120_000

/** `patienceMs`: how much longer than a sign needs to. */
export const hasUnchangedQuery = ({ unchanged }: QueryHistory, patienceMs = 0): boolean =>
  [...unchanged.values()].some(({ span }) => span.seenMs - span.sinceMs >= unchangedQueryMs + patienceMs)

/** Spark shows this name if the application has not given one. */
const isNamed = (name: string) => name !== '' && name !== '<no name>'

/** Applications start a failed query again: from its checkpoint, with the same id, or from nothing, with the same name. */
function isSameQuery(a: StreamingQuery, b: StreamingQuery): boolean {
  return a.id === b.id || (isNamed(a.name) && a.name === b.name)
}

/**
 * If main waits with a timeout, it goes on by itself: it may be about to start its query again. So may another thread for which
 * main waits, and Python, of which nothing shows whether it sleeps or waits. Such pauses double up to a few minutes, so the
 * deadline is this many times as long, unless main waits in Spark for a query.
 */
const timedFactor = 5
/** A JVM in which nothing happens uses 1 to 3 % of a core. */
const workingShare = 0.1

interface EndedWork {
  readonly queries: QueryHistory
  readonly threads: ThreadHistory
  readonly progress: WorkProgress
}

/**
 * A query has failed, nothing has started it again, and the application continues. Certain if no query is left, no job has run
 * since, and main only waits for something that no longer comes. A query that was stopped has not failed. An application that
 * starts its queries again and again may do so an hour later: then the verdict is only likely.
 */
export function concludeQueryEnded(work: EndedWork, context: JudgeContext): HungVerdict | null {
  const { queries } = work
  const {
    deadlines: { queryEndedDeadlineMs },
    nowMs,
  } = context
  if (queryEndedDeadlineMs === null) return null
  const ended = [...queries.failed.values()].filter(({ span }) => covers(span, queryEndedDeadlineMs, nowMs))
  const [first] = ended.toSorted((a, b) => a.span.sinceMs - b.span.sinceMs)
  if (first === undefined) return null
  const { sinceMs } = first.span
  const since = formatSeconds(nowMs - sinceMs)
  const error = first.error === null ? '' : `: ${first.error.slice(0, 300)}`
  const failed: VerdictEvidence = { witness: 'queries', report: `the query ${first.name} has failed${error}`, sinceMs }
  const detail = `the streaming query ${first.name} failed ${since} ago, and the application continues without it${error}`
  const idle =
    queries.hasActive || queries.isManaged ? null : findIdleMain(work, { sinceMs, queryEndedDeadlineMs }, context)
  if (idle === null) return createHung('query-ended', 'likely', detail, [failed], nowMs)
  return createHung('query-ended', 'certain', `${detail}; ${idle.report}`, [failed, idle], nowMs)
}

/** The probes recorded the driver when its query failed if their newest record is at most this much older. */
const longestRecordGapMs = 120_000

/** Whether probes recorded the JVM at `sinceMs`. Where only the startup probe records, they did not. */
const wasRecorded = ({ newestJvm }: ProcessHistory, sinceMs: number): boolean =>
  newestJvm !== null && newestJvm.recordedMs >= sinceMs - longestRecordGapMs

/**
 * Whether the JVM works since `sinceMs`, or the probes that recorded it no longer show whether it does. If none recorded it then,
 * this witness is missing from the start, and the thread dumps decide.
 */
function mayWork(processes: ProcessHistory, sinceMs: number, nowMs: number): boolean {
  const { idleness, newestJvm } = processes
  if (newestJvm === null || !wasRecorded(processes, sinceMs)) return false
  return !isFresh(newestJvm, nowMs) || idleness.jvmShare === null || idleness.jvmShare >= workingShare
}

/** How much older than the newest thread dump the newest reading of the jobs may be: readings take turns. */
const newestJobsMs = 120_000

interface FailedSince {
  readonly sinceMs: number
  readonly queryEndedDeadlineMs: number
}

/**
 * The evidence that nothing works or will work by itself since `sinceMs`. Null if a witness is missing or denies it. Main may wait
 * for a thread that computes, or that waits for an answer from elsewhere, so two dumps must show no such thread.
 */
function findIdleMain(
  { threads, progress: { quiet, readMs, lastJobMs } }: EndedWork,
  since: FailedSince,
  context: JudgeContext,
): VerdictEvidence | null {
  const { sinceMs } = since
  const { processes, deadlines, nowMs } = context
  const { main, quietOthers, hasServer } = threads
  const isShown = (shown: ReadingSpan | null) =>
    covers(shown, deadlines.threadDumpIntervalMs - dumpSlackMs, nowMs) && shown.readings >= 2
  // Jobs that were not read for long may have begun since.
  const isRead = readMs !== null && readMs >= Math.max(sinceMs, (threads.readMs ?? nowMs) - newestJobsMs)
  const isQuiet = isRead && quiet !== null && (lastJobMs ?? -1) <= sinceMs
  if (!isQuiet || hasServer || !isShown(main.span) || !isShown(quietOthers)) return null
  return mayWork(processes, sinceMs, nowMs) ? null : concludeIdleMain(threads, since, context)
}

/**
 * What main does, if it does nothing and will not go on by itself within the deadline. A thread that sleeps may work between its
 * sleeps, where no dump sees it, and what main waits for may be an answer to an asynchronous client, whose threads look as idle
 * as any: only records over a long time show that nothing comes.
 */
function concludeIdleMain(
  { main: { kind, span }, othersSleep }: ThreadHistory,
  { sinceMs, queryEndedDeadlineMs }: FailedSince,
  { processes, nowMs }: JudgeContext,
): VerdictEvidence | null {
  const { idleness, newest } = processes
  const isLong = nowMs - sinceMs >= timedFactor * queryEndedDeadlineMs
  if ((othersSleep || kind !== 'queries') && !(isLong && wasRecorded(processes, sinceMs))) return null
  switch (kind) {
    case 'unknown':
    case 'working':
      return null
    case 'python': {
      const pythonMs = idleness.pythonSinceMs
      const isIdle = newest !== null && newest.pythonCpuTicks !== null && isFresh(newest, nowMs)
      if (!isLong || !isIdle || pythonMs === null || nowMs - pythonMs < queryEndedDeadlineMs) return null
      return {
        witness: 'threads',
        report: 'main waits for Python, which does not work',
        sinceMs: Math.max(span.sinceMs, pythonMs),
      }
    }
    case 'timed':
      return { witness: 'threads', report: 'main sleeps', sinceMs: span.sinceMs }
    case 'queries':
      return { witness: 'threads', report: 'main waits for a query, and none is left', sinceMs: span.sinceMs }
    case 'waiting':
      return { witness: 'threads', report: 'main waits for another thread, and none works', sinceMs: span.sinceMs }
    case 'ended':
      return { witness: 'threads', report: 'main has returned, and no other thread works', sinceMs: span.sinceMs }
  }
}
