import type { KnownApplication } from '../../../cluster/spark-applications.ts'
import {
  backoffUntilMs,
  currentHistory,
  type Deletion,
  type DeletionHistory,
  formatHistory,
  isFromSource,
  isSameGeneration,
  parseHistory,
  withoutPod,
} from '../../../core/contract/deletion-history.ts'
import { actionsAnnotation } from '../../../core/contract/pod-contract.ts'
import type { SafeguardsConfig } from '../../config/controller-config.ts'
import type { Hang } from '../assess/assess.ts'
import { applicationKey, type Driver } from '../driver/driver.ts'
import { type BudgetedDeletion, findExhaustedScope } from './deletion-budget.ts'
import { type Application, createHistoryCache, formatAnnotation, mentionsPod } from './history-cache.ts'

type DeletableDriver = Application & Pick<Driver, 'uid'>

/**
 * Tracks deletions for the budgets, the backoff and the quarantine. Each deletion is recorded in the SparkApplication's
 * annotation before it is requested. Otherwise a lost response or a lost leader would hide a deletion from the budgets.
 */
export interface DeletionTracker {
  /** Loads the annotations once all are listed. Until then the limits are unknown, and nothing may be deleted. */
  load(applications: Iterable<KnownApplication>): void
  /** The limits that apply to this pod. Earlier attempts to delete the same pod do not count. */
  limits(driver: DeletableDriver, known: KnownApplication | undefined, nowMs: number): DeletionLimits
  /** Counts a chosen deletion until `end`, so that concurrent decisions do not exceed a budget. */
  begin(driver: DeletableDriver, atMs: number): void
  end(driver: DeletableDriver): void
  /** Whether the SparkApplication records the deletion of this pod and the deletion was not revoked. */
  isOnRecord(driver: DeletableDriver, known: KnownApplication): boolean
  /** Counts an intended deletion and returns the annotation's new value. A second call for the same pod counts once. */
  record(application: Application, known: KnownApplication | undefined, deletion: Deletion): string
  /** Stores the result of writing the annotation. A refused write is remembered while this process leads. */
  recordWriteResult(application: Application, result: 'written' | 'refused'): void
  /**
   * Stops counting a deletion that did not take place. Returns the annotation's new value, or null to remove it, or
   * undefined if the annotation is not known to record this pod.
   */
  revoke(driver: DeletableDriver, known: KnownApplication | undefined): string | null | undefined
  /** The number of applications with deletions by such verdicts since `sinceMs`, without `own` and without `counted` pods. */
  countRecentApplications(source: Hang['source'], which: RecentDeletions): number
  quarantined(applications: Iterable<KnownApplication>): ReadonlyMap<string, number>
}

export interface RecentDeletions {
  readonly sinceMs: number
  /** The driver's own application, which its backoff and its budget already limit. */
  readonly own: Application | undefined
  /** The uids of pods that are counted elsewhere because they still exist. */
  readonly counted: ReadonlySet<string>
}

export interface DeletionLimits {
  readonly quarantined: boolean
  readonly backoffUntilMs: number
  /** The scope whose budget is exhausted. `unknown`: earlier deletions are not loaded yet. */
  readonly exhausted: 'application' | 'namespace' | 'cluster' | 'unknown' | null
}

/** `generation` is that of the SparkApplication. */
type Entry = BudgetedDeletion & Deletion & Pick<DeletionHistory, 'generation'>

const toEntry = (
  { namespace, application }: Application,
  { atMs, uid, reason }: Deletion,
  generation: number | null,
): Entry => ({ atMs, namespace, application, uid, reason, generation })

export function createDeletionTracker(config: SafeguardsConfig): DeletionTracker {
  let entries: readonly Entry[] = []
  let loaded = false
  const inProgress = new Map<string, BudgetedDeletion>()
  const histories = createHistoryCache(config)

  return {
    load: (applications) => {
      loaded = true
      entries = [...applications].flatMap(({ application: { namespace, name, annotations } }) => {
        const text = annotations[actionsAnnotation]
        if (text === undefined) return []
        const driver = { namespace, application: name }
        const history = parseHistory(text)
        histories.load(driver, history)
        return history.deletions.map((deletion) => toEntry(driver, deletion, history.generation))
      })
    },
    limits: (driver, known, nowMs) => {
      const key = applicationKey(driver)
      // The budget of the application starts again as well.
      if (known !== undefined && histories.isCleared(driver, known, nowMs)) {
        entries = entries.map((entry) => (applicationKey(entry) === key ? { ...entry, lapsed: true } : entry))
      }
      const history = withoutPod(histories.current(driver, known), driver.uid)
      const others = entries.filter(({ uid }) => uid !== driver.uid)
      // Deletions of another version of the SparkApplication do not count.
      const counted = others.map((entry) =>
        applicationKey(entry) === key && !isSameGeneration(entry.generation, known?.generation ?? null)
          ? { ...entry, lapsed: true }
          : entry,
      )
      const started = [...inProgress.values()].filter(({ uid }) => uid !== driver.uid)
      const own = started.some((entry) => applicationKey(entry) === key)
      return {
        quarantined: known !== undefined && history.quarantinedMs !== null,
        backoffUntilMs: Math.max(backoffUntilMs(history, config, nowMs), own ? nowMs + config.backoffMs : 0),
        exhausted: loaded ? findExhaustedScope([...counted, ...started], driver, config, nowMs) : 'unknown',
      }
    },
    begin: ({ namespace, application, uid }, atMs) => void inProgress.set(uid, { atMs, namespace, application, uid }),
    end: ({ uid }) => void inProgress.delete(uid),
    isOnRecord: ({ uid }, known) => mentionsPod(known, uid) && !histories.isRevoked(uid),
    record: (driver, known, deletion) => {
      const { atMs, uid } = deletion
      inProgress.delete(uid)
      const within = entries.filter((entry) => entry.uid !== uid && atMs - entry.atMs < config.windowMs)
      const generation = known?.generation ?? null
      entries = [...within, toEntry(driver, deletion, generation)]
      return formatHistory(histories.add(driver, known, deletion))
    },
    recordWriteResult: histories.recordWriteResult,
    revoke: (driver, known) => {
      const isWritten = known !== undefined && mentionsPod(known, driver.uid)
      entries = entries.filter(({ uid }) => uid !== driver.uid)
      const text = formatAnnotation(histories.revoke(driver, known, driver.uid))
      return isWritten ? text : undefined
    },
    countRecentApplications: (source, { sinceMs, own, counted }) => {
      const applications = entries
        .filter((entry) => isFromSource(source, entry) && entry.atMs > sinceMs && !counted.has(entry.uid))
        .map(applicationKey)
      return new Set(applications).difference(new Set(own === undefined ? [] : [applicationKey(own)])).size
    },
    quarantined: (applications) => {
      const counts = new Map<string, number>()
      for (const { application, generation } of applications) {
        const history = currentHistory(parseHistory(application.annotations[actionsAnnotation]), generation)
        if (history.quarantinedMs === null) continue
        counts.set(application.namespace, (counts.get(application.namespace) ?? 0) + 1)
      }
      return counts
    },
  }
}
