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
  /** Takes up what the annotations tell, once, before anything is decided. */
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
  readonly exhausted: 'application' | 'namespace' | 'cluster' | null
}

interface Remembered {
  readonly history: History
  /** Whether its annotation has come back to us: from then on its absence means that a person removed it. */
  readonly seen: boolean
}

type Entry = LedgerEntry & Deletion

const entryOf = ({ namespace, application }: Application, { atMs, uid, reason }: Deletion): Entry => ({
  atMs,
  namespace,
  application,
  uid,
  reason,
})

export function deletionRecord(config: RailsConfig): Deletions {
  let entries: readonly Entry[] = []
  const underWay = new Map<string, LedgerEntry>()
  const remembered = new Map<string, Remembered>()
  const keyOf = ({ namespace, application }: Application) => `${namespace}/${application}`

  const historyOf = (driver: Application, known: KnownApplication | undefined): History => {
    const own = remembered.get(keyOf(driver))
    if (known === undefined) return own?.history ?? noHistory
    const text = known.application.annotations[actionsAnnotation]
    const { generation } = known
    if (text === undefined) return own === undefined || own.seen ? noHistory : currentHistory(own.history, generation)
    const written = parseHistory(text)
    const ahead = own !== undefined && lastMs(own.history) > lastMs(written)
    if (own !== undefined && !ahead && !own.seen) remembered.set(keyOf(driver), { ...own, seen: true })
    return currentHistory(ahead ? own.history : written, generation)
  }

  return {
    load: (applications) => {
      entries = [...applications].flatMap(({ application: { namespace, name, annotations } }) =>
        parseHistory(annotations[actionsAnnotation]).deletions.map((deletion) =>
          entryOf({ namespace, application: name }, deletion),
        ),
      )
    },
    limits: (driver, known, nowMs) => {
      const history = withoutPod(historyOf(driver, known), driver.uid)
      const others = entries.filter(({ uid }) => uid !== driver.uid)
      // Of another version of the SparkApplication, or before a person took the annotation away: it starts anew.
      const cleared = history.deletions.length === 0
      const counted = cleared ? others.filter((entry) => keyOf(entry) !== keyOf(driver)) : others
      const begun = [...underWay.values()].filter(({ uid }) => uid !== driver.uid)
      const own = begun.some((entry) => keyOf(entry) === keyOf(driver))
      return {
        quarantined: known !== undefined && history.quarantinedMs !== null,
        backoffUntilMs: Math.max(backoffUntilMs(history, config, nowMs), own ? nowMs + config.backoffMs : 0),
        exhausted: exhaustedScope([...counted, ...begun], driver, config, nowMs),
      }
    },
    begin: ({ namespace, application, uid }, atMs) => void underWay.set(uid, { atMs, namespace, application, uid }),
    end: ({ uid }) => void underWay.delete(uid),
    isOnRecord: ({ uid }, { application }) =>
      parseHistory(application.annotations[actionsAnnotation]).deletions.some((deletion) => deletion.uid === uid),
    note: (driver, known, deletion) => {
      const { atMs, uid } = deletion
      underWay.delete(uid)
      const within = entries.filter((entry) => entry.uid !== uid && atMs - entry.atMs < config.windowMs)
      entries = [...within, entryOf(driver, deletion)]
      const history = withDeletion(historyOf(driver, known), deletion, known?.generation ?? null, config)
      remembered.set(keyOf(driver), { history, seen: false })
      return formatHistory(history)
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

const lastMs = ({ deletions }: History) => deletions.at(-1)?.atMs ?? 0
