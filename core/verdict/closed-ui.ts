/** The verdicts about a driver whose UI does not listen: `startup-deadline`, `stop-deadline`, and `frozen` before the first answer. */
import type { JudgeContext } from './judge-context.ts'
import type { PollRun } from './poll-run.ts'
import { concludeDebugger, findStopped, freshRecordMs, isFresh } from './processes.ts'
import { createHung, formatSeconds, type Verdict, type VerdictEvidence } from './verdict.ts'

interface StartingDriver {
  readonly startedMs: number
  readonly run: PollRun
  readonly mayHaveClosedUi: boolean
}

/**
 * The UI has never answered. If nothing listens on its port, the deadline is only likely to mean a hang: a notebook's kernel,
 * or a script that downloads or trains, may work for long before its first SparkSession. If the port accepts connections,
 * the SparkContext exists, and should answer.
 */
export function concludeStarting(
  { startedMs, run, mayHaveClosedUi }: StartingDriver,
  { processes, deadlines, nowMs }: JudgeContext,
): Verdict {
  const heldByDebugger = concludeDebugger(processes, startedMs)
  const stopped = findStopped(processes, deadlines.frozenDeadlineMs, nowMs)
  if (stopped !== null && heldByDebugger === null) {
    const detail = `${stopped.report} for ${formatSeconds(nowMs - stopped.sinceMs)}, before the Spark UI answered`
    return createHung('frozen', 'certain', detail, [stopped], nowMs)
  }
  const startingMs = nowMs - startedMs
  const deadlineMs = mayHaveClosedUi
    ? Math.max(deadlines.startupDeadlineMs, deadlines.stopDeadlineMs)
    : deadlines.startupDeadlineMs
  if (startingMs < deadlineMs) return { kind: 'starting', sinceMs: startedMs }
  if (heldByDebugger !== null) return heldByDebugger
  // The driver may have started long after `startedMs`, so that the silence itself must be as long.
  const isSilent =
    run.kind === 'unanswered' &&
    run.length >= deadlines.failureThreshold &&
    nowMs - run.sinceMs >= Math.max(deadlines.unresponsiveDeadlineMs, deadlineMs)
  const evidence: VerdictEvidence = {
    witness: 'ui',
    report: isSilent ? `no answer to ${run.length} polls that it accepted` : 'its port never answered',
    sinceMs: isSilent ? run.sinceMs : startedMs,
  }
  const detail = `the Spark UI has not answered ${formatSeconds(startingMs)} after the start`
  return createHung('startup-deadline', isSilent ? 'certain' : 'likely', detail, [evidence], nowMs)
}

/**
 * The UI answered before, and its port is closed: the SparkContext has ended, but the JVM may still commit output, upload
 * files or train a model. The deadline counts from the last minute in which a process used more than 1 % of a core. Without
 * records of the whole time, work after the end cannot be ruled out. If the probes recorded the driver again and again, until its
 * end or after it, and then did not, the witness is missing, and that time does not count: the first probe that runs again could
 * end a driver that works.
 */
export function concludeStopping(
  run: PollRun,
  { processes, deadlines: { stopDeadlineMs }, nowMs }: JudgeContext,
): Verdict {
  const { idleness, newest, coverage } = processes
  const coveredMs = coverage.coveredMs ?? Number.NEGATIVE_INFINITY
  const isWatched = coveredMs > run.sinceMs && idleness.sinceMs !== null
  const isBlind = coveredMs > run.sinceMs - freshRecordMs && newest !== null && !isFresh(newest, nowMs)
  const quietSinceMs = Math.max(
    run.sinceMs,
    idleness.workedMs ?? run.sinceMs,
    isWatched ? idleness.sinceMs : run.sinceMs,
  )
  if (isBlind || nowMs - quietSinceMs < stopDeadlineMs) return { kind: 'stopping', sinceMs: run.sinceMs }
  const heldByDebugger = concludeDebugger(processes, run.sinceMs)
  if (heldByDebugger !== null) return heldByDebugger
  const closed: VerdictEvidence = { witness: 'ui', report: 'its port is closed', sinceMs: run.sinceMs }
  const idleSinceMs = Math.max(run.sinceMs, idleness.sinceMs ?? nowMs)
  const isIdle =
    newest !== null && newest.otherCpuTicks !== null && isFresh(newest, nowMs) && nowMs - idleSinceMs >= stopDeadlineMs
  const detail = `the driver still runs ${formatSeconds(nowMs - run.sinceMs)} after its UI closed`
  if (!isIdle) return createHung('stop-deadline', 'likely', detail, [closed], nowMs)
  const report = 'no process used more than 1 % of a core in any minute'
  const idle: VerdictEvidence = { witness: 'processes', report, sinceMs: idleSinceMs }
  return createHung('stop-deadline', 'certain', `${detail}; ${report}`, [closed, idle], nowMs)
}
