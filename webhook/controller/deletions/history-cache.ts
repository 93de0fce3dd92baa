import type { KnownApplication } from '../../../cluster/spark-applications.ts'
import {
  type Deletion,
  type DeletionHistory,
  formatHistory,
  parseHistory,
  withDeletion,
  withoutPod,
} from '../../../core/contract/deletion-history.ts'
import { actionsAnnotation } from '../../../core/contract/pod-contract.ts'
import type { SafeguardsConfig } from '../../config/controller-config.ts'
import { applicationKey, type Driver } from '../driver/driver.ts'
import {
  type CachedHistory,
  type HistoryEvent,
  isAhead,
  isRemoved,
  isWriteUnseen,
  nextCachedHistory,
  resolveHistory,
  type ShownHistory,
} from './cached-history.ts'

export type Application = Pick<Driver, 'namespace' | 'application'>

/** The deletion histories in the annotations of SparkApplications, including writes that the watch has not shown yet. */
export interface HistoryCache {
  /** Stores a history as it was read, unless one is known already, which may be newer. */
  load(application: Application, history: DeletionHistory): void
  current(application: Application, known: KnownApplication | undefined): DeletionHistory
  /** Adds a deletion and returns the history, which the caller writes next. */
  add(application: Application, known: KnownApplication | undefined, deletion: Deletion): DeletionHistory
  /** Removes the deletion of a pod that was not deleted. The annotation's entry is ignored until the deletion is added again. */
  revoke(application: Application, known: KnownApplication | undefined, uid: string): DeletionHistory
  isRevoked(uid: string): boolean
  recordWriteResult(application: Application, result: 'written' | 'refused'): void
  /**
   * Detects that the annotation was removed, and forgets the history. Returns true if a person removed the annotation to
   * end a quarantine. A second removal within the window, or a removal without a quarantine, is attributed to a tool and
   * returns false.
   */
  isCleared(application: Application, known: KnownApplication, nowMs: number): boolean
}

/** A tenant can have applications with histories, and remove them. The oldest is read from its annotation again. */
const maxApplications = 10_000
/** Pods whose deletion was revoked. Their annotations are written within minutes. */
const maxRevoked = 1_000

export function createHistoryCache(config: Pick<SafeguardsConfig, 'perApplication' | 'windowMs'>): HistoryCache {
  /** An application without an entry is in state `none`. */
  const cache = new Map<string, CachedHistory>()
  /** The uids of pods. */
  const revoked = new Set<string>()
  /** When an application's annotation was last found missing. */
  const removedMs = new Map<string, number>()

  const get = (application: Application): CachedHistory => cache.get(applicationKey(application)) ?? { kind: 'none' }
  const apply = (application: Application, event: HistoryEvent): void => {
    const next = nextCachedHistory(get(application), event)
    if (next.kind === 'none') cache.delete(applicationKey(application))
    else cache.set(applicationKey(application), next)
    dropOldest(cache, maxApplications)
  }

  const parseShown = ({ application, resourceVersion, generation }: KnownApplication): ShownHistory => {
    const text = application.annotations[actionsAnnotation]
    const history = parseHistory(text)
    const uids = history.deletions.map(({ uid }) => uid).filter((uid) => revoked.has(uid))
    return { history: uids.reduce(withoutPod, history), isAnnotated: text !== undefined, resourceVersion, generation }
  }

  const current = (application: Application, known: KnownApplication | undefined): DeletionHistory => {
    const cached = get(application)
    const shown = known === undefined ? undefined : parseShown(known)
    if (shown?.isAnnotated === true && !isAhead(cached, shown)) {
      apply(application, { kind: 'read', history: shown.history })
    }
    return resolveHistory(cached, shown)
  }

  const startWrite = (
    application: Application,
    known: KnownApplication | undefined,
    history: DeletionHistory,
    uid: string,
  ): DeletionHistory => {
    const isShown = known !== undefined && mentionsPod(known, uid)
    apply(application, { kind: 'write-started', history, isShown, baseVersion: known?.resourceVersion ?? null })
    return history
  }

  return {
    load: (application, history) => {
      if (get(application).kind === 'none') apply(application, { kind: 'read', history })
    },
    current,
    add: (application, known, deletion) => {
      revoked.delete(deletion.uid)
      const history = withDeletion(current(application, known), deletion, known?.generation ?? null, config)
      return startWrite(application, known, history, deletion.uid)
    },
    revoke: (application, known, uid) => {
      revoked.add(uid)
      dropOldest(revoked, maxRevoked)
      const history = withoutPod(current(application, known), uid)
      const cached = get(application)
      return known === undefined || isWriteUnseen(cached, known.resourceVersion) || mentionsPod(known, uid)
        ? startWrite(application, known, history, uid)
        : history
    },
    isRevoked: (uid) => revoked.has(uid),
    recordWriteResult: (application, result) => apply(application, { kind: 'write-ended', result }),
    isCleared: (application, known, nowMs) => {
      const key = applicationKey(application)
      const cached = get(application)
      if (!isRemoved(cached, parseShown(known))) return false
      const isQuarantined = cached.kind !== 'none' && cached.history.quarantinedMs !== null
      const isFirst = nowMs - (removedMs.get(key) ?? Number.NEGATIVE_INFINITY) >= config.windowMs
      apply(application, { kind: 'removed' })
      removedMs.delete(key)
      removedMs.set(key, nowMs)
      dropOldest(removedMs, maxApplications)
      return isQuarantined && isFirst
    },
  }
}

function dropOldest(entries: Map<string, unknown> | Set<string>, max: number): void {
  const [oldest] = entries.keys()
  if (entries.size > max && oldest !== undefined) entries.delete(oldest)
}

/** Whether a SparkApplication's annotation records the deletion of this pod. */
export const mentionsPod = ({ application }: KnownApplication, uid: string): boolean =>
  parseHistory(application.annotations[actionsAnnotation]).deletions.some((deletion) => deletion.uid === uid)

/** The value of the annotation. Null if there is nothing to record. */
export const formatAnnotation = (history: DeletionHistory): string | null =>
  history.deletions.length === 0 ? null : formatHistory(history)
