import { actionsAnnotation } from '../../core/pod-contract.ts'
import type { RailsConfig } from '../controller-config.ts'
import type { KnownApplication } from '../kubernetes/spark-applications.ts'
import {
  backoffUntilMs,
  currentHistory,
  type Deletion,
  formatHistory,
  type History,
  noHistory,
  parseHistory,
  withDeletion,
} from './history.ts'
import { exhaustedScope, type LedgerEntry } from './ledger.ts'
import type { DriverObservation } from './observation.ts'

type Driver = Pick<DriverObservation, 'namespace' | 'application'>

/** What was deleted: for the budgets, the backoff and the quarantine. It lives in the SparkApplications' annotations. */
export interface Deletions {
  /** Takes up what the annotations tell, once, before anything is decided. */
  load(applications: Iterable<KnownApplication>): void
  limits(driver: Driver, known: KnownApplication | undefined, nowMs: number): DeletionLimits
  /** Counts a deletion; the value of the annotation that shall tell of it. */
  note(driver: Driver, known: KnownApplication | undefined, deletion: Deletion): string
  /** Counts one that may have happened: towards the budgets, but not towards a quarantine. */
  suspect(driver: Driver, atMs: number): void
  /** Deletions within the last `windowMs`. */
  lately(windowMs: number, nowMs: number): number
  quarantined(applications: Iterable<KnownApplication>): ReadonlyMap<string, number>
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

export function deletionRecord(config: RailsConfig): Deletions {
  let entries: readonly LedgerEntry[] = []
  let suspects: readonly LedgerEntry[] = []
  const remembered = new Map<string, Remembered>()
  const keyOf = ({ namespace, application }: Driver) => `${namespace}/${application}`

  const historyOf = (driver: Driver, known: KnownApplication | undefined): History => {
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
        parseHistory(annotations[actionsAnnotation]).deletions.map(({ atMs }) => ({
          atMs,
          namespace,
          application: name,
        })),
      )
    },
    limits: (driver, known, nowMs) => {
      const history = historyOf(driver, known)
      // Of another version of the SparkApplication, or before a person took the annotation away: it starts anew.
      const cleared = history.deletions.length === 0
      const counted = cleared ? entries.filter((entry) => keyOf(entry) !== keyOf(driver)) : entries
      return {
        quarantined: known !== undefined && history.quarantinedMs !== null,
        backoffUntilMs: backoffUntilMs(history, config, nowMs),
        exhausted: exhaustedScope([...counted, ...suspects], driver, config, nowMs),
      }
    },
    note: (driver, known, deletion) => {
      const { namespace, application } = driver
      entries = [...entries, { atMs: deletion.atMs, namespace, application }].filter(
        ({ atMs }) => deletion.atMs - atMs < config.windowMs,
      )
      const history = withDeletion(historyOf(driver, known), deletion, known?.generation ?? null, config)
      remembered.set(keyOf(driver), { history, seen: false })
      return formatHistory(history)
    },
    suspect: ({ namespace, application }, atMs) => {
      suspects = [...suspects, { atMs, namespace, application }].slice(-maxSuspects)
    },
    lately: (windowMs, nowMs) => entries.filter(({ atMs }) => nowMs - atMs < windowMs).length,
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

const maxSuspects = 1_000

const lastMs = ({ deletions }: History) => deletions.at(-1)?.atMs ?? 0
