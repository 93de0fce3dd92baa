import type { KnownApplication } from '../../../cluster/spark-applications.ts'
import {
  backoffUntilMs,
  clockSkewMs,
  currentHistory,
  type Deletion,
  type DeletionHistory,
  formatHistory,
  isFromSource,
  isSameGeneration,
  parseHistory,
  withoutFuture,
  withoutPod,
} from '../../../core/contract/deletion-history.ts'
import { actionsAnnotation } from '../../../core/contract/pod-contract.ts'
import type { Unlisted } from '../../../kubernetes/scoped-reflector.ts'
import type { SafeguardsConfig } from '../../config/controller-config.ts'
import type { Hang } from '../assess/assess.ts'
import { applicationKey, type Driver } from '../driver/driver.ts'
import { type BudgetedDeletion, countByNamespace, findExhaustedScope } from './deletion-budget.ts'
import {
  type Application,
  createHistoryCache,
  formatAnnotation,
  type HistoryCache,
  mentionsPod,
} from './history-cache.ts'

type DeletableDriver = Application & Pick<Driver, 'uid'>

/**
 * Tracks deletions for the budgets, the backoff and the quarantine. Each deletion is recorded in the SparkApplication's
 * annotation before it is requested. Otherwise a lost response or a lost leader would hide a deletion from the budgets.
 */
export interface DeletionTracker {
  /**
   * Loads the annotations. Until then the limits are unknown, and nothing may be deleted. A tenant may have written them, so
   * that no more of them count than the budgets of an application and a namespace allow.
   *
   * `unlisted`: where annotations are still missing. It is called again when there are fewer. A missing record must never lead
   * to more deletions than allowed, and an object that cannot be listed must not stop deletions forever. So nothing is deleted
   * there for a whole window, and for others these namespaces have spent their budgets. After the window all records that
   * count are of this process. Then only applications that are known may lose drivers there.
   */
  load(applications: Iterable<KnownApplication>, nowMs: number, unlisted?: Unlisted): void
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
  /**
   * The numbers of applications with deletions by such verdicts since `sinceMs`, by namespace, without `own` and without
   * `counted` pods.
   */
  countRecentApplications(source: Hang['source'], which: RecentDeletions): ReadonlyMap<string, number>
  /** The deletions within the window that count for the budget of the cluster, by namespace. */
  usage(nowMs: number): ReadonlyMap<string, number>
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
  const coverage = createRecordCoverage(config.windowMs)
  const inProgress = new Map<string, BudgetedDeletion>()
  const histories = createHistoryCache(config)

  return {
    load: (applications, nowMs, unlisted = new Set()) => {
      const isNew = coverage.extend(unlisted, nowMs)
      const listed = [...applications].filter(({ application }) => isNew(application.namespace))
      entries = addLoaded(entries, loadEntries(listed, histories, nowMs - config.windowMs, nowMs), config)
    },
    limits: (driver, known, nowMs) => {
      const key = applicationKey(driver)
      // The budget of the application starts again as well.
      if (known !== undefined && histories.isCleared(driver, known, nowMs)) {
        entries = entries.map((entry) => (applicationKey(entry) === key ? { ...entry, lapsed: true } : entry))
      }
      const history = withoutFuture(withoutPod(histories.current(driver, known), driver.uid), nowMs)
      const others = entries.filter(({ uid }) => uid !== driver.uid)
      // Deletions of another version of the SparkApplication do not count.
      const counted = others.map((entry) =>
        applicationKey(entry) === key && !isSameGeneration(entry.generation, known?.generation ?? null)
          ? { ...entry, lapsed: true }
          : entry,
      )
      const started = [...inProgress.values()].filter(({ uid }) => uid !== driver.uid)
      const unlisted = coverage.unlistedFor(driver.namespace, known !== undefined, nowMs)
      const own = started.some((entry) => applicationKey(entry) === key)
      return {
        quarantined: known !== undefined && history.quarantinedMs !== null,
        backoffUntilMs: Math.max(backoffUntilMs(history, config, nowMs), own ? nowMs + config.backoffMs : 0),
        exhausted: unlisted ? findExhaustedScope([...counted, ...started], driver, config, nowMs, unlisted) : 'unknown',
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
      entries = entries.filter(({ uid }) => uid !== driver.uid)
      const text = formatAnnotation(histories.revoke(driver, known, driver.uid))
      return known !== undefined && mentionsPod(known, driver.uid) ? text : undefined
    },
    countRecentApplications: (source, { sinceMs, own, counted }) => {
      const applications = new Map<string, Set<string>>()
      for (const entry of entries) {
        const { namespace, application } = entry
        const isOwn = own?.namespace === namespace && own.application === application
        if (isOwn || !isFromSource(source, entry) || entry.atMs <= sinceMs || counted.has(entry.uid)) continue
        applications.set(namespace, (applications.get(namespace) ?? new Set()).add(application))
      }
      return new Map([...applications].map(([namespace, names]) => [namespace, names.size]))
    },
    usage: (nowMs) => {
      const recent = entries.filter(({ atMs }) => nowMs - atMs < config.windowMs)
      return countByNamespace(recent, config)
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

/** Adds deletions that were loaded. What this process recorded itself is not cut, and counts once. */
function addLoaded(own: readonly Entry[], loaded: readonly Entry[], config: SafeguardsConfig): readonly Entry[] {
  // A tenant may have written the uid of another tenant's pod.
  const toKey = ({ namespace, uid }: Entry) => `${namespace}/${uid}`
  const known = new Set(own.map(toKey))
  const added = loaded.filter((entry) => !known.has(toKey(entry)))
  return [...keepShares(added, config), ...own]
}

/** Where the deletions by earlier processes are known. */
interface RecordCoverage {
  /**
   * Returns whether the annotations of a namespace are complete for the first time. Each namespace is loaded once, so that a
   * tenant's records take no more memory with each call.
   */
  extend(unlisted: Unlisted, nowMs: number): (namespace: string) => boolean
  /** The namespaces of which deletions may be missing. Null if that of the driver itself is one, or all are. */
  unlistedFor(namespace: string, isApplicationKnown: boolean, nowMs: number): ReadonlySet<string> | null
}

function createRecordCoverage(windowMs: number): RecordCoverage {
  let unlisted: Unlisted = 'all'
  /** When the first annotations were loaded. Null until then. */
  let loadedMs: number | null = null
  return {
    extend: (next, nowMs) => {
      const before = unlisted
      loadedMs ??= nowMs
      unlisted = next
      return (namespace) => isIn(before, namespace) && !isIn(next, namespace)
    },
    unlistedFor: (namespace, isApplicationKnown, nowMs) => {
      if (loadedMs === null) return null
      // Other processes made their deletions before the first load. Their clocks may have been ahead.
      if (nowMs - loadedMs >= windowMs + clockSkewMs) {
        return isIn(unlisted, namespace) && !isApplicationKnown ? null : new Set()
      }
      return unlisted === 'all' || unlisted.has(namespace) ? null : unlisted
    },
  }
}

const isIn = (unlisted: Unlisted, namespace: string) => unlisted === 'all' || unlisted.has(namespace)

/** The deletions on record since `sinceMs`. */
function loadEntries(
  applications: Iterable<KnownApplication>,
  histories: Pick<HistoryCache, 'load' | 'isRevoked'>,
  sinceMs: number,
  nowMs: number,
): readonly Entry[] {
  return [...applications].flatMap(({ application: { namespace, name, annotations } }) => {
    const text = annotations[actionsAnnotation]
    if (text === undefined) return []
    const driver = { namespace, application: name }
    const history = withoutFuture(parseHistory(text), nowMs)
    histories.load(driver, history)
    const recent = history.deletions.filter(({ atMs, uid }) => atMs > sinceMs && !histories.isRevoked(uid))
    return recent.map((deletion) => toEntry(driver, deletion, history.generation))
  })
}

/**
 * The newest deletions: one more of each application than its budget, because the deletion of a driver does not count for its
 * own limits, and so twice the budget of each namespace. More would not change any limit, and only take memory.
 */
function keepShares(entries: readonly Entry[], { perApplication, perNamespace }: SafeguardsConfig): readonly Entry[] {
  const kept = new Map<string, number>()
  const hasShare = (scope: string, budget: number) => (kept.get(scope) ?? 0) <= budget
  return entries
    .toSorted((a, b) => b.atMs - a.atMs)
    .filter((entry) => {
      const { namespace } = entry
      const application = applicationKey(entry)
      if (!hasShare(namespace, 2 * perNamespace) || !hasShare(application, perApplication)) return false
      for (const scope of [namespace, application]) kept.set(scope, (kept.get(scope) ?? 0) + 1)
      return true
    })
    .toReversed()
}
