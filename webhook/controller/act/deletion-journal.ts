import type { KnownApplication, SparkApplications } from '../../../cluster/spark-applications.ts'
import { exponentialDelayMs } from '../../../core/backoff.ts'
import type { Deletion } from '../../../core/contract/deletion-history.ts'
import { actionsAnnotation } from '../../../core/contract/pod-contract.ts'
import { toRecord } from '../../../core/json.ts'
import type { Log } from '../../../core/log.ts'
import { isFromApiServer, type KubernetesApi } from '../../../kubernetes/api.ts'
import { parsePage } from '../../../kubernetes/list-page.ts'
import { podsPath } from '../../../kubernetes/paths.ts'
import type { WriteResult } from '../../../kubernetes/write-result.ts'
import { failureDetail } from '../../../kubernetes/write-result.ts'
import type { DeletionTracker } from '../deletions/deletion-tracker.ts'
import type { Driver } from '../driver/driver.ts'
import { driverLogFields } from '../driver/log-fields.ts'
import type { ClusterWriter } from './cluster-writer.ts'

export interface DeletionJournalDeps {
  readonly api: Pick<KubernetesApi, 'request'>
  readonly writer: Pick<ClusterWriter, 'annotateApplication'>
  readonly deletions: Pick<DeletionTracker, 'record' | 'recordWriteResult' | 'isOnRecord' | 'revoke'>
  readonly applications: Pick<SparkApplications, 'known'>
  readonly log: Log
  /** Whether the cache shows this very pod. */
  isThere(driver: Driver): boolean
  /** Of a clock that no one sets. */
  monotonicMs(): number
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/**
 * Writes deletions into their SparkApplications before they are made, and takes back what was not made: it would count
 * against the next driver. What may have been made stays, until a pod that is still there proves that it was not.
 */
export interface DeletionJournal {
  /** Whoever leads next must know of it, whatever becomes of us or of the answer. */
  recordIntent(driver: Driver, known: KnownApplication | undefined, deletion: Deletion): Promise<WriteResult>
  /**
   * A try to delete the pod failed. refused: by the API server, which may have taken the same request a moment before, when
   * something on the way sends it twice (seen: 409 and 200). unanswered: the pod may be gone for it.
   */
  recordOutcome(driver: Driver, outcome: 'not-sent' | 'refused' | 'unanswered'): void
  /** It was looked at, and is not to be deleted. */
  deletionNoLongerNeeded(driver: Driver): void
  podGone(driver: Driver): void
  /** After the signal: until nothing is under way. */
  idle(): Promise<void>
}

/** Within two minutes: as long as a watch may be behind that has yet to show what was written. */
const takeBackAttempts = 8
/** An API server gives up a request after a minute (`--request-timeout`), and we before. */
const lostForMs = 120_000
const askAgainMs = 60_000
const askDeadlineMs = 5_000

/** Of one leader, until `signal`. */
export function createDeletionJournal(edges: DeletionJournalDeps, signal: AbortSignal): DeletionJournal {
  const { deletions, applications, writer: performer, log } = edges
  const bornMs = edges.monotonicMs()
  /** Pods on record of which it is certain that no request of ours deletes them, or that the API server said so. */
  const notDone = new Map<string, 'not-sent' | 'refused'>()
  /** When the answer of such a request was lost last, or when it was last asked what became of it. */
  const lostMs = new Map<string, number>()
  const underWay = new Map<string, { readonly stop: AbortController; readonly ended: Promise<void> }>()

  const knownOf = ({ owner }: Driver) => (owner === null ? undefined : applications.known(owner))

  const takeBack = async (driver: Driver, stopped: AbortSignal): Promise<void> => {
    for (let attempt = 1; attempt <= takeBackAttempts && !stopped.aborted; attempt += 1) {
      const known = knownOf(driver)
      const value = deletions.revoke(driver, known)
      if (driver.owner === null || known === undefined) return
      if (value !== undefined) {
        const written = await performer.annotateApplication(driver.owner, known, { [actionsAnnotation]: value })
        if (written.kind === 'ok') return log.info({ event: 'deletion-revoked', ...driverLogFields(driver) })
        if (written.kind === 'failed' && written.forbidden) return
      }
      await edges.sleep(exponentialDelayMs(attempt, { baseMs: 250 }), stopped)
    }
  }

  /** A request that has not been answered for so long is answered by the pod: it is there, and stays. */
  const askFirst = async (driver: Driver, stopped: AbortSignal): Promise<void> => {
    if ((await isStaying(edges.api, driver)) && !stopped.aborted) await takeBack(driver, stopped)
  }

  const begin = (driver: Driver, work: typeof takeBack): void => {
    if (underWay.has(driver.uid) || signal.aborted) return
    const stop = new AbortController()
    const ended = work(driver, AbortSignal.any([signal, stop.signal])).finally(() => underWay.delete(driver.uid))
    underWay.set(driver.uid, { stop, ended })
  }

  return {
    recordIntent: async (driver, known, deletion) => {
      notDone.delete(driver.uid)
      const before = underWay.get(driver.uid)
      before?.stop.abort()
      await before?.ended
      const isOnRecord = known !== undefined && deletions.isOnRecord(driver, known)
      const text = deletions.record(driver, known, deletion)
      if (driver.owner === null || known === undefined || isOnRecord) return { kind: 'ok' }
      const written = await performer.annotateApplication(driver.owner, known, { [actionsAnnotation]: text })
      if (written.kind === 'ok') {
        deletions.recordWriteResult(driver, 'written')
        return written
      }
      log.warn({ event: 'history-write-failed', ...driverLogFields(driver), ...failureDetail(written) })
      if (written.kind === 'failed' && written.forbidden) {
        deletions.recordWriteResult(driver, 'refused')
        return { kind: 'ok' }
      }
      if (written.kind === 'failed') return written
      return { kind: 'failed', detail: 'its SparkApplication is not as it is known', retryAfterMs: 0 }
    },
    recordOutcome: (driver, outcome) => {
      if (outcome === 'unanswered') lostMs.set(driver.uid, edges.monotonicMs())
      if (outcome === 'unanswered' || lostMs.has(driver.uid)) return
      if (edges.isThere(driver)) notDone.set(driver.uid, outcome)
      else if (outcome === 'not-sent') begin(driver, takeBack)
    },
    deletionNoLongerNeeded: (driver) => {
      const { uid } = driver
      const outcome = notDone.get(uid)
      if (outcome !== undefined && (outcome === 'not-sent' || driver.deletionMs === null)) {
        notDone.delete(uid)
        return begin(driver, outcome === 'not-sent' ? takeBack : askFirst)
      }
      const known = knownOf(driver)
      if (known === undefined || driver.deletionMs !== null || !deletions.isOnRecord(driver, known)) return
      // The leader before us may have deleted it.
      if (edges.monotonicMs() - Math.max(bornMs, lostMs.get(uid) ?? bornMs) < lostForMs) return
      lostMs.set(uid, edges.monotonicMs() - lostForMs + askAgainMs)
      begin(driver, askFirst)
    },
    podGone: (driver) => {
      lostMs.delete(driver.uid)
      if (notDone.get(driver.uid) === 'not-sent') begin(driver, takeBack)
      notDone.delete(driver.uid)
    },
    idle: async () => void (await Promise.all([...underWay.values()].map(({ ended }) => ended))),
  }
}

/** Asked of the API server, since a watch may be behind. False also when it does not say. */
async function isStaying(api: Pick<KubernetesApi, 'request'>, driver: Driver): Promise<boolean> {
  const path = `${podsPath(driver.namespace)}?fieldSelector=${encodeURIComponent(`metadata.name=${driver.name}`)}`
  const answer = await api.request({ method: 'GET', path, deadlineMs: askDeadlineMs })
  if (answer.kind !== 'response' || answer.status !== 200 || !isFromApiServer(answer)) return false
  const metadata = (parsePage(answer.body)?.items ?? []).map((item) => toRecord(toRecord(item).metadata))
  return metadata.some(({ uid, deletionTimestamp }) => uid === driver.uid && deletionTimestamp === undefined)
}
