/** The verdicts about a driver that answered before and has stopped to: `frozen`, `busy` and `unresponsive`. */
import type { JudgeContext } from './judge-context.ts'
import type { PollRun } from './poll-run.ts'
import {
  computeJvmShare,
  computeThrottledShare,
  concludeDebugger,
  isFresh,
  type JvmRecord,
  type ProcessHistory,
  recordSlackMs,
  waitsForDisk,
} from './processes.ts'
import { createHung, formatSeconds, timerSlackMs, type Verdict, type VerdictEvidence } from './verdict.ts'
import type { Sample } from './witnesses.ts'

/** The records of the probes that were made during a silence, all of the same JVM. */
export interface Silence {
  readonly first: JvmRecord | null
  /** The first of the newest records between which the JVM has used no CPU time, without an explanation. */
  readonly still: JvmRecord | null
  readonly newest: JvmRecord | null
}

export const noSilence: Silence = { first: null, still: null, newest: null }

/** A JVM that collects garbage or computes uses at least this share of a core. One that only waits uses less than 1 %. */
const burningShare = 0.1
/** Being throttled for less than this share of the time does not keep a UI from answering. */
const throttledShare = 0.1
/** Being throttled for less than this share of the time does not explain that a JVM uses no CPU time at all. Probes may be throttled, too. */
const explainingShare = 0.05

export function updateSilence(before: Silence, run: PollRun, { newestJvm }: ProcessHistory): Silence {
  if (run.kind !== 'failing') return noSilence
  if (newestJvm === null || newestJvm.recordedMs < run.sinceMs) return { first: null, still: null, newest: null }
  const { first, still, newest } = before
  if (newest?.recordedMs === newestJvm.recordedMs) return before
  const isSame = first?.jvm.startTicks === newestJvm.jvm.startTicks && first.recordedMs >= run.sinceMs
  return {
    first: isSame ? first : newestJvm,
    still: isSame && still !== null && isStill(still, newestJvm) ? still : newestJvm,
    newest: newestJvm,
  }
}

/** Whether the JVM used no CPU time between two records, and neither a disk nor throttling explains this. */
function isStill(from: JvmRecord, to: JvmRecord): boolean {
  const isThrottled = (computeThrottledShare(from, to) ?? 0) >= explainingShare
  return to.jvm.cpuTicks === from.jvm.cpuTicks && !waitsForDisk(from) && !waitsForDisk(to) && !isThrottled
}

/** Whether the probe has looked for a thread that waits for a disk, and for those of a debug agent. */
const isExamined = ({ jvm }: JvmRecord) => jvm.waitsForDisk !== null

export function concludeSilence(
  { run, silence, sample }: { readonly run: PollRun; readonly silence: Silence; readonly sample: Sample },
  context: JudgeContext,
): Verdict {
  const { processes, deadlines, nowMs } = context
  const cause = sample.kind === 'failing' ? `${sample.cause}: ${sample.detail}` : ''
  const failing: Verdict = { kind: 'failing', sinceMs: run.sinceMs, failures: run.length, detail: cause }
  const find = ({ sinceMs, length }: Pick<PollRun, 'sinceMs' | 'length'>): Finding | null => {
    if (length < deadlines.failureThreshold) return null
    const silentMs = nowMs - sinceMs + timerSlackMs
    return findFrozen(silence, silentMs, context) ?? findBusyOrUnresponsive(silence, silentMs, context)
  }
  const silentFinding = run.silent === null ? null : find(run.silent)
  const finding = silentFinding ?? find(run)
  if (finding === null) return failing
  const heldByDebugger = concludeDebugger(processes, run.sinceMs)
  if (heldByDebugger !== null) return heldByDebugger
  const ui = `the Spark UI failed ${run.length} polls in a row over ${formatSeconds(nowMs - run.sinceMs)}`
  const evidence = reportPolls(run, silentFinding !== null)
  return createHung(
    finding.reason,
    silentFinding === null ? 'likely' : 'certain',
    `${ui}, the last by ${cause}${finding.processes === null ? '' : `; ${finding.processes.report}`}`,
    finding.processes === null ? [evidence] : [evidence, finding.processes],
    nowMs,
  )
}

/** A UI that answers with errors only may belong to a driver that works. */
function reportPolls({ silent, sinceMs, length }: PollRun, isSilent: boolean): VerdictEvidence {
  return isSilent && silent !== null
    ? { witness: 'ui', report: `no answer to ${silent.length} polls`, sinceMs: silent.sinceMs }
    : { witness: 'ui', report: `${length} polls failed, some with an error as the answer`, sinceMs }
}

interface Finding {
  readonly reason: 'frozen' | 'busy' | 'unresponsive'
  readonly processes: VerdictEvidence | null
}

function findFrozen(silence: Silence, silentMs: number, context: JudgeContext): Finding | null {
  const { still, newest } = silence
  const { frozenDeadlineMs } = context.deadlines
  if (still === null || newest === null || silentMs < frozenDeadlineMs) return null
  if (isStopped(silence, context)) {
    return { reason: 'frozen', processes: createEvidence('the JVM is stopped (state T)', still) }
  }
  const stillMs = newest.recordedMs - still.recordedMs
  if (stillMs < frozenDeadlineMs - recordSlackMs || !isExamined(newest) || waitsForDisk(newest)) return null
  return {
    reason: 'frozen',
    processes: createEvidence(`the JVM used no CPU time for ${formatSeconds(stillMs)}`, still),
  }
}

/**
 * Whether the JVM is stopped, and was for the whole silence as far as records show: they are 10 s apart, so that they may span
 * half of the deadline. If the JVM ran at its beginning, the silence had another cause, such as a starved node, and only the
 * time counts in which it is stopped. A tool may stop a healthy JVM for seconds.
 */
function isStopped({ first, newest }: Silence, { processes, deadlines: { frozenDeadlineMs } }: JudgeContext): boolean {
  const { stoppedSinceMs } = processes
  if (first === null || newest === null || newest.jvm.state !== 'stopped' || stoppedSinceMs === null) return false
  const requiredMs = stoppedSinceMs <= first.recordedMs ? frozenDeadlineMs / 2 : frozenDeadlineMs
  return newest.recordedMs - stoppedSinceMs >= requiredMs - recordSlackMs
}

/** The driver is silent, and nothing proves that it stands still. */
function findBusyOrUnresponsive(
  { first, still, newest }: Silence,
  silentMs: number,
  { processes, deadlines, nowMs }: JudgeContext,
): Finding | null {
  const { unresponsiveDeadlineMs, busyDeadlineMs } = deadlines
  if (first === null || newest === null || !isFresh(newest, nowMs)) {
    // Where probes show the JVM, they fail for another reason: the kubelet restarts, or the volume is full. The driver
    // may be in a long garbage collection, which has the longer deadline.
    const deadlineMs = seesJvm(processes) ? Math.max(unresponsiveDeadlineMs, busyDeadlineMs) : unresponsiveDeadlineMs
    return silentMs < deadlineMs ? null : createUnresponsive(null)
  }
  if (silentMs < busyDeadlineMs) return null
  const share = computeJvmShare(first, newest)
  if (share === null) return createUnresponsive(createEvidence('only one record of the JVM was made since', first))
  const throttled = computeThrottledShare(first, newest) ?? 0
  // The JVM has used no CPU time at all: this may become `frozen`, whose deadline is longer here.
  const mayBecomeFrozen = share === 0 && still === first && throttled < explainingShare
  if (mayBecomeFrozen && isExamined(newest) && !waitsForDisk(newest)) return null
  const used = `the JVM used ${(share * 100).toFixed(1)} % of a core`
  const text = throttled >= throttledShare ? `${used}, and its container was throttled` : used
  const isBusy = share >= burningShare || throttled >= throttledShare
  return { reason: isBusy ? 'busy' : 'unresponsive', processes: createEvidence(text, first) }
}

/** Whether probes show the JVM when they can record. They may have run without a record that this observer could read. */
const seesJvm = ({ newestJvm, newest, wasProbed }: ProcessHistory) =>
  newestJvm !== null || (newest === null && wasProbed)

const createUnresponsive = (processes: VerdictEvidence | null): Finding => ({ reason: 'unresponsive', processes })

const createEvidence = (text: string, { recordedMs }: JvmRecord): VerdictEvidence => ({
  witness: 'processes',
  report: text,
  sinceMs: recordedMs,
})
