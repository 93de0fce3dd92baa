/** What the running jobs and the executors show of the driver's work: `stall`, `no-executors`, and a batch that stands still. */
import type { JudgeContext } from './judge-context.ts'
import { covers, extendSpan, type ReadingSpan, staleMs } from './span.ts'
import { createHung, formatSeconds, type HungVerdict, type VerdictEvidence } from './verdict.ts'
import type { ExecutorsReading, JobsReading, MetricsReading, Observation, RunningJob } from './witnesses.ts'

export interface WorkProgress {
  /** When the jobs were read last. Null if they never were. */
  readonly readMs: number | null
  /** Whether the newest reading has a job. */
  readonly isActive: boolean
  /** Whether the newest reading has a task that runs. */
  readonly hasTasks: boolean
  /** The newest readings, without a gap, that all have no job. Null if the newest has one. */
  readonly quiet: ReadingSpan | null
  /** The jobs that are not of a stream, by their ended tasks, and how long this has not changed. Null if none runs. */
  readonly unchangedNonStream: SignedSpan | null
  /** All jobs, in the same way. */
  readonly unchangedJobs: SignedSpan | null
  /** Each running batch of a query with a run id, by the ended tasks of its jobs. */
  readonly batches: ReadonlyMap<string, BatchSpan>
  /** When the executors were read last while jobs were active and no task was, and their cores. */
  readonly cores: { readonly count: number; readonly readMs: number } | null
  /** The readings with a job, without a task, and without a core. */
  readonly starved: ReadingSpan | null
  /** Whether a job of a stream was ever seen. */
  readonly streamed: boolean
  /**
   * A time at or after which a job ran: the newest that is known. If the number of all jobs rose between two readings, that is
   * the time of the earlier one. Null if no job is known.
   */
  readonly lastJobMs: number | null
  /** The readings of the metrics between which the number of all jobs has not risen. Null if they do not have it. */
  readonly unchangedCount: ReadingSpan | null
  /** The number of all jobs in the newest metrics that have it. Null if none has. */
  readonly allJobs: number | null
  /** How many events about executors Spark has dropped, in the newest metrics that have it. Null if none has. */
  readonly dropped: DroppedEvents | null
  /**
   * The number of dropped events about executors, from which on a rise counts: the newest that was read while something could
   * run tasks, or no job was active, and when it was last read without a rise. Null if it is not known: the next that is read.
   */
  readonly droppedBefore: DroppedEvents | null
  /** Whether the next observation is the first of a driver whose start was seen. Its Spark has dropped no events before. */
  readonly isNew: boolean
  /** The jobs of the newest reading. */
  readonly listedJobIds: readonly number[]
  /** The listed jobs that have ended according to the scheduler: the UI may list them forever. */
  readonly endedJobIds: ReadonlySet<number>
  /** When the scheduler's own count last had an active job. Null if it never had. */
  readonly schedulerActiveMs: number | null
}

interface DroppedEvents {
  readonly events: number
  readonly readMs: number
}

/** A time in which a set of jobs ended no task. */
interface SignedSpan extends ReadingSpan {
  readonly signature: string
}

interface BatchSpan extends SignedSpan {
  readonly batch: number
  /** Whether something can run its tasks: a task runs, or there are cores. */
  readonly hasCores: boolean
}

export const noProgress: WorkProgress = {
  readMs: null,
  isActive: false,
  hasTasks: false,
  quiet: null,
  unchangedNonStream: null,
  unchangedJobs: null,
  batches: new Map(),
  cores: null,
  starved: null,
  streamed: false,
  lastJobMs: null,
  unchangedCount: null,
  allJobs: null,
  dropped: null,
  droppedBefore: null,
  isNew: true,
  listedJobIds: [],
  endedJobIds: new Set(),
  schedulerActiveMs: null,
}

/** Of a driver, or of a SparkContext, whose first events this observer has not seen. */
export const unseenProgress: WorkProgress = { ...noProgress, isNew: false }

/** A driver with thousands of concurrent jobs is judged by the oldest of them. */
const maxJobs = 500

export function updateProgress(before: WorkProgress, observation: Observation, nowMs: number): WorkProgress {
  const counted = updateMetrics(forgetEndedJobs(before, observation.metrics), observation.metrics, nowMs)
  const read = observation.jobs === undefined ? counted : updateJobs(counted, observation.jobs, nowMs)
  const cores = updateCores(read, observation.executors, nowMs)
  const droppedBefore = updateDroppedBefore({ ...read, cores }, observation.metrics, nowMs)
  const isStarved = read.isActive && !read.hasTasks && cores?.count === 0
  const isNews = observation.jobs !== undefined || observation.executors !== undefined
  // Without executors, no task can end: the job is not stalled.
  const unchangedNonStream = isStarved ? null : read.unchangedNonStream
  const after = { ...read, cores, droppedBefore, isNew: false }
  if (!isNews) return after
  return {
    ...after,
    unchangedNonStream,
    starved: isStarved ? extendSpan(read.starved, nowMs) : null,
  }
}

/**
 * If Spark has dropped the event of a job's end, the UI lists that job forever. The count is the scheduler's own: if it is 0, all
 * jobs that were listed before have ended.
 */
function forgetEndedJobs(before: WorkProgress, metrics: MetricsReading | undefined): WorkProgress {
  if (metrics?.activeJobs !== 0) return before
  return { ...before, ...noJobs, endedJobIds: new Set(before.listedJobIds) }
}

/** As after a reading without a job. */
const noJobs = {
  isActive: false,
  hasTasks: false,
  unchangedNonStream: null,
  unchangedJobs: null,
  batches: new Map(),
  starved: null,
} satisfies Partial<WorkProgress>

function updateMetrics(before: WorkProgress, metrics: MetricsReading | undefined, nowMs: number): WorkProgress {
  if (metrics === undefined) return before
  const { activeJobs, allJobs, droppedExecutorEvents } = metrics
  const rose = allJobs !== null && before.allJobs !== null && allJobs > before.allJobs
  const countedMs = before.unchangedCount?.seenMs ?? 0
  const isProven = rose && before.quiet !== null && countedMs >= before.quiet.sinceMs
  return {
    ...before,
    unchangedCount:
      allJobs === null ? null : extendSpan(rose ? null : before.unchangedCount, nowMs, Number.POSITIVE_INFINITY),
    quiet: isProven ? null : before.quiet,
    lastJobMs: rose ? Math.max(countedMs, before.lastJobMs ?? 0) : before.lastJobMs,
    allJobs: allJobs ?? before.allJobs,
    dropped: droppedExecutorEvents === null ? before.dropped : { events: droppedExecutorEvents, readMs: nowMs },
    schedulerActiveMs: (activeJobs ?? 0) > 0 ? nowMs : before.schedulerActiveMs,
  }
}

function updateJobs(before: WorkProgress, reading: JobsReading, nowMs: number): WorkProgress {
  const listed = reading.jobs.slice(0, maxJobs)
  const jobs = listed.filter(({ id }) => !before.endedJobIds.has(id))
  const isActive = jobs.length > 0
  return {
    ...before,
    readMs: nowMs,
    listedJobIds: listed.map(({ id }) => id),
    isActive,
    hasTasks: jobs.some(({ activeTasks }) => activeTasks > 0),
    quiet: isActive ? null : extendSpan(before.quiet, nowMs),
    unchangedNonStream: extendSigned(
      before.unchangedNonStream,
      jobs.filter(({ streaming }) => streaming === null),
      nowMs,
    ),
    unchangedJobs: extendSigned(before.unchangedJobs, jobs, nowMs),
    batches: updateBatches(before, jobs, nowMs),
    streamed: before.streamed || jobs.some(({ streaming }) => streaming !== null),
    lastJobMs: isActive ? nowMs : before.lastJobMs,
  }
}

/** Tasks are counted from the start of each job, so equal counts prove a stall however far apart the readings are. */
function extendSigned(before: SignedSpan | null, jobs: readonly RunningJob[], nowMs: number): SignedSpan | null {
  if (jobs.length === 0) return null
  const signature = jobs.map(({ id, endedTasks }) => `${id}:${endedTasks}`).join(' ')
  const span = before?.signature === signature ? before : null
  return { ...extendSpan(span, nowMs, Number.POSITIVE_INFINITY), signature }
}

function updateBatches(
  { batches, cores }: WorkProgress,
  jobs: readonly RunningJob[],
  nowMs: number,
): ReadonlyMap<string, BatchSpan> {
  const running = Map.groupBy(jobs, ({ streaming }) => (streaming?.kind === 'batch' ? streaming.runId : ''))
  const next = new Map<string, BatchSpan>()
  for (const [runId, group] of running) {
    const [first] = group
    if (first?.streaming?.kind !== 'batch') continue
    const { batch } = first.streaming
    const known = batches.get(runId)
    const span = extendSigned(known?.batch === batch ? known : null, group, nowMs)
    const hasCores = group.some(({ activeTasks }) => activeTasks > 0) || (cores !== null && cores.count > 0)
    if (span !== null) next.set(runId, { ...span, batch, hasCores })
  }
  return next
}

/** Executors are read only while jobs wait for tasks. Once a task runs, there are cores. */
function updateCores(
  read: WorkProgress,
  executors: ExecutorsReading | undefined,
  nowMs: number,
): WorkProgress['cores'] {
  if (executors !== undefined) return { count: executors.cores, readMs: nowMs }
  const { cores } = read
  return cores === null || read.hasTasks || !read.isActive || nowMs - cores.readMs > staleMs ? null : cores
}

/** A number of dropped events that is older may have risen long before jobs began to wait. */
const oldestDroppedMs = 600_000

/**
 * Readings come one at a time, so a number counts as read while tasks could run if the newest readings of jobs or executors, up
 * to `staleMs` old, say so. A number that falls is that of another SparkContext, of which nothing else is known.
 */
function updateDroppedBefore(
  { hasTasks, readMs, cores, dropped, droppedBefore, starved, isNew }: WorkProgress,
  metrics: MetricsReading | undefined,
  nowMs: number,
): DroppedEvents | null {
  const known = isNew ? { events: 0, readMs: nowMs } : droppedBefore
  if (dropped === null) return known
  const runsTasks = hasTasks && readMs !== null && nowMs - readMs <= staleMs
  const couldRun = runsTasks || (cores?.count ?? 0) > 0 || metrics?.activeJobs === 0
  if (couldRun || known === null || dropped.events <= known.events) return dropped
  return isOldDropped(known, starved?.sinceMs ?? nowMs) ? dropped : known
}

const isOldDropped = ({ readMs }: DroppedEvents, starvedMs: number) => starvedMs - readMs > oldestDroppedMs

/** No task has ended although jobs run. Off by default: one long task looks the same. Certain because a user set the limit. */
export function concludeStall(
  { unchangedNonStream }: WorkProgress,
  { deadlines: { stallDeadlineMs }, nowMs }: JudgeContext,
): HungVerdict | null {
  if (stallDeadlineMs === null || !covers(unchangedNonStream, stallDeadlineMs, nowMs)) return null
  const report = `jobs are active and no task has finished for ${formatSeconds(nowMs - unchangedNonStream.sinceMs)}`
  return createHung('stall', 'certain', report, [createJobsEvidence(unchangedNonStream)], nowMs)
}

/**
 * Jobs wait, and nothing can run their tasks. Usually the cluster has no room, and a restart does not help. If Spark has
 * dropped an event of its queue `executorManagement`, its count of executors is wrong from then on, and it may never ask
 * for one again (SPARK-59561). If it has had executors since then, it did ask again. Events that are dropped together are often
 * those of jobs too, so the scheduler itself must say that a job is active.
 */
export function concludeNoExecutors(
  { starved, dropped, droppedBefore, schedulerActiveMs }: WorkProgress,
  { deadlines: { noExecutorsDeadlineMs }, nowMs }: JudgeContext,
): HungVerdict | null {
  if (noExecutorsDeadlineMs === null || !covers(starved, noExecutorsDeadlineMs, nowMs)) return null
  const detail = `jobs have been active for ${formatSeconds(nowMs - starved.sinceMs)} without an executor`
  const { sinceMs } = starved
  const evidence: readonly VerdictEvidence[] = [
    { witness: 'jobs', report: 'active jobs without a running task', sinceMs },
    { witness: 'executors', report: 'no executor with a core', sinceMs },
  ]
  const isKnown = droppedBefore !== null && !isOldDropped(droppedBefore, sinceMs)
  const lost = isKnown ? (dropped?.events ?? 0) - droppedBefore.events : 0
  if (lost <= 0 || (schedulerActiveMs ?? -1) < sinceMs)
    return createHung('no-executors', 'likely', detail, evidence, nowMs)
  const report = `${lost} dropped events of the queue executorManagement since a task could last run`
  return createHung(
    'no-executors',
    'certain',
    `${detail}; Spark has dropped ${lost} events about executors`,
    [...evidence, { witness: 'metrics', report, sinceMs }],
    nowMs,
  )
}

/** A micro-batch whose jobs end no task, although executors are there. A single long task looks the same. */
export function concludeBatchStall(
  { batches }: WorkProgress,
  { deadlines: { streamingStallDeadlineMs }, nowMs }: JudgeContext,
): HungVerdict | null {
  if (streamingStallDeadlineMs === null) return null
  for (const [runId, span] of batches) {
    if (!span.hasCores || !covers(span, streamingStallDeadlineMs, nowMs)) continue
    const stall = `no task has finished for ${formatSeconds(nowMs - span.sinceMs)}`
    const detail = `batch ${span.batch} of the streaming query with run id ${runId} is active, and ${stall}`
    return createHung('streaming-stall', 'likely', detail, [createJobsEvidence(span)], nowMs)
  }
  return null
}

const createJobsEvidence = ({ sinceMs }: ReadingSpan): VerdictEvidence => ({
  witness: 'jobs',
  report: 'active jobs without a finished task',
  sinceMs,
})
