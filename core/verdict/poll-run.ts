import type { DriverPolicy } from '../settings/driver-policy.ts'
import type { FailureCause, Sample } from './witnesses.ts'

/** Consecutive polls with the same result. */
export interface PollRun {
  /**
   * `failing`: a UI that has answered before fails. `unanswered`: a UI that has never answered accepts connections and does
   * not answer.
   */
  readonly kind: 'none' | 'alive' | 'other' | 'failing' | 'unanswered' | 'refused'
  /** For failures, the time at which the first of these polls began. */
  readonly sinceMs: number
  /** When the newest of these polls ended. */
  readonly seenMs: number
  readonly length: number
  /** The newest of these polls that got no answer at all. Null if the last one got an answer, even an error. */
  readonly silent: { readonly sinceMs: number; readonly length: number } | null
}

/** What a poll can mean depends on what the UI has shown before. */
export interface KnownUi {
  /** Whether the UI has ever answered as this driver's. */
  readonly answered: boolean
  /** Whether the UI has ever listed this driver's application. Filters may keep a UI from ever doing so. */
  readonly listed: boolean
}

export type ConclusiveSample = Exclude<Sample, { kind: 'inconclusive' }>

/** The run that this poll continues or begins. Polls before `driverSinceMs` were those of an earlier JVM. */
export function updateRun(
  before: PollRun,
  known: KnownUi,
  sample: ConclusiveSample,
  driverSinceMs: number | null,
  nowMs: number,
): PollRun {
  const kind = sample.kind === 'failing' ? classifyFailure(known, sample.cause) : sample.kind
  // The observer's clock may count less time than the poll took. A poll begins after the one before.
  const beganMs = sample.kind === 'failing' ? Math.max(nowMs - sample.tookMs, before.seenMs) : nowMs
  const sinceMs = Math.max(driverSinceMs ?? beganMs, beganMs)
  const silent = isSilent(sample) ? { sinceMs, length: 1 } : null
  if (driverSinceMs !== null || before.kind !== kind) return { kind, sinceMs, seenMs: nowMs, length: 1, silent }
  const longerSilence =
    silent === null || before.silent === null ? silent : { ...before.silent, length: before.silent.length + 1 }
  return { ...before, seenMs: nowMs, length: before.length + 1, silent: longerSilence }
}

/** An error such as HTTP 500 proves that threads of the JVM run. */
const isSilent = (sample: ConclusiveSample) =>
  sample.kind === 'failing' && (sample.cause === 'timeout' || sample.cause === 'reset')

/**
 * How a failed poll counts. A failure counts only after the UI has answered as Spark's: before that, the port may belong to
 * another program, or filters or a library of the job may keep the UI from ever answering. Spark's starting page does not
 * rule this out, so errors other than timeouts and resets count only after the UI has listed the application. A driver
 * that has never answered in time has until the startup deadline.
 */
function classifyFailure({ answered, listed }: KnownUi, cause: FailureCause): 'failing' | 'unanswered' | 'other' {
  if (!answered) return cause === 'timeout' ? 'unanswered' : 'other'
  return listed || cause === 'timeout' || cause === 'reset' ? 'failing' : 'other'
}

/**
 * The time to wait before the next poll. A failure is retried immediately, but a fast failure (a reset, a 500) first waits
 * for the rest of its timeout: a short burst of errors must not reach the threshold.
 */
export function nextPollDelayMs(sample: Sample, policy: Pick<DriverPolicy, 'intervalMs' | 'timeoutMs'>): number {
  if (sample.kind === 'failing') return Math.max(0, policy.timeoutMs - sample.tookMs)
  return policy.intervalMs
}
