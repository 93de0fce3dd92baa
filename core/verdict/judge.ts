import type { Deadlines } from '../settings/deadlines.ts'
import { concludeStarting, concludeStopping } from './closed-ui.ts'
import type { JudgeContext } from './judge-context.ts'
import { noRequests, type RequestHistory, updateRequests } from './plan-readings.ts'
import { type ConclusiveSample, type PollRun, updateRun } from './poll-run.ts'
import { isOtherJvm, noProcesses, type ProcessHistory, updateProcesses } from './processes.ts'
import {
  concludeBatchStall,
  concludeNoExecutors,
  concludeStall,
  noProgress,
  unseenProgress,
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
import { createHung, formatSeconds, type HungVerdict, isSameConclusion, type Verdict } from './verdict.ts'
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
  /** When the UI first answered, as far as this observer knows; see {@link countFromFirstAnswer}. Null if it has not yet. */
  readonly firstAnswerMs: number | null
  /**
   * Whether this driver may be one that has answered and closed its UI, before this judgement began. It may have committed its
   * output, so nothing may run it again, and it has the stop deadline as well as the startup deadline. Until its UI answers.
   */
  readonly mayHaveClosedUi: boolean
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
/** The same for a driver that may have worked before this observer looked at it. */
const unseenWork: Work = { ...noWork, progress: unseenProgress }

/** What is known before the first observation: a sidecar that comes back has its restart state. */
export interface KnownDriver {
  /** Whether the UI has ever answered as this driver's. */
  readonly answered: boolean
  /** Whether a probe has ever run in the driver's container. */
  readonly probed: boolean
  /** See {@link Judgement.mayHaveClosedUi}. */
  readonly mayHaveClosedUi: boolean
}

/** The judgement before the first observation. */
export function createJudgement(
  nowMs: number,
  { answered = false, probed = false, mayHaveClosedUi = false }: Partial<KnownDriver> = {},
): Judgement {
  return {
    verdict: { kind: 'starting', sinceMs: nowMs },
    answered,
    listed: false,
    startedMs: nowMs,
    firstAnswerMs: null,
    mayHaveClosedUi,
    otherAnsweredFirst: false,
    run: { kind: 'none', sinceMs: nowMs, seenMs: nowMs, length: 0, silent: null },
    processes: probed ? { ...noProcesses, wasProbed: true } : noProcesses,
    silence: noSilence,
    work: answered ? unseenWork : noWork,
  }
}

/** The judgement with a startup deadline that starts now: the driver could not have answered before. */
export function delayStartupDeadline(judgement: Judgement, nowMs: number): Judgement {
  return { ...judgement, startedMs: nowMs }
}

/** The judgement of a driver whose UI first answered at `firstAnswerMs`, before this observer started. */
export function countFromFirstAnswer(judgement: Judgement, firstAnswerMs: number): Judgement {
  return { ...judgement, firstAnswerMs }
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
  const recorded = updateProcesses(before.processes, observation.processes)
  const processes = observation.probed === true ? { ...recorded, wasProbed: true } : recorded
  const run = updateRun(before.run, before, sample, driverSinceMs, nowMs)
  // The next driver, or the next SparkContext, numbers its jobs from 0 again.
  const known = run.kind === 'refused' && before.answered ? unseenWork : before.work
  const work = isOther ? noWork : known
  return {
    ...before,
    answered: before.answered || run.kind === 'alive',
    listed: before.listed || (sample.kind === 'alive' && sample.evidence === 'application'),
    firstAnswerMs: findFirstAnswer(isOther ? null : before.firstAnswerMs, run, processes, nowMs),
    mayHaveClosedUi: before.mayHaveClosedUi && run.kind !== 'alive',
    otherAnsweredFirst: before.otherAnsweredFirst || (run.kind === 'other' && !before.answered),
    run,
    processes,
    silence: updateSilence(before.silence, run, processes),
    work: run.kind === 'alive' ? updateWork(work, observation, deadlines, nowMs) : work,
  }
}

/** Since when the driver has answered. Without records, another one may have started since the UI was closed. */
function findFirstAnswer(
  knownMs: number | null,
  run: PollRun,
  { newestJvm }: ProcessHistory,
  nowMs: number,
): number | null {
  if (run.kind === 'refused' && newestJvm === null) return null
  return knownMs ?? (run.kind === 'alive' ? nowMs : null)
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
  const { run, processes, silence, verdict } = state
  const sample = observation.ui
  const context: JudgeContext = { processes, deadlines, nowMs }
  switch (run.kind) {
    case 'alive':
      return concludeWork(state, context) ?? { kind: 'alive', sinceMs: run.sinceMs }
    case 'failing':
      return concludeSilence({ run, silence, sample }, context)
    case 'unanswered':
    case 'refused':
      if (state.answered) return concludeStopping(run, context)
      // Another program answered on this port, so the UI was never visible: the driver may have run, and may be ending.
      if (state.otherAnsweredFirst) return verdict
      return concludeStarting(state, context)
    case 'other':
      return { kind: 'unknown', sinceMs: run.sinceMs, detail: 'detail' in sample ? sample.detail : '' }
    case 'none':
      return verdict
  }
}

/** The driver answers: the first certain verdict about its work, else the first likely one, in the order of the table. */
function concludeWork({ work, firstAnswerMs }: Judgement, context: JudgeContext): HungVerdict | null {
  const { progress, threads } = work
  const verdicts = [
    concludeSchedulerDead(threads, context),
    concludeDeadlock(threads, context),
    concludeQueryEnded(work, context),
    concludeBatchStall(progress, context),
    concludeStreamStall(work, context),
    concludeNoExecutors(progress, context),
    concludeMainEnded(work, context),
    concludeStall(progress, context),
    concludeRunTime(firstAnswerMs, context),
  ].filter((verdict) => verdict !== null)
  return verdicts.find(({ certainty }) => certainty === 'certain') ?? verdicts[0] ?? null
}

/** Certain because a user set the limit. */
function concludeRunTime(
  firstAnswerMs: number | null,
  { deadlines: { maxRunTimeMs }, nowMs }: JudgeContext,
): HungVerdict | null {
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
