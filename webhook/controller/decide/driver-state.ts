import type { WriteResult } from '../../../kubernetes/write-result.ts'
import { findUnansweredExit } from '../assess/assess.ts'
import type { DeletionCause } from '../assess/deletion-reason.ts'
import type { Driver } from '../driver/driver.ts'
import { createHourlyCount, type HourlyCount } from '../driver/hourly-count.ts'
import { type DeletionState, noDeletion } from './deletion-state.ts'
import type { RetryStates } from './retry-state.ts'

/** A write whose response was lost. The watch will show whether it took effect. */
export interface PendingConfirmation {
  /** `driver` undefined: the pod is gone. */
  tookEffect(driver: Driver | undefined): boolean
  /** Reports the write as successful. */
  confirm(): void
}

/** What the controller remembers about one pod while it leads. Losing all of it is safe. */
export interface DriverState {
  /** Digests of the Events that were published last, by reason and deduplication key. */
  readonly published: Set<string>
  /** Digests of the last logged decision about each kind of assessment. */
  readonly decided: Map<string, string>
  /** The reports and the decisions of this hour. */
  readonly reports: HourlyCount
  readonly decisions: HourlyCount
  /** The fingerprint of the last evaluation whose tasks all succeeded. */
  lastFingerprint: string
  /** Whether the last evaluation found a hang. */
  isHung: boolean
  /** How many times the driver began to hang. */
  hangCount: number
  /** When the sidecar's exit that asks for a restart was first observed, and its time by the node's clock. */
  unansweredExit: { readonly seenMs: number; readonly finishedMs: number | null } | null
  /** Whether tasks of this driver are running. */
  busy: boolean
  /** Until when each kind of failed choice is not retried. */
  readonly retries: RetryStates
  /** The restart count for which the executors of earlier attempts are gone. */
  cleanedRestarts: number
  /** Names by uid of executors for which a deletion's result is unknown. */
  readonly unconfirmedExecutors: Map<string, string>
  /** Whether the sidecar's image was replaced. The watch may not show the replacement yet. */
  bypassed: boolean
  deletion: DeletionState
  /** Why the deletion of the pod was last requested. Null if it never was. */
  deletionCause: DeletionCause | null
  pendingConfirmation: PendingConfirmation | null
}

export interface DriverStates {
  /** Creates the state if the pod has none. */
  of(uid: string): DriverState
  /** Undefined if the pod has no state. */
  known(uid: string): DriverState | undefined
  forget(uid: string): void
}

/** Healthy drivers have no state, so that they take no memory. */
export function createDriverStates(): DriverStates {
  const states = new Map<string, DriverState>()
  return {
    known: (uid) => states.get(uid),
    of: (uid) => {
      const state = states.get(uid) ?? {
        published: new Set(),
        decided: new Map(),
        reports: createHourlyCount(),
        decisions: createHourlyCount(),
        lastFingerprint: '',
        isHung: false,
        hangCount: 0,
        unansweredExit: null,
        busy: false,
        retries: new Map(),
        cleanedRestarts: 0,
        unconfirmedExecutors: new Map(),
        bypassed: false,
        deletion: noDeletion,
        deletionCause: null,
        pendingConfirmation: null,
      }
      states.set(uid, state)
      return state
    },
    forget: (uid) => void states.delete(uid),
  }
}

/** Reports a write whose response was lost, once the watch shows its effect. `driver` undefined: the pod is gone. */
export function confirmIfObserved(state: DriverState | undefined, driver: Driver | undefined): void {
  if (state === undefined || state.pendingConfirmation?.tookEffect(driver) !== true) return
  state.pendingConfirmation.confirm()
  state.pendingConfirmation = null
}

/**
 * Sends a write that may repeat one whose response was lost. Keeps the previous pending confirmation if the write fails,
 * so that a late success is still reported.
 */
export async function withPendingConfirmation(
  state: DriverState,
  write: () => Promise<WriteResult>,
): Promise<WriteResult> {
  const previous = state.pendingConfirmation
  state.pendingConfirmation = null
  const result = await write()
  if (result.kind !== 'ok') state.pendingConfirmation = previous
  return result
}

/** Counts hangs. When a hang ends, forgets what was reported of it, so that the next hang is reported again. */
export function recordHang(state: DriverState, isHung: boolean): void {
  if (isHung && !state.isHung) state.hangCount += 1
  if (!isHung && state.isHung) {
    state.decided.delete('hung')
    state.lastFingerprint = ''
  }
  state.isHung = isHung
}

/** Remembers when the sidecar's exit that asks for a restart was first observed, by the monotonic clock. */
export function observeUnansweredExit(states: DriverStates, driver: Driver, monotonicMs: number): void {
  const exit = findUnansweredExit(driver)
  if (exit === undefined) return
  const state = states.of(driver.uid)
  if (state.unansweredExit?.finishedMs === exit.sinceMs) return
  state.unansweredExit = { seenMs: monotonicMs, finishedMs: exit.sinceMs }
}

/** How long the driver has waited for the restart that its sidecar asked for. Null: it does not wait for one. */
export function unansweredForMs(state: DriverState | undefined, driver: Driver, monotonicMs: number): number | null {
  const seen = state?.unansweredExit ?? null
  return seen === null || findUnansweredExit(driver) === undefined ? null : monotonicMs - seen.seenMs
}
