import type { DriverPolicy } from '../settings/driver-policy.ts'

/** What one poll of `/api/v1/applications` says. Times are of a monotonic clock, in milliseconds. */
export type Sample =
  /** The UI is this driver's. `not-started`: Spark's page "Spark is starting up". `work` is there when it was asked for. */
  | {
      readonly kind: 'alive'
      readonly evidence: 'application' | 'not-started' | 'authentication' | 'redirect'
      readonly work?: Work
    }
  /** Something answers that is not this driver (hostNetwork, the port moved). */
  | { readonly kind: 'other'; readonly detail: string }
  | { readonly kind: 'failing'; readonly cause: FailureCause; readonly detail: string; readonly tookMs: number }
  /** Nobody listens. */
  | { readonly kind: 'refused' }
  /** The prober itself was late (frozen, throttled): says nothing of the driver. */
  | { readonly kind: 'inconclusive'; readonly detail: string }

export type FailureCause = 'timeout' | 'reset' | 'server-error' | 'malformed'

/** The running jobs, streaming ones left out, and how many of their tasks have ended. */
export interface Work {
  readonly jobs: readonly { readonly id: number; readonly endedTasks: number }[]
}

export type HungReason = 'unresponsive' | 'startup-deadline' | 'stop-deadline' | 'stall'

/** What is concluded of the driver. */
export type Verdict =
  | { readonly kind: 'starting'; readonly sinceMs: number }
  | { readonly kind: 'alive'; readonly sinceMs: number }
  | { readonly kind: 'failing'; readonly sinceMs: number; readonly failures: number; readonly detail: string }
  | { readonly kind: 'stopping'; readonly sinceMs: number }
  | { readonly kind: 'unknown'; readonly sinceMs: number; readonly detail: string }
  | { readonly kind: 'hung'; readonly sinceMs: number; readonly reason: HungReason; readonly detail: string }

/** What is remembered between samples: the run of like samples, and what a single sample cannot tell. */
export interface Judgement {
  readonly verdict: Verdict
  /** Whether the UI has ever answered as this driver's. */
  readonly answered: boolean
  /** Whether it has listed this driver's application: until then it may be one that never can, for its filters. */
  readonly listed: boolean
  /** Since when the driver could have answered. */
  readonly startedMs: number
  readonly run: SampleRun
  /** The work last seen and since when no task of it ended; null when no job ran. */
  readonly work: { readonly signature: string; readonly sinceMs: number } | null
}

interface SampleRun {
  readonly kind: 'none' | 'alive' | 'other' | 'failing' | 'refused'
  readonly sinceMs: number
  readonly length: number
}

type Deadlines = Pick<
  DriverPolicy,
  'timeoutMs' | 'failureThreshold' | 'startupDeadlineMs' | 'stopDeadlineMs' | 'stallDeadlineMs'
>

/** Timers end a little early or late; a verdict must not wait for another poll because of it. */
const timerSlackMs = 100

/** The judgement before the first sample. `answered`: a sidecar that comes back knows it from its memory file. */
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
 * The one place that concludes that a driver hangs. Pure: the same judgement, sample and time give the same answer.
 * A driver is hung when its UI failed `failureThreshold` times in a row over at least as many timeouts, when nobody
 * answered past the startup deadline (never answered) or listened past the stop deadline (answered before: the context
 * is closed, the JVM may still commit output), or when jobs ran past the stall deadline without a task ending. Whatever
 * is not surely this driver's answer leads to `unknown`, on which nothing acts.
 */
export function judge(before: Judgement, sample: Sample, policy: Deadlines, nowMs: number): Judgement {
  if (sample.kind === 'inconclusive') return before
  const kind = sample.kind === 'failing' ? classifyFailure(before, sample.cause) : sample.kind
  const run: SampleRun =
    before.run.kind === kind
      ? { ...before.run, length: before.run.length + 1 }
      : { kind, sinceMs: sample.kind === 'failing' ? nowMs - sample.tookMs : nowMs, length: 1 }
  const answered = before.answered || kind === 'alive'
  const listed = before.listed || (sample.kind === 'alive' && sample.evidence === 'application')
  const work = updateWork(before.work, sample, nowMs)
  const verdict = conclude({ ...before, answered, run, work }, sample, policy, nowMs)
  return { verdict: keepSince(before.verdict, verdict), answered, listed, startedMs: before.startedMs, run, work }
}

function conclude(state: Judgement, sample: Sample, policy: Deadlines, nowMs: number): Verdict {
  const { run } = state
  const hung = (reason: HungReason, detail: string): Verdict => ({ kind: 'hung', sinceMs: nowMs, reason, detail })
  switch (run.kind) {
    case 'alive': {
      const stalledMs = state.work === null ? 0 : nowMs - state.work.sinceMs
      // Only a fresh look at the jobs can find a stall: what was seen before the looks failed may be long done.
      const looked = sample.kind === 'alive' && sample.work !== undefined
      const stands = state.verdict.kind === 'hung' && state.verdict.reason === 'stall'
      if (policy.stallDeadlineMs !== null && stalledMs >= policy.stallDeadlineMs && (looked || stands)) {
        return hung('stall', `jobs are active and no task has finished for ${formatSeconds(stalledMs)}`)
      }
      return { kind: 'alive', sinceMs: run.sinceMs }
    }
    case 'failing': {
      const failingMs = nowMs - run.sinceMs
      const detail = sample.kind === 'failing' ? `${sample.cause}: ${sample.detail}` : ''
      const enough = run.length >= policy.failureThreshold
      if (enough && failingMs >= policy.failureThreshold * policy.timeoutMs - timerSlackMs) {
        return hung(
          'unresponsive',
          `the Spark UI failed ${run.length} polls in a row over ${formatSeconds(failingMs)}, the last by ${detail}`,
        )
      }
      return { kind: 'failing', sinceMs: run.sinceMs, failures: run.length, detail }
    }
    case 'refused': {
      if (!state.answered) {
        // Where another answered, this driver's UI was never to be seen: it may have run all the time, and be ending now.
        if (state.verdict.kind === 'unknown') return state.verdict
        const startingMs = nowMs - state.startedMs
        if (startingMs >= policy.startupDeadlineMs) {
          return hung('startup-deadline', `the Spark UI has not answered ${formatSeconds(startingMs)} after the start`)
        }
        return { kind: 'starting', sinceMs: state.startedMs }
      }
      const stoppingMs = nowMs - run.sinceMs
      if (stoppingMs >= policy.stopDeadlineMs) {
        return hung('stop-deadline', `the driver still runs ${formatSeconds(stoppingMs)} after its UI closed`)
      }
      return { kind: 'stopping', sinceMs: run.sinceMs }
    }
    case 'other':
      return { kind: 'unknown', sinceMs: run.sinceMs, detail: 'detail' in sample ? sample.detail : '' }
    case 'none':
      return state.verdict
  }
}

/** A verdict that stands keeps the time at which it was reached. */
function keepSince(before: Verdict, verdict: Verdict): Verdict {
  const stands =
    before.kind === 'hung' && verdict.kind === 'hung' ? before.reason === verdict.reason : before.kind === verdict.kind
  return stands ? { ...verdict, sinceMs: before.sinceMs } : verdict
}

/**
 * Only who has answered as Spark before can be said to answer wrongly: else it may be another program's port, or a UI
 * that its filters or a library of the job's keep from ever answering; Spark's starting page says nothing of that. And
 * who has never answered in time has until the startup deadline.
 */
function classifyFailure({ answered, listed }: Judgement, cause: FailureCause): 'failing' | 'refused' | 'other' {
  if (!answered) return cause === 'timeout' ? 'refused' : 'other'
  return listed || cause === 'timeout' || cause === 'reset' ? 'failing' : 'other'
}

function updateWork(before: Judgement['work'], sample: Sample, nowMs: number): Judgement['work'] {
  // The next driver's jobs are numbered from 0 again.
  if (sample.kind === 'refused') return null
  const work = sample.kind === 'alive' ? sample.work : undefined
  if (work === undefined) return before
  if (work.jobs.length === 0) return null
  const signature = work.jobs.map(({ id, endedTasks }) => `${id}:${endedTasks}`).join(' ')
  return before?.signature === signature ? before : { signature, sinceMs: nowMs }
}

/**
 * How long to wait before the next poll. A failure is retried at once, but a failure that came quickly (a reset, a
 * 500) waits out its timeout: a short burst of errors must not spend the threshold.
 */
export function nextPollDelayMs(sample: Sample, policy: Pick<DriverPolicy, 'intervalMs' | 'timeoutMs'>): number {
  if (sample.kind === 'failing') return Math.max(0, policy.timeoutMs - sample.tookMs)
  return policy.intervalMs
}

function formatSeconds(durationMs: number): string {
  return `${Math.round(durationMs / 1000)} s`
}
