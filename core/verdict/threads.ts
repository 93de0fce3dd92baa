/** What thread dumps show: `scheduler-dead`, `deadlock`, `main-ended`, and a streaming query that stands still. */
import {
  contextThread,
  dstreamThread,
  isLibraryFrame,
  schedulerThread,
  serverThread,
  streamThread,
  waitsForJob,
} from '../spark/thread-names.ts'
import type { JudgeContext } from './judge-context.ts'
import type { WorkProgress } from './progress.ts'
import { covers, extendSpan, type ReadingSpan, staleMs } from './span.ts'
import { type Cycle, findCycles } from './thread-cycle.ts'
import { createHung, formatSeconds, type HungVerdict, type VerdictEvidence } from './verdict.ts'
import { type DriverThread, maxThreadsKept, type Observation, type ThreadsReading } from './witnesses.ts'

export interface ThreadHistory {
  /** When the threads were read last. Null if they never were. */
  readonly readMs: number | null
  /** The dumps without the thread of the DAG scheduler. In each of them, or with it, a job waited for that thread. */
  readonly schedulerGone: ReadingSpan | null
  readonly cycles: readonly (Cycle & { readonly span: ReadingSpan })[]
  /** What `main` did in the newest dumps, all alike. */
  readonly main: { readonly kind: MainActivity; readonly span: ReadingSpan }
  /** The newest dumps in which no other thread worked. Null if one works in the newest. */
  readonly quietOthers: ReadingSpan | null
  /** Whether, in the newest dump, another thread sleeps and will go on by itself. */
  readonly othersSleep: boolean
  /** The dumps in which main had returned and nothing that works without it was there. */
  readonly mainEnded: ReadingSpan | null
  /** Whether the newest dump has a thread of a server: it works without main, and idle. */
  readonly hasServer: boolean
  /** The threads of streaming queries that were in the same blocking frames in the newest dumps, by run id. */
  readonly streams: ReadonlyMap<string, StreamSpan>
  /** Whether any dump had the thread of a streaming query. */
  readonly streamed: boolean
}

/**
 * `python`: main waits for a Python process, which says nothing about that process. `timed`: main waits, and will go on by
 * itself after some time. `queries`: main waits in Spark for a streaming query. `waiting`: main waits for another thread, or for
 * an answer that one of them will bring. `ended`: main has returned. A main that waits for a job works.
 */
type MainActivity = 'unknown' | 'working' | 'python' | 'timed' | 'queries' | 'waiting' | 'ended'

interface StreamSpan {
  readonly span: ReadingSpan
  readonly name: string
  readonly signature: string
  /** The first frame that is not of the JDK. */
  readonly frame: string
  /** The latest batch when the span began. Null if no reading of the queries knew it. */
  readonly batch: number | null
}

const never: ReadingSpan = { sinceMs: Number.NEGATIVE_INFINITY, seenMs: Number.NEGATIVE_INFINITY, readings: 0 }

export const noThreads: ThreadHistory = {
  readMs: null,
  schedulerGone: null,
  cycles: [],
  main: { kind: 'unknown', span: never },
  quietOthers: null,
  othersSleep: false,
  mainEnded: null,
  hasServer: false,
  streams: new Map(),
  streamed: false,
}

/** Dumps for a streaming query count only if they are this far apart. */
const streamDumpsMs = 60_000
const minStreamDumps = 3

export function updateThreads(
  before: ThreadHistory,
  { threads, queries }: Observation,
  progress: WorkProgress,
  longestGapMs: number,
  nowMs: number,
): ThreadHistory {
  const working =
    before.streams.size === 0 ? before : { ...before, streams: dropWorking(before.streams, progress, queries) }
  if (threads === undefined) return working
  const isComplete =
    threads.threads.length < maxThreadsKept && threads.threads.some(({ name }) => contextThread.test(name))
  const hasScheduler = threads.threads.some(({ name }) => name === schedulerThread)
  const hasServer = threads.threads.some(({ name }) => serverThread.test(name))
  const isActive = progress.isActive && nowMs - (progress.readMs ?? 0) <= staleMs
  const isWaiting = isActive || threads.threads.some(({ frames }) => waitsForJob(frames))
  const kind = classifyMain(threads, isComplete)
  const hasStream = threads.threads.some(({ name }) => streamThread.test(name) || dstreamThread.test(name))
  const isEnded = kind === 'ended' && !hasServer && !hasStream && !isActive && threads.others !== 'working'
  const gone = isComplete && !hasScheduler && isWaiting
  return {
    readMs: nowMs,
    schedulerGone: gone ? extendSpan(working.schedulerGone, nowMs, longestGapMs) : null,
    cycles: findCycles(threads.threads).map((cycle) => {
      const known = working.cycles.find(({ signature }) => signature === cycle.signature)
      return { ...cycle, span: extendSpan(known?.span ?? null, nowMs, longestGapMs) }
    }),
    main: { kind, span: extendSpan(working.main.kind === kind ? working.main.span : null, nowMs, longestGapMs) },
    quietOthers: threads.others === 'working' ? null : extendSpan(working.quietOthers, nowMs, longestGapMs),
    othersSleep: threads.others === 'sleeping',
    mainEnded: isEnded ? extendSpan(working.mainEnded, nowMs, longestGapMs) : null,
    hasServer,
    streams: updateStreams(working.streams, threads, progress, queries, nowMs),
    streamed: working.streamed || hasStream,
  }
}

const blockingFrames = /^java\.lang\.(Object\.wait|Thread\.(sleep|join))|Unsafe\.park/
const pythonFrames =
  /deploy\.PythonRunner|deploy\.RRunner|java\.lang\.Process(Impl|Builder)?\.waitFor|UNIXProcess\.waitFor/

const awaitFrame = /^org\.apache\.spark\.sql\.\S*\.(awaitTermination|awaitAnyTermination)\(/

function classifyMain({ threads }: ThreadsReading, isComplete: boolean): MainActivity {
  const main = threads.find(({ name }) => name === 'main')
  if (main === undefined) {
    return isComplete && threads.some(({ name }) => name === 'DestroyJavaVM') ? 'ended' : 'unknown'
  }
  const [top] = main.frames
  if (top === undefined) return 'unknown'
  if (!blockingFrames.test(top) || waitsForJob(main.frames)) return 'working'
  if (main.frames.some((frame) => pythonFrames.test(frame))) return 'python'
  if (main.state === 'TIMED_WAITING') return 'timed'
  const caller = main.frames.find((frame) => !isLibraryFrame(frame))
  return caller !== undefined && awaitFrame.test(caller) ? 'queries' : 'waiting'
}

/** A stream thread waits here for its next trigger, or for data of an idle source. */
const idleFrame =
  /util\.(System|Manual)?Clock\b|TriggerExecutor|ProcessingTimeExecutor|\.MicroBatchExecution\.(\$anonfun\$)?(runActivatedStream|executeOneBatch)|awaitInitialization|awaitOffset|\.ContinuousExecution\./

function updateStreams(
  before: ThreadHistory['streams'],
  { threads }: ThreadsReading,
  progress: WorkProgress,
  queries: Observation['queries'],
  nowMs: number,
): ThreadHistory['streams'] {
  const next = new Map<string, StreamSpan>()
  for (const thread of threads) {
    const waiting = findWaitingStream(thread)
    if (waiting === null || progress.batches.has(waiting.runId)) continue
    const { runId, ...fields } = waiting
    const known = before.get(runId)
    const isSame = known?.signature === waiting.signature && nowMs - known.span.seenMs <= staleMs
    if (known === undefined || !isSame) {
      next.set(runId, { ...fields, span: extendSpan(null, nowMs), batch: findBatch(queries, runId) })
    } else {
      const isCounted = nowMs - known.span.seenMs >= streamDumpsMs
      next.set(runId, isCounted ? { ...known, span: extendSpan(known.span, nowMs) } : known)
    }
  }
  return next
}

const findBatch = (queries: Observation['queries'], runId: string) =>
  queries?.queries.find((query) => query.runId === runId)?.batch ?? null

/** The thread of a query, if it waits for something other than its next trigger or a job. Null for any other thread. */
function findWaitingStream(thread: DriverThread) {
  const [, name = '', runId] = streamThread.exec(thread.name) ?? []
  const frame = thread.frames.find((text) => !isLibraryFrame(text))
  if (runId === undefined || frame === undefined) return null
  if (thread.state === 'RUNNABLE' && !isNativeWait(thread)) return null
  if (idleFrame.test(frame) || waitsForJob(thread.frames)) return null
  return { runId, name: name.trim(), frame, signature: thread.frames.join('\n') }
}

/** A thread that reads from a socket is RUNNABLE for Java. One that computes has no native frame at its top. */
const isNativeWait = ({ frames }: DriverThread) => /\(Native Method\)/.test(frames[0] ?? '')

/** Forgets the threads of queries that have worked since the last dump: a job of theirs ran, or their batch advanced. */
function dropWorking(
  streams: ThreadHistory['streams'],
  { batches }: WorkProgress,
  queries: Observation['queries'],
): ThreadHistory['streams'] {
  const next = new Map<string, StreamSpan>()
  for (const [runId, stream] of streams) {
    const batch = findBatch(queries, runId)
    const isAdvanced = batch !== null && stream.batch !== null && batch !== stream.batch
    if (!isAdvanced && !batches.has(runId)) next.set(runId, { ...stream, batch: stream.batch ?? batch })
  }
  return next
}

/**
 * The scheduler's event loop catches everything but fatal errors. After one, such as an OutOfMemoryError, its thread is gone
 * and no job can ever end (SPARK-47279), while the UI answers. An idle driver is left alone until a job waits.
 *
 * That events are posted while `messageProcessingTime` stands still proves nothing: heartbeats of executors post events too,
 * and a healthy scheduler has no message to process while one long task runs.
 */
export function concludeSchedulerDead(
  { schedulerGone }: ThreadHistory,
  { deadlines: { threadDumpIntervalMs }, nowMs }: JudgeContext,
): HungVerdict | null {
  if (!covers(schedulerGone, threadDumpIntervalMs - dumpSlackMs, nowMs) || schedulerGone.readings < 2) return null
  const detail = `the thread ${schedulerThread} is missing in ${schedulerGone.readings} thread dumps over ${formatSpan(schedulerGone)}, while a job waits for it`
  const { sinceMs } = schedulerGone
  const evidence: readonly VerdictEvidence[] = [
    { witness: 'threads', report: `no thread ${schedulerThread}`, sinceMs },
    { witness: 'jobs', report: 'a job is active', sinceMs },
  ]
  return createHung('scheduler-dead', 'certain', detail, evidence, nowMs)
}

/** Dumps are requested with the polls, so two of them may be this much closer than planned. */
export const dumpSlackMs = 1_000
const isKeyThread = (name: string) => name === 'main' || name === schedulerThread || streamThread.test(name)

/** Threads that wait for each other never go on. Whether the driver needs them is certain only for some. */
export function concludeDeadlock(
  { cycles }: ThreadHistory,
  { deadlines: { threadDumpIntervalMs }, nowMs }: JudgeContext,
): HungVerdict | null {
  const confirmed = cycles.filter(
    ({ span }) => span.readings >= 2 && covers(span, threadDumpIntervalMs - dumpSlackMs, nowMs),
  )
  const isKey = ({ names, waiting }: Cycle) => [...names, ...waiting].some(isKeyThread)
  const cycle = confirmed.find(isKey) ?? confirmed[0]
  if (cycle === undefined) return null
  const shown = cycle.names.slice(0, 5).join(', ').slice(0, 300)
  const report = `${cycle.names.length} threads wait for each other: ${shown}`
  const evidence: VerdictEvidence = { witness: 'threads', report, sinceMs: cycle.span.sinceMs }
  const certainty = isKey(cycle) ? 'certain' : 'likely'
  const dumps = `in ${cycle.span.readings} thread dumps over ${formatSpan(cycle.span)}`
  return createHung('deadlock', certainty, `${report}, ${dumps}`, [evidence], nowMs)
}

interface ThreadsAndProgress {
  readonly threads: ThreadHistory
  readonly progress: WorkProgress
}

/**
 * The thread of a query is in the same blocking frames, and the query has run no job: its source, its sink or its state store
 * does not return. Only likely, because user code may wait on purpose.
 */
export function concludeStreamStall(
  { threads: { streams }, progress }: ThreadsAndProgress,
  { deadlines: { streamingStallDeadlineMs }, nowMs }: JudgeContext,
): HungVerdict | null {
  if (streamingStallDeadlineMs === null) return null
  for (const { span, name, frame, batch } of streams.values()) {
    if (span.readings < minStreamDumps || !covers(span, streamingStallDeadlineMs - dumpSlackMs, nowMs)) continue
    const isQuiet =
      progress.readMs !== null && progress.readMs >= span.sinceMs && (progress.lastJobMs ?? -1) < span.sinceMs
    if (batch === null && !isQuiet) continue
    const sinceMs = span.sinceMs
    const detail = `the streaming query ${name} has been in ${frame} in ${span.readings} thread dumps over ${formatSpan(span)}, without a job`
    const evidence: VerdictEvidence = { witness: 'threads', report: `its thread is in ${frame}`, sinceMs }
    const progressed: VerdictEvidence = isQuiet
      ? { witness: 'jobs', report: 'no job', sinceMs }
      : { witness: 'queries', report: `batch ${batch}`, sinceMs }
    return createHung('streaming-stall', 'likely', detail, [evidence, progressed], nowMs)
  }
  return null
}

/**
 * Main has returned, threads that are not daemons keep the JVM, and nothing works. Only likely: since Spark 3.2.2 SparkSubmit
 * itself closes the SparkContext after main (SPARK-34674), so that a driver without main and with a UI is rare, and servers
 * of the application's own, like those of Thrift and Connect, live without main.
 */
export function concludeMainEnded(
  { threads: { mainEnded, hasServer }, progress: { quiet, lastJobMs, readMs } }: ThreadsAndProgress,
  { deadlines: { stopDeadlineMs }, nowMs }: JudgeContext,
): HungVerdict | null {
  if (hasServer || mainEnded === null || !covers(mainEnded, stopDeadlineMs - dumpSlackMs, nowMs)) return null
  const isQuiet =
    quiet !== null && readMs !== null && readMs >= mainEnded.sinceMs && (lastJobMs ?? -1) < mainEnded.sinceMs
  if (!isQuiet) return null
  const { sinceMs } = mainEnded
  const detail = `main has returned, and for ${formatSpan(mainEnded)} no job and no streaming query has run`
  const evidence: readonly VerdictEvidence[] = [
    { witness: 'threads', report: 'no thread main, and DestroyJavaVM waits', sinceMs },
    { witness: 'jobs', report: 'no job', sinceMs },
  ]
  return createHung('main-ended', 'likely', detail, evidence, nowMs)
}

const formatSpan = ({ sinceMs, seenMs }: ReadingSpan) => formatSeconds(seenMs - sinceMs)
