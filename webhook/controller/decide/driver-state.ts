import type { Performed } from '../../../kubernetes/write-result.ts'
import { unansweredExit } from '../assess/assess.ts'
import type { DriverObservation } from '../driver/driver.ts'
import type { Setbacks } from './retry-state.ts'

/** An effect whose answer was lost: the watch will show whether it took place. */
export interface Unconfirmed {
  /** Undefined: the pod is gone. */
  tookPlace(driver: DriverObservation | undefined): boolean
  /** Tells of it. */
  confirm(): void
}

/** What the controller remembers of one pod while it leads; all of it may be lost. */
export interface DriverMemory {
  /** What was told of it, by reason and occasion. */
  readonly told: Set<string>
  /** Decisions that were logged, by what they are about. */
  readonly decided: Map<string, string>
  /** The signature of what was carried out last, and in full. */
  settled: string
  /** Whether it hung at the last look, and how often it began to. */
  hanging: boolean
  hangs: number
  /** When its sidecar was first seen to have asked for the restart that it waits for, and its end by the node's clock. */
  unanswered: { readonly seenMs: number; readonly finishedMs: number | null } | null
  /** An effect is under way. */
  busy: boolean
  /** Nothing waits for what failed but itself. */
  readonly setbacks: Setbacks
  /** Restarts whose executors are gone. */
  cleanedRestarts: number
  /** Names by uid of executors that may be gone for a request of ours whose answer does not say. */
  readonly doubtfulExecutors: Map<string, string>
  /** Its sidecar's image was replaced, which the watch may have yet to show. */
  rescued: boolean
  /** It was deleted, or its deletion asked for. */
  deleted: boolean
  unconfirmed: Unconfirmed | null
}

export interface DriverMemories {
  of(uid: string): DriverMemory
  /** Undefined when nothing is remembered. */
  known(uid: string): DriverMemory | undefined
  forget(uid: string): void
}

/** A healthy driver takes no memory here. */
export function driverMemories(): DriverMemories {
  const memories = new Map<string, DriverMemory>()
  return {
    known: (uid) => memories.get(uid),
    of: (uid) => {
      const memory = memories.get(uid) ?? {
        told: new Set(),
        decided: new Map(),
        settled: '',
        hanging: false,
        hangs: 0,
        unanswered: null,
        busy: false,
        setbacks: new Map(),
        cleanedRestarts: 0,
        doubtfulExecutors: new Map(),
        rescued: false,
        deleted: false,
        unconfirmed: null,
      }
      memories.set(uid, memory)
      return memory
    },
    forget: (uid) => void memories.delete(uid),
  }
}

/** Tells of an effect whose answer was lost, once it is seen. `now` undefined: the pod is gone. */
export function confirmSeen(memory: DriverMemory | undefined, now: DriverObservation | undefined): void {
  if (memory === undefined || memory.unconfirmed?.tookPlace(now) !== true) return
  memory.unconfirmed.confirm()
  memory.unconfirmed = null
}

/** What is seen of an effect while it is tried again is told by this try, or else by the one before. */
export async function once(memory: DriverMemory, perform: () => Promise<Performed>): Promise<Performed> {
  const before = memory.unconfirmed
  memory.unconfirmed = null
  const performed = await perform()
  if (performed.kind !== 'done') memory.unconfirmed = before
  return performed
}

/** What is told of a hang is told again when the driver hangs again. */
export function noteHang(memory: DriverMemory, hangs: boolean): void {
  if (hangs && !memory.hanging) memory.hangs += 1
  if (!hangs && memory.hanging) {
    memory.decided.delete('hung')
    memory.settled = ''
  }
  memory.hanging = hangs
}

/** For how long a driver has waited for the restart that its sidecar asked for; null: it does not. */
export function unansweredForMs(
  memories: DriverMemories,
  driver: DriverObservation,
  monotonicMs: number,
): number | null {
  const exit = unansweredExit(driver)
  if (exit === undefined) return null
  const memory = memories.of(driver.uid)
  if (memory.unanswered?.finishedMs !== exit.sinceMs) {
    memory.unanswered = { seenMs: monotonicMs, finishedMs: exit.sinceMs }
  }
  return monotonicMs - memory.unanswered.seenMs
}
