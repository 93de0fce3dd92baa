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

/** What the annotations of SparkApplications tell, with our own writes that the cache has yet to show. */
export interface HistoryCache {
  /** As it was read. */
  load(of: Application, history: DeletionHistory): void
  current(of: Application, known: KnownApplication | undefined): DeletionHistory
  /** With one more deletion, which is to be written next. */
  add(of: Application, known: KnownApplication | undefined, deletion: Deletion): DeletionHistory
  /** Without that of a pod that was not deleted after all: whatever its annotation tells, until it is added again. */
  revoke(of: Application, known: KnownApplication | undefined, uid: string): DeletionHistory
  isRevoked(uid: string): boolean
  recordWriteResult(of: Application, answer: 'written' | 'refused'): void
  /**
   * Notices that the annotation was taken away. True: by a person, who ends a quarantine. Whatever takes it away again
   * within the window, or from an application that is in no quarantine, is taken for a tool.
   */
  isCleared(of: Application, known: KnownApplication, nowMs: number): boolean
}

interface Remembered {
  readonly history: DeletionHistory
  /**
   * The version of the SparkApplication on which it was to be written: the cache that shows this one has yet to show it, and
   * any other tells what became of it. Null: it was read, not written.
   */
  readonly writtenOn: string | null
  /** pending: it may not be there, and its absence says nothing. */
  readonly state: 'pending' | 'written' | 'refused'
}

export function createHistoryCache(config: Pick<SafeguardsConfig, 'perApplication' | 'windowMs'>): HistoryCache {
  const remembered = new Map<string, Remembered>()
  /** The uids of pods. */
  const takenBack = new Set<string>()
  /** When an application's annotation was last seen to be gone. */
  const removals = new Map<string, number>()

  const shownBy = (known: KnownApplication): DeletionHistory => {
    const history = parseHistory(known.application.annotations[actionsAnnotation])
    const uids = history.deletions.map(({ uid }) => uid).filter((uid) => takenBack.has(uid))
    return uids.reduce(withoutPod, history)
  }

  const current = (of: Application, known: KnownApplication | undefined): DeletionHistory => {
    const own = remembered.get(applicationKey(of))
    if (known === undefined) return own?.history ?? emptyHistory
    const { generation, resourceVersion, application } = known
    const shown = shownBy(known)
    if (own?.state === 'refused' && lastMs(own.history) > lastMs(shown)) return currentHistory(own.history, generation)
    if (own?.writtenOn === resourceVersion) return currentHistory(own.history, generation)
    if (application.annotations[actionsAnnotation] !== undefined) load(of, shown)
    return currentHistory(shown, generation)
  }

  const load = (of: Application, history: DeletionHistory): void =>
    void remembered.set(applicationKey(of), { history, writtenOn: null, state: 'written' })

  const remember = (
    of: Application,
    known: KnownApplication | undefined,
    history: DeletionHistory,
    uid: string,
  ): DeletionHistory => {
    const isRefused = remembered.get(applicationKey(of))?.state === 'refused'
    const state = known !== undefined && mentionsPod(known, uid) ? 'written' : isRefused ? 'refused' : 'pending'
    remembered.set(applicationKey(of), { history, writtenOn: known?.resourceVersion ?? null, state })
    return history
  }

  return {
    load,
    current,
    add: (of, known, deletion) => {
      takenBack.delete(deletion.uid)
      const history = withDeletion(current(of, known), deletion, known?.generation ?? null, config)
      return remember(of, known, history, deletion.uid)
    },
    revoke: (of, known, uid) => {
      takenBack.add(uid)
      const history = withoutPod(current(of, known), uid)
      const isAhead = known === undefined || remembered.get(applicationKey(of))?.writtenOn === known.resourceVersion
      return isAhead || mentionsPod(known, uid) ? remember(of, known, history, uid) : history
    },
    isRevoked: (uid) => takenBack.has(uid),
    recordWriteResult: (of, state) => {
      const own = remembered.get(applicationKey(of))
      if (own !== undefined) remembered.set(applicationKey(of), { ...own, state })
    },
    isCleared: (of, known, nowMs) => {
      const key = applicationKey(of)
      const own = remembered.get(key)
      if (own?.state !== 'written' || own.writtenOn === known.resourceVersion) return false
      if (own.history.deletions.length === 0 || known.application.annotations[actionsAnnotation] !== undefined)
        return false
      remembered.delete(key)
      const isFirst = nowMs - (removals.get(key) ?? Number.NEGATIVE_INFINITY) >= config.windowMs
      removals.set(key, nowMs)
      return own.history.quarantinedMs !== null && isFirst
    },
  }
}

/** Whether a SparkApplication's annotation tells of this pod's deletion. */
export const mentionsPod = ({ application }: KnownApplication, uid: string): boolean =>
  parseHistory(application.annotations[actionsAnnotation]).deletions.some((deletion) => deletion.uid === uid)

/** The value of the annotation; null: there is nothing to tell. */
export const formatAnnotation = (history: DeletionHistory): string | null =>
  history.deletions.length === 0 ? null : formatHistory(history)

const lastMs = ({ deletions }: DeletionHistory) => deletions.at(-1)?.atMs ?? 0
