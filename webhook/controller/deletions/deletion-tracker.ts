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
import type { Driver } from '../driver/driver.ts'
import { type BudgetedDeletion, findExhaustedScope } from './deletion-budget.ts'
import { type Application, applicationKey, createHistoryCache, formatAnnotation, mentionsPod } from './history-cache.ts'

type DeletableDriver = Application & Pick<Driver, 'uid'>

/**
 * What was deleted: for the budgets, the backoff and the quarantine. It lives in the SparkApplications' annotations, and
 * is written there before the deletion: one that nobody remembers, since its answer or its leader was lost, would be free.
 */
export interface DeletionTracker {
  /** Takes up what the annotations tell, once all are known. Until then no limit is known, and nothing may be deleted. */
  load(applications: Iterable<KnownApplication>): void
  /** What holds for this pod, whatever was tried of it before. */
  limits(driver: DeletableDriver, known: KnownApplication | undefined, nowMs: number): DeletionLimits
  /** Counts one that is chosen, until `end`, so that what is decided meanwhile does not overdraw a budget. */
  begin(driver: DeletableDriver, atMs: number): void
  end(driver: DeletableDriver): void
  /** Whether the SparkApplication tells of this pod's deletion, and is to. */
  isOnRecord(driver: DeletableDriver, known: KnownApplication): boolean
  /** Counts a deletion that is to be; the value of the annotation that shall tell of it. Again for the same pod: once. */
  record(application: Application, known: KnownApplication | undefined, deletion: Deletion): string
  /** What became of writing it. Refused: nobody may, and it is remembered as long as we lead. */
  recordWriteResult(application: Application, answer: 'written' | 'refused'): void
  /**
   * Counts no more what did not take place. The value that the annotation shall have, null: none; undefined: it does not tell
   * of this pod, as far as is known.
   */
  revoke(driver: DeletableDriver, known: KnownApplication | undefined): string | null | undefined
  /** How many applications have lost drivers on such verdicts since then: but for `own`, and for `counted` pods. */
  countRecentApplications(by: Hang['by'], which: RecentDeletions): number
  quarantined(applications: Iterable<KnownApplication>): ReadonlyMap<string, number>
}

export interface RecentDeletions {
  readonly sinceMs: number
  /** What comes back of the same application is for its backoff and its budget. */
  readonly own: Application | undefined
  /** The uids of pods that count already, since they are still there. */
  readonly counted: ReadonlySet<string>
}

export interface DeletionLimits {
  readonly quarantined: boolean
  readonly backoffUntilMs: number
  /** Whose budget is spent; unknown: what was deleted before has yet to be read. */
  readonly exhausted: 'application' | 'namespace' | 'cluster' | 'unknown' | null
}

/** `generation`: of its SparkApplication. */
type Entry = BudgetedDeletion & Deletion & Pick<DeletionHistory, 'generation'>

const entryOf = (
  { namespace, application }: Application,
  { atMs, uid, reason }: Deletion,
  generation: number | null,
): Entry => ({ atMs, namespace, application, uid, reason, generation })

export function createDeletionTracker(config: SafeguardsConfig): DeletionTracker {
  let entries: readonly Entry[] = []
  let loaded = false
  const underWay = new Map<string, BudgetedDeletion>()
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
        return history.deletions.map((deletion) => entryOf(driver, deletion, history.generation))
      })
    },
    limits: (driver, known, nowMs) => {
      const key = applicationKey(driver)
      // Its budget begins anew, too.
      if (known !== undefined && histories.isCleared(driver, known, nowMs)) {
        entries = entries.map((entry) => (applicationKey(entry) === key ? { ...entry, lapsed: true } : entry))
      }
      const history = withoutPod(histories.current(driver, known), driver.uid)
      const others = entries.filter(({ uid }) => uid !== driver.uid)
      // Of another version of its SparkApplication: for that it starts anew.
      const counted = others.map((entry) =>
        applicationKey(entry) === key && !isSameGeneration(entry.generation, known?.generation ?? null)
          ? { ...entry, lapsed: true }
          : entry,
      )
      const begun = [...underWay.values()].filter(({ uid }) => uid !== driver.uid)
      const own = begun.some((entry) => applicationKey(entry) === key)
      return {
        quarantined: known !== undefined && history.quarantinedMs !== null,
        backoffUntilMs: Math.max(backoffUntilMs(history, config, nowMs), own ? nowMs + config.backoffMs : 0),
        exhausted: loaded ? findExhaustedScope([...counted, ...begun], driver, config, nowMs) : 'unknown',
      }
    },
    begin: ({ namespace, application, uid }, atMs) => void underWay.set(uid, { atMs, namespace, application, uid }),
    end: ({ uid }) => void underWay.delete(uid),
    isOnRecord: ({ uid }, known) => mentionsPod(known, uid) && !histories.isRevoked(uid),
    record: (driver, known, deletion) => {
      const { atMs, uid } = deletion
      underWay.delete(uid)
      const within = entries.filter((entry) => entry.uid !== uid && atMs - entry.atMs < config.windowMs)
      const generation = known?.generation ?? null
      entries = [...within, entryOf(driver, deletion, generation)]
      return formatHistory(histories.add(driver, known, deletion))
    },
    recordWriteResult: histories.recordWriteResult,
    revoke: (driver, known) => {
      const isWritten = known !== undefined && mentionsPod(known, driver.uid)
      entries = entries.filter(({ uid }) => uid !== driver.uid)
      const text = formatAnnotation(histories.revoke(driver, known, driver.uid))
      return isWritten ? text : undefined
    },
    countRecentApplications: (by, { sinceMs, own, counted }) => {
      const of = entries
        .filter((entry) => isFromSource(by, entry) && entry.atMs > sinceMs && !counted.has(entry.uid))
        .map(applicationKey)
      return new Set(of).difference(new Set(own === undefined ? [] : [applicationKey(own)])).size
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
