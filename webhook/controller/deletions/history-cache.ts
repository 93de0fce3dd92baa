import type { KnownApplication } from '../../../cluster/spark-applications.ts'
import {
  currentHistory,
  type Deletion,
  type DeletionHistory,
  emptyHistory,
  formatHistory,
  parseHistory,
  withDeletion,
  withoutPod,
} from '../../../core/contract/deletion-history.ts'
import { actionsAnnotation } from '../../../core/contract/pod-contract.ts'
import type { SafeguardsConfig } from '../../config/controller-config.ts'
import type { Driver } from '../driver/driver.ts'

export type Application = Pick<Driver, 'namespace' | 'application'>

export const applicationKey = ({ namespace, application }: Application): string => `${namespace}/${application}`

/** The deletion histories in the annotations of SparkApplications, including writes that the watch has not shown yet. */
export interface HistoryCache {
  /** Stores a history as it was read. */
  load(of: Application, history: DeletionHistory): void
  current(of: Application, known: KnownApplication | undefined): DeletionHistory
  /** Adds a deletion and returns the history, which the caller writes next. */
  add(of: Application, known: KnownApplication | undefined, deletion: Deletion): DeletionHistory
  /** Removes the deletion of a pod that was not deleted. The annotation's entry is ignored until the deletion is added again. */
  revoke(of: Application, known: KnownApplication | undefined, uid: string): DeletionHistory
  isRevoked(uid: string): boolean
  recordWriteResult(of: Application, answer: 'written' | 'refused'): void
  /**
   * Detects that the annotation was removed. Returns true if a person removed it to end a quarantine. A second removal
   * within the window, or a removal without a quarantine, is attributed to a tool and returns false.
   */
  isCleared(of: Application, known: KnownApplication, nowMs: number): boolean
}

interface CachedHistory {
  readonly history: DeletionHistory
  /**
   * The version of the SparkApplication that the write was based on. A watch that shows this version does not show the
   * write yet; any other version shows its outcome. Null if the history was read, not written.
   */
  readonly writtenOn: string | null
  /** pending: the write may not have arrived, so a missing annotation proves nothing. */
  readonly state: 'pending' | 'written' | 'refused'
}

export function createHistoryCache(config: Pick<SafeguardsConfig, 'perApplication' | 'windowMs'>): HistoryCache {
  const cached = new Map<string, CachedHistory>()
  /** The uids of pods. */
  const revoked = new Set<string>()
  /** When an application's annotation was last found missing. */
  const removals = new Map<string, number>()

  const shownBy = (known: KnownApplication): DeletionHistory => {
    const history = parseHistory(known.application.annotations[actionsAnnotation])
    const uids = history.deletions.map(({ uid }) => uid).filter((uid) => revoked.has(uid))
    return uids.reduce(withoutPod, history)
  }

  const current = (of: Application, known: KnownApplication | undefined): DeletionHistory => {
    const own = cached.get(applicationKey(of))
    if (known === undefined) return own?.history ?? emptyHistory
    const { generation, resourceVersion, application } = known
    const shown = shownBy(known)
    if (own?.state === 'refused' && lastMs(own.history) > lastMs(shown)) return currentHistory(own.history, generation)
    if (own?.writtenOn === resourceVersion) return currentHistory(own.history, generation)
    if (application.annotations[actionsAnnotation] !== undefined) load(of, shown)
    return currentHistory(shown, generation)
  }

  const load = (of: Application, history: DeletionHistory): void =>
    void cached.set(applicationKey(of), { history, writtenOn: null, state: 'written' })

  const remember = (
    of: Application,
    known: KnownApplication | undefined,
    history: DeletionHistory,
    uid: string,
  ): DeletionHistory => {
    const isRefused = cached.get(applicationKey(of))?.state === 'refused'
    const state = known !== undefined && mentionsPod(known, uid) ? 'written' : isRefused ? 'refused' : 'pending'
    cached.set(applicationKey(of), { history, writtenOn: known?.resourceVersion ?? null, state })
    return history
  }

  return {
    load,
    current,
    add: (of, known, deletion) => {
      revoked.delete(deletion.uid)
      const history = withDeletion(current(of, known), deletion, known?.generation ?? null, config)
      return remember(of, known, history, deletion.uid)
    },
    revoke: (of, known, uid) => {
      revoked.add(uid)
      const history = withoutPod(current(of, known), uid)
      const isAhead = known === undefined || cached.get(applicationKey(of))?.writtenOn === known.resourceVersion
      return isAhead || mentionsPod(known, uid) ? remember(of, known, history, uid) : history
    },
    isRevoked: (uid) => revoked.has(uid),
    recordWriteResult: (of, state) => {
      const own = cached.get(applicationKey(of))
      if (own !== undefined) cached.set(applicationKey(of), { ...own, state })
    },
    isCleared: (of, known, nowMs) => {
      const key = applicationKey(of)
      const own = cached.get(key)
      if (own?.state !== 'written' || own.writtenOn === known.resourceVersion) return false
      if (own.history.deletions.length === 0 || known.application.annotations[actionsAnnotation] !== undefined)
        return false
      cached.delete(key)
      const isFirst = nowMs - (removals.get(key) ?? Number.NEGATIVE_INFINITY) >= config.windowMs
      removals.set(key, nowMs)
      return own.history.quarantinedMs !== null && isFirst
    },
  }
}

/** Whether a SparkApplication's annotation records the deletion of this pod. */
export const mentionsPod = ({ application }: KnownApplication, uid: string): boolean =>
  parseHistory(application.annotations[actionsAnnotation]).deletions.some((deletion) => deletion.uid === uid)

/** The value of the annotation. Null if there is nothing to record. */
export const formatAnnotation = (history: DeletionHistory): string | null =>
  history.deletions.length === 0 ? null : formatHistory(history)

const lastMs = ({ deletions }: DeletionHistory) => deletions.at(-1)?.atMs ?? 0
