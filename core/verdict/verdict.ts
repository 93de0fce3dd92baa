import type { DriverPolicy } from '../settings/driver-policy.ts'
import type { FailureCause, JobsReading, Observation, Sample, UiWitness } from './witnesses.ts'

/** Why a driver is hung. docs/hangs.md has a section for each. */
export type HungReason =
  | 'frozen'
  | 'busy'
  | 'unresponsive'
  | 'scheduler-dead'
  | 'deadlock'
  | 'query-ended'
  | 'streaming-stall'
  | 'no-executors'
  | 'main-ended'
  | 'stall'
  | 'max-run-time'
  | 'startup-deadline'
  | 'stop-deadline'

/** `certain`: no healthy driver looks like this. `likely`: a healthy driver can look like this, but rarely does. */
export type Certainty = 'certain' | 'likely'

/** What one witness reported, and since when. */
export interface Evidence {
  readonly witness: Witness
  /** A short clause for users, such as `no answer to 2 polls`. */
  readonly report: string
  readonly sinceMs: number
}

export type Witness = 'ui' | 'processes' | UiWitness

/** The conclusion about a driver. */
export type Verdict =
  | { readonly kind: 'starting'; readonly sinceMs: number }
  | { readonly kind: 'alive'; readonly sinceMs: number }
  | { readonly kind: 'failing'; readonly sinceMs: number; readonly failures: number; readonly detail: string }
  | { readonly kind: 'stopping'; readonly sinceMs: number }
  | { readonly kind: 'unknown'; readonly sinceMs: number; readonly detail: string }
  | {
      readonly kind: 'hung'
      readonly sinceMs: number
      readonly reason: HungReason
      readonly certainty: Certainty
      readonly detail: string
      readonly evidence: readonly Evidence[]
    }

/** What is kept between samples: the verdict, the run of equal samples, and facts that need more than one sample. */
export interface Judgement {
  readonly verdict: Verdict
  /** Whether the UI has ever answered as this driver's. */
  readonly answered: boolean
  /** Whether the UI has ever listed this driver's application. Filters may keep a UI from ever doing so. */
  readonly listed: boolean
  /** The time from which the driver could have answered: the startup deadline starts there. */
  readonly startedMs: number
  readonly run: SampleRun
  /** The jobs read last, and the time since which none of their tasks has ended; null if no job ran. */
  readonly work: { readonly signature: string; readonly sinceMs: number } | null
}

interface SampleRun {
  readonly kind: 'none' | 'alive' | 'other' | 'failing' | 'refused'
  readonly sinceMs: number
  readonly length: number
}

/** The settings on which a verdict depends. */
export type Deadlines = Pick<
  DriverPolicy,
  | 'timeoutMs'
  | 'failureThreshold'
  | 'frozenDeadlineMs'
  | 'unresponsiveDeadlineMs'
  | 'busyDeadlineMs'
  | 'startupDeadlineMs'
  | 'stopDeadlineMs'
  | 'threadDumpIntervalMs'
  | 'queryEndedDeadlineMs'
  | 'streamingStallDeadlineMs'
  | 'noExecutorsDeadlineMs'
  | 'stallDeadlineMs'
  | 'maxRunTimeMs'
>

/** Timers fire slightly early or late. This must not delay a verdict by one more poll. */
const timerSlackMs = 100

/** The judgement before the first sample. `answered`: a sidecar that comes back knows it from its restart state. */
export function createJudgement(nowMs: number, answered = false): Judgement {
  return {
    verdict: { kind: 'starting', sinceMs: nowMs },
    answered,
    listed: false,
    startedMs: nowMs,
    run: { kind: 'none', sinceMs: nowMs, length: 0 },
    work: null,
  }
}

/** The judgement with a startup deadline that starts now: the driver could not have answered before. */
export function delayStartupDeadline(judgement: Judgement, nowMs: number): Judgement {
  return { ...judgement, startedMs: nowMs }
}

/**
 * The one place that concludes that a driver is hung. Pure: the same judgement, sample and time give the same result.
 *
 * A driver is hung in one of four cases:
 * - Its UI failed `failureThreshold` times in a row, over at least as many timeouts.
 * - Its UI has never answered, and the startup deadline has passed.
 * - Its UI answered before and no longer listens, and the stop deadline has passed. The SparkContext is closed, but the JVM
 *   may still commit output.
 * - Jobs ran past the stall deadline without a single task ending.
 *
 * An answer that is not certainly this driver's leads to `unknown`, on which nothing acts.
 */
export function judge(before: Judgement, observation: Observation, policy: Deadlines, nowMs: number): Judgement {
  const sample = observation.ui
  if (sample.kind === 'inconclusive') return before
  const kind = sample.kind === 'failing' ? classifyFailure(before, sample.cause) : sample.kind
  const run: SampleRun =
    before.run.kind === kind
      ? { ...before.run, length: before.run.length + 1 }
      : { kind, sinceMs: sample.kind === 'failing' ? nowMs - sample.tookMs : nowMs, length: 1 }
  const answered = before.answered || kind === 'alive'
  const listed = before.listed || (sample.kind === 'alive' && sample.evidence === 'application')
  const work = updateWork(before.work, observation, nowMs)
  const verdict = conclude({ ...before, answered, run, work }, observation, policy, nowMs)
  return { verdict: keepSince(before.verdict, verdict), answered, listed, startedMs: before.startedMs, run, work }
}

function conclude(state: Judgement, observation: Observation, policy: Deadlines, nowMs: number): Verdict {
  const { run } = state
  const sample = observation.ui
  switch (run.kind) {
    case 'alive':
      return concludeAlive(state, observation, policy, nowMs)
    case 'failing':
      return concludeFailing(state, sample, policy, nowMs)
    case 'refused':
      return state.answered ? concludeStopping(state, policy, nowMs) : concludeStarting(state, policy, nowMs)
    case 'other':
      return { kind: 'unknown', sinceMs: run.sinceMs, detail: 'detail' in sample ? sample.detail : '' }
    case 'none':
      return state.verdict
  }
}

function concludeAlive(
  { run, work, verdict }: Judgement,
  { jobs }: Observation,
  policy: Deadlines,
  nowMs: number,
): Verdict {
  const stalledMs = work === null ? 0 : nowMs - work.sinceMs
  // Only a new reading of the jobs can show a stall: jobs that were read earlier may have ended since.
  const wasRead = jobs !== undefined
  const continues = verdict.kind === 'hung' && verdict.reason === 'stall'
  if (policy.stallDeadlineMs !== null && stalledMs >= policy.stallDeadlineMs && (wasRead || continues)) {
    return hung('stall', `jobs are active and no task has finished for ${formatSeconds(stalledMs)}`, nowMs)
  }
  return { kind: 'alive', sinceMs: run.sinceMs }
}

function concludeFailing({ run }: Judgement, sample: Sample, policy: Deadlines, nowMs: number): Verdict {
  const failingMs = nowMs - run.sinceMs
  const detail = sample.kind === 'failing' ? `${sample.cause}: ${sample.detail}` : ''
  const isLongEnough = failingMs >= policy.failureThreshold * policy.timeoutMs - timerSlackMs
  if (run.length >= policy.failureThreshold && isLongEnough) {
    const failures = `the Spark UI failed ${run.length} polls in a row over ${formatSeconds(failingMs)}`
    return hung('unresponsive', `${failures}, the last by ${detail}`, nowMs)
  }
  return { kind: 'failing', sinceMs: run.sinceMs, failures: run.length, detail }
}

/** The UI has never answered. */
function concludeStarting({ verdict, startedMs }: Judgement, policy: Deadlines, nowMs: number): Verdict {
  // Another program answered on this port, so the UI was never visible: the driver may have run, and may be ending.
  if (verdict.kind === 'unknown') return verdict
  const startingMs = nowMs - startedMs
  if (startingMs < policy.startupDeadlineMs) return { kind: 'starting', sinceMs: startedMs }
  return hung('startup-deadline', `the Spark UI has not answered ${formatSeconds(startingMs)} after the start`, nowMs)
}

/** The UI answered before. */
function concludeStopping({ run }: Judgement, policy: Deadlines, nowMs: number): Verdict {
  const stoppingMs = nowMs - run.sinceMs
  if (stoppingMs < policy.stopDeadlineMs) return { kind: 'stopping', sinceMs: run.sinceMs }
  return hung('stop-deadline', `the driver still runs ${formatSeconds(stoppingMs)} after its UI closed`, nowMs)
}

function hung(reason: HungReason, detail: string, nowMs: number): Verdict {
  return { kind: 'hung', sinceMs: nowMs, reason, certainty: 'certain', detail, evidence: [] }
}

/** A verdict that has not changed keeps the time at which it was reached. */
function keepSince(before: Verdict, verdict: Verdict): Verdict {
  const isUnchanged =
    before.kind === 'hung' && verdict.kind === 'hung' ? before.reason === verdict.reason : before.kind === verdict.kind
  return isUnchanged ? { ...verdict, sinceMs: before.sinceMs } : verdict
}

/**
 * How a failed poll counts. A failure counts only after the UI has answered as Spark's: before that, the port may belong to
 * another program, or filters or a library of the job may keep the UI from ever answering. Spark's starting page does not
 * rule this out, so errors other than timeouts and resets count only after the UI has listed the application. A driver
 * that has never answered in time has until the startup deadline.
 */
function classifyFailure({ answered, listed }: Judgement, cause: FailureCause): 'failing' | 'refused' | 'other' {
  if (!answered) return cause === 'timeout' ? 'refused' : 'other'
  return listed || cause === 'timeout' || cause === 'reset' ? 'failing' : 'other'
}

function updateWork(before: Judgement['work'], { ui, jobs, executors }: Observation, nowMs: number): Judgement['work'] {
  // The next driver numbers its jobs from 0 again.
  if (ui.kind === 'refused') return null
  if (jobs === undefined) return before
  const work = withoutStreaming(jobs)
  if (work.length === 0 || executors?.cores === 0) return null
  const signature = work.map(({ id, endedTasks }) => `${id}:${endedTasks}`).join(' ')
  return before?.signature === signature ? before : { signature, sinceMs: nowMs }
}

const withoutStreaming = ({ jobs }: JobsReading) => jobs.filter(({ streaming }) => streaming === null)

/**
 * The time to wait before the next poll. A failure is retried immediately, but a fast failure (a reset, a 500) first waits
 * for the rest of its timeout: a short burst of errors must not reach the threshold.
 */
export function nextPollDelayMs(sample: Sample, policy: Pick<DriverPolicy, 'intervalMs' | 'timeoutMs'>): number {
  if (sample.kind === 'failing') return Math.max(0, policy.timeoutMs - sample.tookMs)
  return policy.intervalMs
}

function formatSeconds(durationMs: number): string {
  return `${Math.round(durationMs / 1000)} s`
}
