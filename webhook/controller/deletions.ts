import { actionsAnnotation } from '../../core/pod-contract.ts'
import type { RailsConfig } from '../controller-config.ts'
import type { KnownApplication } from '../kubernetes/spark-applications.ts'
import type { Hang } from './assess.ts'
import {
  backoffUntilMs,
  currentHistory,
  type Deletion,
  formatHistory,
  type History,
  isSameGeneration,
  noHistory,
  parseHistory,
  wasBy,
  withDeletion,
  withoutPod,
} from './history.ts'
import { exhaustedScope, type LedgerEntry } from './ledger.ts'
import type { DriverObservation } from './observation.ts'

type Application = Pick<DriverObservation, 'namespace' | 'application'>
type Driver = Application & Pick<DriverObservation, 'uid'>

/**
 * What was deleted: for the budgets, the backoff and the quarantine. It lives in the SparkApplications' annotations, and
 * is written there before the deletion: one that nobody remembers, since its answer or its leader was lost, would be free.
 */
export interface Deletions {
  /** Takes up what the annotations tell, once all are known. Until then no limit is known, and nothing may be deleted. */
  load(applications: Iterable<KnownApplication>): void
  /** What holds for this pod, whatever was tried of it before. */
  limits(driver: Driver, known: KnownApplication | undefined, nowMs: number): DeletionLimits
  /** Counts one that is chosen, until `end`, so that what is decided meanwhile does not overdraw a budget. */
  begin(driver: Driver, atMs: number): void
  end(driver: Driver): void
  /** Whether the SparkApplication tells of this pod's deletion. */
  isOnRecord(driver: Driver, known: KnownApplication): boolean
  /** Counts a deletion that is to be; the value of the annotation that shall tell of it. Again for the same pod: once. */
  note(application: Application, known: KnownApplication | undefined, deletion: Deletion): string
  /** What became of writing it. Refused: nobody may, and it is remembered as long as we lead. */
  answered(application: Application, answer: 'written' | 'refused'): void
  /** How many applications have lost drivers on such verdicts since then: but for `own`, and for `counted` pods. */
  lately(by: Hang['by'], which: Lately): number
  quarantined(applications: Iterable<KnownApplication>): ReadonlyMap<string, number>
}

export interface Lately {
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

interface Remembered {
  readonly history: History
  /**
   * The version of the SparkApplication on which it was to be written: the cache that shows this one has yet to show it, and
   * any other tells what became of it. Null: it was read, not written.
   */
  readonly writtenOn: string | null
  /** pending: it may not be there, and its absence says nothing. */
  readonly state: 'pending' | 'written' | 'refused'
}

/** `generation`: of its SparkApplication. */
type Entry = LedgerEntry & Deletion & Pick<History, 'generation'>

const entryOf = (
  { namespace, application }: Application,
  { atMs, uid, reason }: Deletion,
  generation: number | null,
): Entry => ({ atMs, namespace, application, uid, reason, generation })

export function deletionRecord(config: RailsConfig): Deletions {
  let entries: readonly Entry[] = []
  let loaded = false
  const underWay = new Map<string, LedgerEntry>()
  const remembered = new Map<string, Remembered>()
  const keyOf = ({ namespace, application }: Application) => `${namespace}/${application}`

  /** When an application's annotation was last seen to be gone. */
  const removals = new Map<string, number>()

  const historyOf = (driver: Application, known: KnownApplication | undefined): History => {
    const own = remembered.get(keyOf(driver))
    if (known === undefined) return own?.history ?? noHistory
    const { generation, resourceVersion, application } = known
    const text = application.annotations[actionsAnnotation]
    const shown = parseHistory(text)
    if (own?.state === 'refused' && lastMs(own.history) > lastMs(shown)) return currentHistory(own.history, generation)
    if (own?.writtenOn === resourceVersion) return currentHistory(own.history, generation)
    if (text !== undefined) remembered.set(keyOf(driver), { history: shown, writtenOn: null, state: 'written' })
    return currentHistory(shown, generation)
  }

  /**
   * A person who takes the annotation away ends a quarantine, and with it the application's budget begins anew. Whatever
   * takes it away again within the window, or from one that is in no quarantine, would have budgets without end.
   */
  const noticeRemoval = (driver: Application, known: KnownApplication, nowMs: number): void => {
    const key = keyOf(driver)
    const own = remembered.get(key)
    if (own?.state !== 'written' || own.writtenOn === known.resourceVersion) return
    if (own.history.deletions.length === 0 || known.application.annotations[actionsAnnotation] !== undefined) return
    remembered.delete(key)
    const isFirst = nowMs - (removals.get(key) ?? Number.NEGATIVE_INFINITY) >= config.windowMs
    removals.set(key, nowMs)
    if (own.history.quarantinedMs === null || !isFirst) return
    entries = entries.map((entry) => (keyOf(entry) === key ? { ...entry, lapsed: true } : entry))
  }

  return {
    load: (applications) => {
      loaded = true
      entries = [...applications].flatMap(({ application: { namespace, name, annotations } }) => {
        const text = annotations[actionsAnnotation]
        if (text === undefined) return []
        const driver = { namespace, application: name }
        const history = parseHistory(text)
        remembered.set(keyOf(driver), { history, writtenOn: null, state: 'written' })
        return history.deletions.map((deletion) => entryOf(driver, deletion, history.generation))
      })
    },
    limits: (driver, known, nowMs) => {
      if (known !== undefined) noticeRemoval(driver, known, nowMs)
      const history = withoutPod(historyOf(driver, known), driver.uid)
      const others = entries.filter(({ uid }) => uid !== driver.uid)
      // Of another version of its SparkApplication: for that it starts anew.
      const counted = others.map((entry) =>
        keyOf(entry) === keyOf(driver) && !isSameGeneration(entry.generation, known?.generation ?? null)
          ? { ...entry, lapsed: true }
          : entry,
      )
      const begun = [...underWay.values()].filter(({ uid }) => uid !== driver.uid)
      const own = begun.some((entry) => keyOf(entry) === keyOf(driver))
      return {
        quarantined: known !== undefined && history.quarantinedMs !== null,
        backoffUntilMs: Math.max(backoffUntilMs(history, config, nowMs), own ? nowMs + config.backoffMs : 0),
        exhausted: loaded ? exhaustedScope([...counted, ...begun], driver, config, nowMs) : 'unknown',
      }
    },
    begin: ({ namespace, application, uid }, atMs) => void underWay.set(uid, { atMs, namespace, application, uid }),
    end: ({ uid }) => void underWay.delete(uid),
    isOnRecord: ({ uid }, known) => tellsOf(known, uid),
    note: (driver, known, deletion) => {
      const { atMs, uid } = deletion
      underWay.delete(uid)
      const within = entries.filter((entry) => entry.uid !== uid && atMs - entry.atMs < config.windowMs)
      const generation = known?.generation ?? null
      entries = [...within, entryOf(driver, deletion, generation)]
      const history = withDeletion(historyOf(driver, known), deletion, generation, config)
      const state = known !== undefined && tellsOf(known, uid) ? 'written' : 'pending'
      remembered.set(keyOf(driver), { history, writtenOn: known?.resourceVersion ?? null, state })
      return formatHistory(history)
    },
    answered: (driver, state) => {
      const own = remembered.get(keyOf(driver))
      if (own !== undefined) remembered.set(keyOf(driver), { ...own, state })
    },
    lately: (by, { sinceMs, own, counted }) => {
      const of = entries
        .filter((entry) => wasBy(by, entry) && entry.atMs > sinceMs && !counted.has(entry.uid))
        .map(keyOf)
      return new Set(of).difference(new Set(own === undefined ? [] : [keyOf(own)])).size
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

const tellsOf = ({ application }: KnownApplication, uid: string): boolean =>
  parseHistory(application.annotations[actionsAnnotation]).deletions.some((deletion) => deletion.uid === uid)

const lastMs = ({ deletions }: History) => deletions.at(-1)?.atMs ?? 0
