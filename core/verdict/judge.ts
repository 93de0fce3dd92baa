import { concludeStarting, concludeStopping } from './lifetime.ts'
import { noRequests, type RequestHistory, updateRequests } from './plan-readings.ts'
import { type ConclusiveSample, type PollRun, updateRun } from './poll-run.ts'
import { isOtherJvm, noProcesses, type ProcessHistory, updateProcesses } from './processes.ts'
import {
  concludeBatchStall,
  concludeNoExecutors,
  concludeStall,
  noProgress,
  updateProgress,
  type WorkProgress,
} from './progress.ts'
import { concludeQueryEnded, hasUnchangedQuery, noQueries, type QueryHistory, updateQueries } from './queries.ts'
import { concludeSilence, noSilence, type Silence, updateSilence } from './silence.ts'
import { staleMs } from './span.ts'
import {
  concludeDeadlock,
  concludeMainEnded,
  concludeSchedulerDead,
  concludeStreamStall,
  noThreads,
  type ThreadHistory,
  updateThreads,
} from './threads.ts'
import {
  createHung,
  type Deadlines,
  formatSeconds,
  type HungVerdict,
  isSameConclusion,
  type Verdict,
} from './verdict.ts'
import type { Observation } from './witnesses.ts'

/** What is kept between observations: the verdict, and facts that need more than one observation. */
export interface Judgement {
  readonly verdict: Verdict
  /** Whether the UI has ever answered as this driver's. */
  readonly answered: boolean
  /** Whether the UI has ever listed this driver's application. Filters may keep a UI from ever doing so. */
  readonly listed: boolean
  /** The time from which the driver could have answered: the startup deadline starts there. */
  readonly startedMs: number
  /** When this observer first saw the UI answer. Null if it has not yet. */
  readonly firstAnswerMs: number | null
  /** Whether something else answered on the UI's port before the UI did: then the UI may be invisible. */
  readonly otherAnsweredFirst: boolean
  readonly run: PollRun
  readonly processes: ProcessHistory
  readonly silence: Silence
  readonly work: Work
}

/** What the UI has shown of the driver's work. */
export interface Work {
  readonly progress: WorkProgress
  readonly threads: ThreadHistory
  readonly queries: QueryHistory
  readonly requests: RequestHistory
}

const noWork: Work = { progress: noProgress, threads: noThreads, queries: noQueries, requests: noRequests }

/** The judgement before the first observation. `answered`: a sidecar that comes back knows it from its restart state. */
export function createJudgement(nowMs: number, answered = false): Judgement {
  return {
    verdict: { kind: 'starting', sinceMs: nowMs },
    answered,
    listed: false,
    startedMs: nowMs,
    firstAnswerMs: null,
    otherAnsweredFirst: false,
    run: { kind: 'none', sinceMs: nowMs, seenMs: nowMs, length: 0, silent: null },
    processes: noProcesses,
    silence: noSilence,
    work: noWork,
  }
}

/** The judgement with a startup deadline that starts now: the driver could not have answered before. */
export function delayStartupDeadline(judgement: Judgement, nowMs: number): Judgement {
  return { ...judgement, startedMs: nowMs }
}

/**
 * The one place that concludes that a driver is hung. Pure: the same judgement, observation and time give the same result.
 * docs/hangs.md describes each verdict; each kind of evidence has its own file here.
 *
 * A poll that the observer itself delayed changes nothing. An answer that is not certainly this driver's leads to `unknown`,
 * on which nothing acts. A missing witness says nothing, and what depends on it is not concluded.
 */
export function judge(before: Judgement, observation: Observation, deadlines: Deadlines, nowMs: number): Judgement {
  const sample = observation.ui
  if (sample.kind === 'inconclusive') return before
  const state = update(before, observation, sample, deadlines, nowMs)
  return { ...state, verdict: keepSince(before.verdict, conclude(state, observation, deadlines, nowMs)) }
}

function update(
  before: Judgement,
  observation: Observation,
  sample: ConclusiveSample,
  deadlines: Deadlines,
  nowMs: number,
): Judgement {
  const isOther = isOtherJvm(before.processes, observation.processes)
  const driverSinceMs = isOther ? (observation.processes?.recordedMs ?? nowMs) : null
  const processes = updateProcesses(before.processes, observation.processes)
  const run = updateRun(before.run, before, sample, driverSinceMs, nowMs)
  // The next driver numbers its jobs from 0 again.
  const work = isOther || run.kind === 'refused' ? noWork : before.work
  return {
    ...before,
    answered: before.answered || run.kind === 'alive',
    listed: before.listed || (sample.kind === 'alive' && sample.evidence === 'application'),
    firstAnswerMs: (isOther ? null : before.firstAnswerMs) ?? (run.kind === 'alive' ? nowMs : null),
    otherAnsweredFirst: before.otherAnsweredFirst || (run.kind === 'other' && !before.answered),
    run,
    processes,
    silence: updateSilence(before.silence, run, processes),
    work: run.kind === 'alive' ? updateWork(work, observation, deadlines, nowMs) : work,
  }
}

function updateWork(before: Work, observation: Observation, deadlines: Deadlines, nowMs: number): Work {
  const progress = updateProgress(before.progress, observation, nowMs)
  const longestGapMs = Math.max(staleMs, 2 * deadlines.threadDumpIntervalMs)
  const threads = updateThreads(before.threads, observation, progress, longestGapMs, nowMs)
  const queries = updateQueries(before.queries, observation.queries, nowMs)
  return {
    progress,
    threads,
    queries,
    requests: updateRequests(before.requests, observation, progress, hasUnchangedQuery(queries), nowMs),
  }
}

function conclude(state: Judgement, observation: Observation, deadlines: Deadlines, nowMs: number): Verdict {
  const { run, processes, verdict } = state
  const sample = observation.ui
  switch (run.kind) {
    case 'alive':
      return concludeWork(state, deadlines, nowMs) ?? { kind: 'alive', sinceMs: run.sinceMs }
    case 'failing':
      return concludeSilence(run, state.silence, processes, sample, deadlines, nowMs)
    case 'unanswered':
    case 'refused':
      if (state.answered) return concludeStopping(run, processes, deadlines, nowMs)
      // Another program answered on this port, so the UI was never visible: the driver may have run, and may be ending.
      if (state.otherAnsweredFirst) return verdict
      return concludeStarting(state.startedMs, run, processes, deadlines, nowMs)
    case 'other':
      return { kind: 'unknown', sinceMs: run.sinceMs, detail: 'detail' in sample ? sample.detail : '' }
    case 'none':
      return verdict
  }
}

/** The driver answers: the first certain verdict about its work, else the first likely one, in the order of the table. */
function concludeWork(
  { work, processes, firstAnswerMs }: Judgement,
  deadlines: Deadlines,
  nowMs: number,
): HungVerdict | null {
  const { progress, threads, queries } = work
  const verdicts = [
    concludeSchedulerDead(threads, deadlines, nowMs),
    concludeDeadlock(threads, deadlines, nowMs),
    concludeQueryEnded(queries, threads, progress, processes, deadlines, nowMs),
    concludeBatchStall(progress, deadlines, nowMs),
    concludeStreamStall(threads, progress, deadlines, nowMs),
    concludeNoExecutors(progress, deadlines, nowMs),
    concludeMainEnded(threads, progress, deadlines, nowMs),
    concludeStall(progress, deadlines, nowMs),
    concludeRunTime(firstAnswerMs, deadlines, nowMs),
  ].filter((verdict) => verdict !== null)
  return verdicts.find(({ certainty }) => certainty === 'certain') ?? verdicts[0] ?? null
}

/** Certain because a user set the limit. */
function concludeRunTime(firstAnswerMs: number | null, { maxRunTimeMs }: Deadlines, nowMs: number): HungVerdict | null {
  if (maxRunTimeMs === null || firstAnswerMs === null || nowMs - firstAnswerMs < maxRunTimeMs) return null
  const detail = `the driver has run for ${formatSeconds(nowMs - firstAnswerMs)}, longer than max-run-time`
  const evidence = { witness: 'ui', report: 'the UI answered first', sinceMs: firstAnswerMs } as const
  return createHung('max-run-time', 'certain', detail, [evidence], nowMs)
}

/** A verdict that has not changed keeps the time at which it was reached. */
function keepSince(before: Verdict, verdict: Verdict): Verdict {
  const isUnchanged =
    before.kind === 'hung' && verdict.kind === 'hung' ? isSameConclusion(before, verdict) : before.kind === verdict.kind
  return isUnchanged ? { ...verdict, sinceMs: before.sinceMs } : verdict
}
