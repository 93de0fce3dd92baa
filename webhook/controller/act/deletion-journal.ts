import type { KnownApplication, SparkApplications } from '../../../cluster/spark-applications.ts'
import { exponentialDelayMs } from '../../../core/backoff.ts'
import type { Deletion } from '../../../core/contract/deletion-history.ts'
import { actionsAnnotation } from '../../../core/contract/pod-contract.ts'
import { toRecord } from '../../../core/json.ts'
import type { Log } from '../../../core/log.ts'
import { isFromApiServer, type KubernetesApi } from '../../../kubernetes/api.ts'
import { parsePage } from '../../../kubernetes/list-page.ts'
import { podsPath } from '../../../kubernetes/paths.ts'
import { failureDetail, type WriteResult } from '../../../kubernetes/write-result.ts'
import type { DeletionTracker } from '../deletions/deletion-tracker.ts'
import type { Driver } from '../driver/driver.ts'
import { driverLogFields } from '../driver/log-fields.ts'
import type { ClusterWriter } from './cluster-writer.ts'
import {
  type DeletionOutcome,
  type JournalEffect,
  type JournalEvent,
  type JournalState,
  nextJournalState,
} from './journal-state.ts'

export interface DeletionJournalDeps {
  readonly api: Pick<KubernetesApi, 'request'>
  readonly writer: Pick<ClusterWriter, 'annotateApplication'>
  readonly deletions: Pick<DeletionTracker, 'record' | 'recordWriteResult' | 'isOnRecord' | 'revoke'>
  readonly applications: Pick<SparkApplications, 'known'>
  readonly log: Log
  /** Whether the cache shows a pod with this uid. */
  isPodPresent(driver: Driver): boolean
  monotonicMs(): number
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/**
 * Records deletions on their SparkApplications before they are requested, and revokes the records of deletions that did
 * not happen: they would count against the next driver. If a deletion may have happened, its record stays until the pod
 * proves that the deletion did not happen, by still being present without terminating.
 */
export interface DeletionJournal {
  /** Records a deletion that is to be requested next, so that the next leader counts it even if this process is lost. */
  recordIntent(driver: Driver, known: KnownApplication | undefined, deletion: Deletion): Promise<WriteResult>
  /** Notes that an attempt to delete the pod was not confirmed. */
  recordOutcome(driver: Driver, outcome: DeletionOutcome): void
  /** Notes that the latest evaluation found no reason to delete the pod. Begins to revoke a record that may be wrong. */
  deletionNoLongerNeeded(driver: Driver): void
  podGone(driver: Driver): void
  /** Resolves when no revocation is running. Meant for after the signal. */
  idle(): Promise<void>
}

/** With their delays about two minutes: a watch that lags may take as long to show what was written. */
const revokeAttempts = 8
const checkDeadlineMs = 5_000

/** The journal of one leader, until `signal`. */
export function createDeletionJournal(deps: DeletionJournalDeps, signal: AbortSignal): DeletionJournal {
  const { deletions, log } = deps
  const leadingSinceMs = deps.monotonicMs()
  /** By the uid of the pod. A pod without an entry is in state `none`. */
  const states = new Map<string, JournalState>()
  const revocations = createRevocations(deps, signal)

  const findApplication = ({ owner }: Driver) => (owner === null ? undefined : deps.applications.known(owner))

  const handle = (driver: Driver, event: JournalEvent): void => {
    const { state, effect } = nextJournalState(states.get(driver.uid) ?? { kind: 'none' }, event)
    if (state.kind === 'none') states.delete(driver.uid)
    else states.set(driver.uid, state)
    if (effect !== 'none') revocations.start(driver, effect)
  }

  return {
    recordIntent: async (driver, known, deletion) => {
      handle(driver, { kind: 'intent' })
      await revocations.cancel(driver)
      const isOnRecord = known !== undefined && deletions.isOnRecord(driver, known)
      const text = deletions.record(driver, known, deletion)
      if (driver.owner === null || known === undefined || isOnRecord) return { kind: 'ok' }
      const result = await deps.writer.annotateApplication(driver.owner, known, { [actionsAnnotation]: text })
      if (result.kind === 'ok') {
        deletions.recordWriteResult(driver, 'written')
        return result
      }
      log.warn({ event: 'history-write-failed', ...driverLogFields(driver), ...failureDetail(result) })
      if (result.kind === 'conflict') {
        return {
          kind: 'failed',
          detail: 'the SparkApplication has changed since it was last observed',
          retryAfterMs: 0,
        }
      }
      if (!result.forbidden) return result
      // No replica may write the record, so that this leader alone remembers the deletion.
      deletions.recordWriteResult(driver, 'refused')
      return { kind: 'ok' }
    },
    recordOutcome: (driver, outcome) => {
      const isPodPresent = deps.isPodPresent(driver)
      handle(driver, { kind: 'outcome', outcome, isPodPresent, nowMs: deps.monotonicMs() })
    },
    deletionNoLongerNeeded: (driver) => {
      const known = findApplication(driver)
      handle(driver, {
        kind: 'no-longer-needed',
        isTerminating: driver.deletionMs !== null,
        isOnRecord: known !== undefined && deletions.isOnRecord(driver, known),
        nowMs: deps.monotonicMs(),
        leadingSinceMs,
      })
    },
    podGone: (driver) => handle(driver, { kind: 'pod-gone' }),
    idle: revocations.idle,
  }
}

interface Revocations {
  /** Does nothing while a revocation for the same pod is running, or after the signal. */
  start(driver: Driver, effect: Exclude<JournalEffect, 'none'>): void
  /** Resolves when the revocation for this pod has ended. */
  cancel(driver: Driver): Promise<void>
  idle(): Promise<void>
}

function createRevocations(deps: DeletionJournalDeps, signal: AbortSignal): Revocations {
  const running = new Map<string, { readonly stop: AbortController; readonly ended: Promise<void> }>()

  const revoke = async (
    driver: Driver,
    effect: Exclude<JournalEffect, 'none'>,
    stopped: AbortSignal,
  ): Promise<void> => {
    if (effect === 'revoke-if-pod-stays' && !(await isPodStaying(deps.api, driver))) return
    await revokeRecord(driver, deps, stopped)
  }

  return {
    start: (driver, effect) => {
      if (running.has(driver.uid) || signal.aborted) return
      const stop = new AbortController()
      const ended = revoke(driver, effect, AbortSignal.any([signal, stop.signal])).finally(() =>
        running.delete(driver.uid),
      )
      running.set(driver.uid, { stop, ended })
    },
    cancel: async ({ uid }) => {
      const revocation = running.get(uid)
      revocation?.stop.abort()
      await revocation?.ended
    },
    idle: async () => void (await Promise.all([...running.values()].map(({ ended }) => ended))),
  }
}

/** Removes the record of a deletion that did not happen. Retries conflicts and failures. */
async function revokeRecord(driver: Driver, deps: DeletionJournalDeps, stopped: AbortSignal): Promise<void> {
  for (let attempt = 1; attempt <= revokeAttempts && !stopped.aborted; attempt += 1) {
    if ((await tryRevokeRecord(driver, deps)) === 'ended') return
    await deps.sleep(exponentialDelayMs(attempt, { baseMs: 250 }), stopped)
  }
}

/** `retry`: the write failed, or the watch has yet to show the record. */
async function tryRevokeRecord(driver: Driver, deps: DeletionJournalDeps): Promise<'ended' | 'retry'> {
  const { owner } = driver
  const known = owner === null ? undefined : deps.applications.known(owner)
  const value = deps.deletions.revoke(driver, known)
  if (owner === null || known === undefined) return 'ended'
  if (value === undefined) return 'retry'
  const result = await deps.writer.annotateApplication(owner, known, { [actionsAnnotation]: value })
  if (result.kind === 'ok') deps.log.info({ event: 'deletion-revoked', ...driverLogFields(driver) })
  return result.kind === 'ok' || (result.kind === 'failed' && result.forbidden) ? 'ended' : 'retry'
}

/** Asks the API server, because a watch may lag. False also if the API server does not respond. */
async function isPodStaying(api: Pick<KubernetesApi, 'request'>, driver: Driver): Promise<boolean> {
  const path = `${podsPath(driver.namespace)}?fieldSelector=${encodeURIComponent(`metadata.name=${driver.name}`)}`
  const response = await api.request({ method: 'GET', path, deadlineMs: checkDeadlineMs })
  if (response.kind !== 'response' || response.status !== 200 || !isFromApiServer(response)) return false
  const metadata = (parsePage(response.body)?.items ?? []).map((item) => toRecord(toRecord(item).metadata))
  return metadata.some(({ uid, deletionTimestamp }) => uid === driver.uid && deletionTimestamp === undefined)
}
