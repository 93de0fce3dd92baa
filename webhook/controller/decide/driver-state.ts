import type { WriteResult } from '../../../kubernetes/write-result.ts'
import { findUnansweredExit } from '../assess/assess.ts'
import type { Driver } from '../driver/driver.ts'
import type { RetryStates } from './retry-state.ts'

/** An effect whose answer was lost: the watch will show whether it took place. */
export interface PendingConfirmation {
  /** Undefined: the pod is gone. */
  tookPlace(driver: Driver | undefined): boolean
  /** Tells of it. */
  confirm(): void
}

/** What the controller remembers of one pod while it leads; all of it may be lost. */
export interface DriverState {
  /** What was told of it, by reason and occasion. */
  readonly published: Set<string>
  /** Decisions that were logged, by what they are about. */
  readonly decided: Map<string, string>
  /** The signature of what was carried out last, and in full. */
  lastFingerprint: string
  /** Whether it hung at the last look, and how often it began to. */
  isHung: boolean
  hangCount: number
  /** When its sidecar was first seen to have asked for the restart that it waits for, and its end by the node's clock. */
  unanswered: { readonly seenMs: number; readonly finishedMs: number | null } | null
  /** An effect is under way. */
  busy: boolean
  /** Nothing waits for what failed but itself. */
  readonly retries: RetryStates
  /** Restarts whose executors are gone. */
  cleanedRestarts: number
  /** Names by uid of executors that may be gone for a request of ours whose answer does not say. */
  readonly unconfirmedExecutors: Map<string, string>
  /** Its sidecar's image was replaced, which the watch may have yet to show. */
  bypassed: boolean
  /** It was deleted, or its deletion asked for. */
  deleted: boolean
  pendingConfirmation: PendingConfirmation | null
}

export interface DriverStates {
  of(uid: string): DriverState
  /** Undefined when nothing is remembered. */
  known(uid: string): DriverState | undefined
  forget(uid: string): void
}

/** A healthy driver takes no memory here. */
export function createDriverStates(): DriverStates {
  const memories = new Map<string, DriverState>()
  return {
    known: (uid) => memories.get(uid),
    of: (uid) => {
      const memory = memories.get(uid) ?? {
        published: new Set(),
        decided: new Map(),
        lastFingerprint: '',
        isHung: false,
        hangCount: 0,
        unanswered: null,
        busy: false,
        retries: new Map(),
        cleanedRestarts: 0,
        unconfirmedExecutors: new Map(),
        bypassed: false,
        deleted: false,
        pendingConfirmation: null,
      }
      memories.set(uid, memory)
      return memory
    },
    forget: (uid) => void memories.delete(uid),
  }
}

/** Tells of an effect whose answer was lost, once it is seen. `now` undefined: the pod is gone. */
export function confirmIfObserved(memory: DriverState | undefined, now: Driver | undefined): void {
  if (memory === undefined || memory.pendingConfirmation?.tookPlace(now) !== true) return
  memory.pendingConfirmation.confirm()
  memory.pendingConfirmation = null
}

/** What is seen of an effect while it is tried again is told by this try, or else by the one before. */
export async function withPendingConfirmation(
  memory: DriverState,
  perform: () => Promise<WriteResult>,
): Promise<WriteResult> {
  const before = memory.pendingConfirmation
  memory.pendingConfirmation = null
  const performed = await perform()
  if (performed.kind !== 'ok') memory.pendingConfirmation = before
  return performed
}

/** What is told of a hang is told again when the driver hangs again. */
export function recordHang(memory: DriverState, hangs: boolean): void {
  if (hangs && !memory.isHung) memory.hangCount += 1
  if (!hangs && memory.isHung) {
    memory.decided.delete('hung')
    memory.lastFingerprint = ''
  }
  memory.isHung = hangs
}

/** For how long a driver has waited for the restart that its sidecar asked for; null: it does not. */
export function unansweredForMs(memories: DriverStates, driver: Driver, monotonicMs: number): number | null {
  const exit = findUnansweredExit(driver)
  if (exit === undefined) return null
  const memory = memories.of(driver.uid)
  if (memory.unanswered?.finishedMs !== exit.sinceMs) {
    memory.unanswered = { seenMs: monotonicMs, finishedMs: exit.sinceMs }
  }
  return monotonicMs - memory.unanswered.seenMs
}
