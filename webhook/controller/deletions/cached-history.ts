import { currentHistory, type DeletionHistory, emptyHistory } from '../../../core/contract/deletion-history.ts'

/**
 * What this process knows of one application's deletion history beyond the annotation that its watch shows.
 *
 * - `none`: nothing, so the annotation is right.
 * - `pending`: a write is under way. It may not have arrived, so a missing annotation proves nothing.
 * - `stored`: the API server has it, because this process read it or wrote it successfully.
 * - `refused`: the API server forbids the write, so only this process remembers it.
 */
export type CachedHistory =
  | { readonly kind: 'none' }
  | ({ readonly kind: 'pending' | 'stored' | 'refused' } & HistoryWrite)

interface HistoryWrite {
  readonly history: DeletionHistory
  /**
   * The version of the SparkApplication that the write was based on. A watch that shows this version does not show the
   * write yet; any other version shows its outcome. Null if the history was read, or if the SparkApplication is unknown.
   */
  readonly baseVersion: string | null
}

/** The SparkApplication as the watch shows it. `history` is without the deletions that this process revoked. */
export interface ShownHistory {
  readonly history: DeletionHistory
  readonly isAnnotated: boolean
  readonly resourceVersion: string
  readonly generation: number
}

export type HistoryEvent =
  /** The annotation was read. */
  | { readonly kind: 'read'; readonly history: DeletionHistory }
  /** A write follows. `isShown`: the annotation records the pod already, so a refusal cannot lose anything. */
  | ({ readonly kind: 'write-started'; readonly isShown: boolean } & HistoryWrite)
  | { readonly kind: 'write-ended'; readonly result: 'written' | 'refused' }
  /** The annotation was removed by someone else. */
  | { readonly kind: 'removed' }

/** The state after `event`. */
export function nextCachedHistory(cached: CachedHistory, event: HistoryEvent): CachedHistory {
  switch (event.kind) {
    case 'read':
      return { kind: 'stored', history: event.history, baseVersion: null }
    case 'write-started': {
      const { history, baseVersion } = event
      if (event.isShown) return { kind: 'stored', history, baseVersion }
      // A write that follows a refused one is expected to be refused too.
      return { kind: cached.kind === 'refused' ? 'refused' : 'pending', history, baseVersion }
    }
    case 'write-ended':
      if (cached.kind === 'none') return cached
      return { ...cached, kind: event.result === 'written' ? 'stored' : 'refused' }
    case 'removed':
      return { kind: 'none' }
  }
}

/** Whether a watch that shows this version of the SparkApplication does not show the last write yet. */
export const isWriteUnseen = (cached: CachedHistory, resourceVersion: string): boolean =>
  cached.kind !== 'none' && cached.baseVersion === resourceVersion

/** Whether the cache is newer than the annotation that the watch shows. */
export function isAhead(cached: CachedHistory, shown: ShownHistory): boolean {
  if (cached.kind === 'none') return false
  return isWriteUnseen(cached, shown.resourceVersion) || isRefusedAndNewer(cached, shown)
}

function isRefusedAndNewer(cached: Exclude<CachedHistory, { kind: 'none' }>, shown: ShownHistory): boolean {
  return cached.kind === 'refused' && lastDeletionMs(cached.history) > lastDeletionMs(shown.history)
}

/** The history that counts: the newer one of cache and annotation, for the SparkApplication's current generation. */
export function resolveHistory(cached: CachedHistory, shown: ShownHistory | undefined): DeletionHistory {
  if (shown === undefined) return cached.kind === 'none' ? emptyHistory : cached.history
  const newest = cached.kind !== 'none' && isAhead(cached, shown) ? cached.history : shown.history
  return currentHistory(newest, shown.generation)
}

/** Whether someone else removed an annotation that the API server had. */
export function isRemoved(cached: CachedHistory, shown: ShownHistory): boolean {
  if (cached.kind !== 'stored' || isWriteUnseen(cached, shown.resourceVersion)) return false
  return cached.history.deletions.length > 0 && !shown.isAnnotated
}

const lastDeletionMs = ({ deletions }: DeletionHistory) => deletions.at(-1)?.atMs ?? 0
