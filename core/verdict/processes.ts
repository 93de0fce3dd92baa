import { msPerTick } from '../linux/process-record.ts'
import type { Verdict, VerdictEvidence } from './verdict.ts'
import type { JvmProcess, ProcessRecord } from './witnesses.ts'

/** A record that knows the driver's JVM. */
export type JvmRecord = ProcessRecord & { readonly jvm: JvmProcess }

/** What the records of the probes have shown so far. */
export interface ProcessHistory {
  /**
   * Whether a probe has ever run in the driver's container, also before this observer started. What it recorded may not be
   * readable: the volume is full.
   */
  readonly wasProbed: boolean
  /** The newest record. Null if there was none. */
  readonly newest: ProcessRecord | null
  /** The newest record that knows the JVM. Null if there was none. */
  readonly newestJvm: JvmRecord | null
  /** The first of the newest records that all say that the JVM is stopped. Null if the newest does not say so. */
  readonly stoppedSinceMs: number | null
  readonly idleness: Idleness
  readonly coverage: Coverage
}

/** Whether probes record again and again, or only now and then: a startup probe does each time that the kubelet has restarted. */
interface Coverage {
  /** The first of the newest records without a gap. Null if there was none. */
  readonly sinceMs: number | null
  /** The newest record with which such records have covered a minute. Null if none has. */
  readonly coveredMs: number | null
}

/** Since when the processes have used at most 1 % of a core. */
interface Idleness {
  /** The first record of the minute that is being counted. */
  readonly minute: ProcessRecord | null
  /** Since when neither the JVM nor Python nor the other processes have used more than 1 % of a core. Null if no record says so. */
  readonly sinceMs: number | null
  /** The same for the Python processes alone. */
  readonly pythonSinceMs: number | null
  /** The share of a core that the JVM used in the newest complete minute. Null if it is not known. */
  readonly jvmShare: number | null
  /** When a record last showed that the processes used more than 1 % of a core. Null if none did. */
  readonly workedMs: number | null
}

export const noProcesses: ProcessHistory = {
  wasProbed: false,
  newest: null,
  newestJvm: null,
  stoppedSinceMs: null,
  idleness: { minute: null, sinceMs: null, pythonSinceMs: null, jvmShare: null, workedMs: null },
  coverage: { sinceMs: null, coveredMs: null },
}

/** A record is this old at most if the kubelet still runs the probes: they run at least every 10 s, and may be slow on a loaded node. */
export const freshRecordMs = 60_000

/** Whether a record is new enough to show what the processes do now. */
export const isFresh = ({ recordedMs }: ProcessRecord, nowMs: number) => nowMs - recordedMs <= freshRecordMs

/** Time between records beyond which they no longer cover what happened between them. */
const longestGapMs = 2 * freshRecordMs
const minuteMs = 60_000
const idleShare = 0.01

export function updateProcesses(before: ProcessHistory, record: ProcessRecord | undefined): ProcessHistory {
  if (record === undefined || record.recordedMs === before.newest?.recordedMs) return before
  const { jvm } = record
  if (jvm === null) {
    const idleness = updateIdleness(before, record)
    const coverage = updateCoverage(before, record)
    return { ...before, wasProbed: true, newest: record, stoppedSinceMs: null, idleness, coverage }
  }
  const isOther = isOtherJvm(before, record)
  const stoppedSinceMs = isOther ? record.recordedMs : (before.stoppedSinceMs ?? record.recordedMs)
  return {
    wasProbed: true,
    newest: record,
    newestJvm: { ...record, jvm },
    stoppedSinceMs: jvm.state === 'stopped' ? stoppedSinceMs : null,
    idleness: updateIdleness(before, record),
    coverage: updateCoverage(before, record),
  }
}

/** Whether this record shows another JVM than the records before: the driver was started again. */
export function isOtherJvm({ newestJvm }: ProcessHistory, record: ProcessRecord | undefined): boolean {
  const jvm = record?.jvm ?? null
  return newestJvm !== null && jvm !== null && jvm.startTicks !== newestJvm.jvm.startTicks
}

/** The verdict `unknown` about a driver that a debugger may hold, healthy, for hours. Null if the records show no debugger. */
export function concludeDebugger({ newestJvm }: ProcessHistory, sinceMs: number): Verdict | null {
  const sign = newestJvm === null ? null : findDebugger(newestJvm.jvm)
  return sign === null ? null : { kind: 'unknown', sinceMs, detail: `a debugger may hold the driver: ${sign}` }
}

function findDebugger({ hasDebugAgent, state }: JvmProcess): string | null {
  if (hasDebugAgent) return 'its JVM has a debug agent'
  return state === 'traced' ? 'its JVM is traced' : null
}

/** The evidence that the JVM has been stopped for `durationMs`, by records up to now. Null if it has not. */
export function findStopped(history: ProcessHistory, durationMs: number, nowMs: number): VerdictEvidence | null {
  const { newest, stoppedSinceMs } = history
  if (newest === null || stoppedSinceMs === null || !isFresh(newest, nowMs)) return null
  if (newest.recordedMs - stoppedSinceMs < durationMs - recordSlackMs) return null
  return { witness: 'processes', report: 'the JVM is stopped (state T)', sinceMs: stoppedSinceMs }
}

/** Probes run every 10 s, with this much jitter: records that span a deadline may be this much closer. */
export const recordSlackMs = 1_000

/** The share of a core that the JVM used between two records; null if they are not of the same JVM, or at the same time. */
export function computeJvmShare(from: ProcessRecord | null, to: ProcessRecord | null): number | null {
  if (from === null || to === null || from.jvm === null || to.jvm === null) return null
  if (from.jvm.startTicks !== to.jvm.startTicks || to.recordedMs <= from.recordedMs) return null
  return ((to.jvm.cpuTicks - from.jvm.cpuTicks) * msPerTick) / (to.recordedMs - from.recordedMs)
}

/** How long the container was throttled between two records, as a share of that time. Null if the cgroup does not say. */
export function computeThrottledShare(from: ProcessRecord, to: ProcessRecord): number | null {
  if (from.throttledUs === null || to.throttledUs === null || to.recordedMs <= from.recordedMs) return null
  return (to.throttledUs - from.throttledUs) / 1000 / (to.recordedMs - from.recordedMs)
}

/** Whether the JVM waits for a disk, which no use of CPU time shows. */
export function waitsForDisk({ jvm }: ProcessRecord): boolean {
  return jvm !== null && (jvm.waitsForDisk === true || jvm.state === 'waiting-for-disk')
}

function updateCoverage({ newest, coverage }: ProcessHistory, { recordedMs }: ProcessRecord): Coverage {
  const continues = newest !== null && recordedMs - newest.recordedMs <= longestGapMs
  const sinceMs = continues ? (coverage.sinceMs ?? recordedMs) : recordedMs
  return { sinceMs, coveredMs: recordedMs - sinceMs >= minuteMs ? recordedMs : coverage.coveredMs }
}

/**
 * A minute begins with a record and ends with the first one that is at least a minute later, or with the first that shows
 * more use than a minute may have.
 */
function updateIdleness({ newest, idleness }: ProcessHistory, record: ProcessRecord): Idleness {
  const { recordedMs } = record
  const { minute } = idleness
  if (record.jvm === null && record.pythonCpuTicks === null) return idleness
  const begins = { minute: record, sinceMs: recordedMs, pythonSinceMs: recordedMs }
  const isCovered = newest !== null && recordedMs - newest.recordedMs <= longestGapMs
  if (minute === null || !isCovered || recordedMs < minute.recordedMs) {
    return { ...begins, jvmShare: null, workedMs: idleness.workedMs }
  }
  const elapsedMs = recordedMs - minute.recordedMs
  const allowedTicks = (Math.max(minuteMs, elapsedMs) * idleShare) / msPerTick
  const jvmTicks = countJvmTicks(minute, record)
  const pythonTicks = countTicks(minute.pythonCpuTicks, record.pythonCpuTicks)
  const otherTicks = countTicks(minute.otherCpuTicks, record.otherCpuTicks)
  const pythonSinceMs = pythonTicks > allowedTicks ? recordedMs : idleness.pythonSinceMs
  if (Math.max(jvmTicks, pythonTicks, otherTicks) > allowedTicks) {
    const jvmShare = computeJvmShare(minute, record)
    return { minute: record, sinceMs: recordedMs, pythonSinceMs, jvmShare, workedMs: recordedMs }
  }
  if (elapsedMs < minuteMs) return { ...idleness, pythonSinceMs }
  return { ...idleness, pythonSinceMs, jvmShare: computeJvmShare(minute, record), minute: record }
}

/** Another JVM counts as use: processes come and go because the driver works. */
function countJvmTicks({ jvm: from }: ProcessRecord, { jvm: to }: ProcessRecord): number {
  if (from === null && to === null) return 0
  if (from === null || to === null || from.startTicks !== to.startTicks) return Number.POSITIVE_INFINITY
  return to.cpuTicks - from.cpuTicks
}

/** The sum over all processes of a kind falls when one of them ends, which counts as use. */
function countTicks(from: number | null, to: number | null): number {
  if (from === null && to === null) return 0
  return from === null || to === null || to < from ? Number.POSITIVE_INFINITY : to - from
}
