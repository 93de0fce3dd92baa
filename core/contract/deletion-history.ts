import { exponentialDelayMs } from '../backoff.ts'
import { isRecord, parseJson, parseTimeMs, toList, toRecord, toText } from '../json.ts'

/** One driver that was deleted. */
export interface Deletion {
  readonly atMs: number
  /** Of the pod. */
  readonly uid: string
  /** Begins with whose verdict it was, or with `stuck`. */
  readonly reason: string
}

/** Who judged: the sidecar, the controller by the Spark UI, or by the pod's state (`stuck`). */
export type DeletionSource = 'sidecar' | 'ui' | 'stuck'

export const formatDeletionReason = ({
  by,
  reason,
  detail,
}: {
  readonly by: DeletionSource
  readonly reason: string
  readonly detail: string
}): string => `${by} ${reason}: ${detail}`

export const isFromSource = (by: DeletionSource, { reason }: Pick<Deletion, 'reason'>): boolean =>
  reason.startsWith(`${by} `)

/** What was done about one application's drivers, across their pods. */
export interface DeletionHistory {
  /** Of the SparkApplication when it was done: what was done to another version of it counts no more. Null: it has none. */
  readonly generation: number | null
  /** The latest last. */
  readonly deletions: readonly Deletion[]
  readonly quarantinedMs: number | null
}

export const emptyHistory: DeletionHistory = { generation: null, deletions: [], quarantinedMs: null }

/** What an annotation holds of one application: no budget of it can be greater. */
export const maxDeletionsKept = 10

/** The value of the annotation `spark-nanny.io/actions`. */
export function formatHistory({ generation, deletions, quarantinedMs }: DeletionHistory): string {
  const iso = (atMs: number) => new Date(atMs).toISOString()
  return JSON.stringify({
    generation,
    ...(quarantinedMs !== null && { quarantined: iso(quarantinedMs) }),
    actions: deletions.map(({ atMs, uid, reason }) => ({ at: iso(atMs), action: 'delete-pod', pod: uid, reason })),
  })
}

/** What {@link formatHistory} wrote; what cannot be read is left out. */
export function parseHistory(text: string | undefined): DeletionHistory {
  const value = text === undefined ? undefined : parseJson(text)
  if (!isRecord(value)) return emptyHistory
  const deletions = toList(value.actions).flatMap((item) => {
    const { at, pod, reason } = toRecord(item)
    const atMs = parseTimeMs(at)
    return atMs === null ? [] : [{ atMs, uid: toText(pod ?? ''), reason: toText(reason ?? '') }]
  })
  return {
    generation: typeof value.generation === 'number' ? value.generation : null,
    deletions: deletions.toSorted((a, b) => a.atMs - b.atMs).slice(-maxDeletionsKept),
    quarantinedMs: parseTimeMs(value.quarantined),
  }
}

/** The history as it counts for a SparkApplication of this generation. */
export function currentHistory(history: DeletionHistory, generation: number | null): DeletionHistory {
  return isSameGeneration(history.generation, generation) ? history : { ...emptyHistory, generation }
}

/** Null: it is not known, and nothing is made of it. */
export const isSameGeneration = (a: number | null, b: number | null): boolean => a === null || b === null || a === b

/** As it was before this pod was, or was to be, deleted. */
export function withoutPod(history: DeletionHistory, uid: string): DeletionHistory {
  const own = history.deletions.filter((deletion) => deletion.uid === uid)
  if (own.length === 0) return history
  const isOwn = own.some(({ atMs }) => atMs === history.quarantinedMs)
  return {
    ...history,
    deletions: history.deletions.filter((deletion) => deletion.uid !== uid),
    quarantinedMs: isOwn ? null : history.quarantinedMs,
  }
}

/** With one more deletion, one for each pod at most; the one that spends the application's budget puts it in quarantine. */
export function withDeletion(
  history: DeletionHistory,
  deletion: Deletion,
  generation: number | null,
  { perApplication, windowMs }: { readonly perApplication: number; readonly windowMs: number },
): DeletionHistory {
  const { deletions: before } = withoutPod(currentHistory(history, generation), deletion.uid)
  const deletions = [...before, deletion].slice(-maxDeletionsKept)
  const within = deletions.filter(({ atMs }) => deletion.atMs - atMs < windowMs).length
  const spent = within >= perApplication
  return { generation, deletions, quarantinedMs: spent ? deletion.atMs : null }
}

/** When the application may lose another driver: the delay doubles with each deletion within the window. */
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
