/** What the running jobs and the executors show of the driver's work: the verdict `stall`. */
import { covers, extendSpan, type Span } from './span.ts'
import { type Deadlines, formatSeconds, type HungVerdict, hung } from './verdict.ts'
import type { JobsReading, Observation, RunningJob } from './witnesses.ts'

export interface Progress {
  /** The jobs that are not of a stream, by their ended tasks, and how long this has not changed. Null if none runs. */
  readonly standing: SignedSpan | null
}

/** The time in which jobs have ended no task. */
export interface SignedSpan extends Span {
  readonly signature: string
}

export const noProgress: Progress = { standing: null }

/** A driver with thousands of concurrent jobs is judged by the oldest of them. */
const maxSignedJobs = 500

export function updateProgress(before: Progress, observation: Observation, nowMs: number): Progress {
  const { jobs, executors } = observation
  if (jobs === undefined) return before
  const standing = executors?.cores === 0 ? null : extendSigned(before.standing, withoutStreaming(jobs), nowMs)
  return { standing }
}

/** Tasks are counted from the start of each job, so equal counts prove a stall however far apart the readings are. */
function extendSigned(before: SignedSpan | null, jobs: readonly RunningJob[], nowMs: number): SignedSpan | null {
  if (jobs.length === 0) return null
  const signature = jobs
    .slice(0, maxSignedJobs)
    .map(({ id, endedTasks }) => `${id}:${endedTasks}`)
    .join(' ')
  const span = before?.signature === signature ? before : null
  return { ...extendSpan(span, nowMs, Number.POSITIVE_INFINITY), signature }
}

const withoutStreaming = ({ jobs }: JobsReading) => jobs.filter(({ streaming }) => streaming === null)

/** No task has ended although jobs run. Off by default: one long task looks the same. */
export function concludeStall(
  { standing }: Progress,
  { stallDeadlineMs }: Deadlines,
  nowMs: number,
): HungVerdict | null {
  if (stallDeadlineMs === null || !covers(standing, stallDeadlineMs, nowMs)) return null
  const report = `jobs are active and no task has finished for ${formatSeconds(nowMs - standing.sinceMs)}`
  const evidence = {
    witness: 'jobs',
    report: 'active jobs without a finished task',
    sinceMs: standing.sinceMs,
  } as const
  return hung('stall', 'certain', report, [evidence], nowMs)
}
