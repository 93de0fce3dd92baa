import { exponentialDelayMs } from '../backoff.ts'
import { isRecord, parseJson, parseTimeMs, toList, toRecord } from '../json.ts'

/** One driver that was deleted. */
export interface Deletion {
  readonly atMs: number
  /** The uid of the pod. */
  readonly uid: string
  /** Starts with the {@link DeletionSource}. */
  readonly reason: string
}

/** Who reached the verdict: the sidecar, or the controller by the Spark UI (`ui`) or by the state of the pod (`stuck`). */
export type DeletionSource = 'sidecar' | 'ui' | 'stuck'

/** The parts of the reason for a deletion. */
interface ReasonParts {
  readonly source: DeletionSource
  readonly reason: string
  readonly detail: string
}

/** The text of {@link Deletion.reason}. */
export const formatDeletionReason = ({ source, reason, detail }: ReasonParts): string =>
  `${source} ${reason}: ${detail}`

export const isFromSource = (source: DeletionSource, { reason }: Pick<Deletion, 'reason'>): boolean =>
  reason.startsWith(`${source} `)

/** The deletions of the driver pods of one application. */
export interface DeletionHistory {
  /**
   * The generation of the SparkApplication at the deletions: deletions of another generation no longer count. Null if it is
   * not known.
   */
  readonly generation: number | null
  /** In the order of time. */
  readonly deletions: readonly Deletion[]
  /** Since when the application is in quarantine; null if it is not. */
  readonly quarantinedMs: number | null
}

export const emptyHistory: DeletionHistory = { generation: null, deletions: [], quarantinedMs: null }

/** The number of deletions that the annotation keeps. No application's budget can be greater. */
export const maxDeletionsKept = 10

/** Whoever may edit the SparkApplication may write any text there. {@link formatHistory} writes less than a third of this. */
const maxHistoryLength = 16_384
const maxUidLength = 64
const maxReasonLength = 400

/** By how much the clock of an earlier leader may have been ahead. A later date was not written by a leader. */
export const clockSkewMs = 5 * 60_000

/** The value of the annotation `spark-nanny.io/actions`. */
export function formatHistory({ generation, deletions, quarantinedMs }: DeletionHistory): string {
  const iso = (atMs: number) => new Date(atMs).toISOString()
  return JSON.stringify({
    generation,
    ...(quarantinedMs !== null && { quarantined: iso(quarantinedMs) }),
    actions: deletions.map(({ atMs, uid, reason }) => ({ at: iso(atMs), action: 'delete-pod', pod: uid, reason })),
  })
}

/** Parses the text of {@link formatHistory}. Deletions that cannot be read are left out, and long texts are cut. */
export function parseHistory(text: string | undefined): DeletionHistory {
  const value = text === undefined || text.length > maxHistoryLength ? undefined : parseJson(text)
  if (!isRecord(value)) return emptyHistory
  const deletions = toList(value.actions).flatMap((item) => {
    const { at, pod, reason } = toRecord(item)
    const atMs = parseTimeMs(at)
    return atMs === null ? [] : [{ atMs, uid: cut(pod, maxUidLength), reason: cut(reason, maxReasonLength) }]
  })
  return {
    generation: typeof value.generation === 'number' ? value.generation : null,
    deletions: deletions.toSorted((a, b) => a.atMs - b.atMs).slice(-maxDeletionsKept),
    quarantinedMs: parseTimeMs(value.quarantined),
  }
}

const cut = (value: unknown, length: number) => (typeof value === 'string' ? value.slice(0, length) : '')

/** The history without deletions dated after now. A date that the clock of an earlier leader explains counts as now. */
export function withoutFuture(history: DeletionHistory, nowMs: number): DeletionHistory {
  const { deletions } = history
  if (deletions.every(({ atMs }) => atMs <= nowMs)) return history
  const past = deletions.filter(({ atMs }) => atMs <= nowMs + clockSkewMs)
  return { ...history, deletions: past.map((deletion) => ({ ...deletion, atMs: Math.min(deletion.atMs, nowMs) })) }
}

/** The part of the history that counts for a SparkApplication of this generation. */
export function currentHistory(history: DeletionHistory, generation: number | null): DeletionHistory {
  return isSameGeneration(history.generation, generation) ? history : { ...emptyHistory, generation }
}

/** A generation that is not known (null) equals any other. */
export const isSameGeneration = (a: number | null, b: number | null): boolean => a === null || b === null || a === b

/** The history without the deletion of this pod, and without the quarantine that it caused. */
export function withoutPod(history: DeletionHistory, uid: string): DeletionHistory {
  const removed = history.deletions.filter((deletion) => deletion.uid === uid)
  if (removed.length === 0) return history
  const causedQuarantine = removed.some(({ atMs }) => atMs === history.quarantinedMs)
  return {
    ...history,
    deletions: history.deletions.filter((deletion) => deletion.uid !== uid),
    quarantinedMs: causedQuarantine ? null : history.quarantinedMs,
  }
}

/**
 * The history with one more deletion, at most one for each pod. A deletion that exhausts the application's budget puts the
 * application in quarantine.
 */
export function withDeletion(
  history: DeletionHistory,
  deletion: Deletion,
  generation: number | null,
  { perApplication, windowMs }: { readonly perApplication: number; readonly windowMs: number },
): DeletionHistory {
  const { deletions: before } = withoutPod(currentHistory(history, generation), deletion.uid)
  const deletions = [...before, deletion].slice(-maxDeletionsKept)
  const within = deletions.filter(({ atMs }) => deletion.atMs - atMs < windowMs).length
  const isExhausted = within >= perApplication
  return { generation, deletions, quarantinedMs: isExhausted ? deletion.atMs : null }
}

/** The time before which no further driver may be deleted. The delay doubles with each deletion within the window. */
export function backoffUntilMs(
  { deletions }: DeletionHistory,
  { backoffMs, windowMs }: { readonly backoffMs: number; readonly windowMs: number },
  nowMs: number,
): number {
  const within = deletions.filter(({ atMs }) => nowMs - atMs < windowMs)
  const last = within.at(-1)
  return last === undefined
    ? 0
    : last.atMs + exponentialDelayMs(within.length - 1, { baseMs: backoffMs, capMs: windowMs })
}
