import { isRecord } from '../core/json.ts'
import { clampToNow, type Restart, type RestartHistory } from './restart-budget.ts'

/** What outlives a restart of the sidecar and of all containers: it lies in the pod's verdict volume. */
export interface RestartState {
  /** Whether the UI of the present driver has ever answered. */
  readonly answered: boolean
  /** 1 for the pod's first driver, one more for each that we had restarted. */
  readonly attempt: number
  /** The latest restarts, the oldest first. */
  readonly restarts: readonly Restart[]
  /** A restart left to the kubelet that has not been seen yet. */
  readonly pendingRestart: Restart | null
}

/** More than any window's budget can hold; bounds the file. */
const maxRemembered = 1_000

export const initialRestartState: RestartState = { answered: false, attempt: 1, restarts: [], pendingRestart: null }

/** The memory of a file's text; the first memory when it is cut short, garbage or not ours. */
export function parseRestartState(text: string | undefined): RestartState {
  let value: unknown
  try {
    value = JSON.parse(text ?? '')
  } catch {
    return initialRestartState
  }
  if (!isRecord(value)) return initialRestartState
  const { answered, attempt, restarts, pendingRestart } = value
  const isWhole =
    typeof answered === 'boolean' &&
    typeof attempt === 'number' &&
    Number.isSafeInteger(attempt) &&
    attempt >= 1 &&
    Array.isArray(restarts) &&
    restarts.every(isRestart)
  if (!isWhole) return initialRestartState
  return { answered, attempt, restarts, pendingRestart: isRestart(pendingRestart) ? pendingRestart : null }
}

export function formatRestartState(memory: RestartState): string {
  return `${JSON.stringify(memory)}\n`
}

/** The memory that a sidecar starts with: no restart in the future, and one left to the kubelet has happened. */
export function settleAtStart(memory: RestartState, nowMs: number): RestartState {
  const settled = memory.pendingRestart === null ? memory : recordRestart(memory, memory.pendingRestart)
  return { ...settled, restarts: clampToNow(settled.restarts, nowMs) }
}

/** The memory for the driver that comes after `restart`. */
export function recordRestart(memory: RestartState, restart: Restart): RestartState {
  return {
    answered: false,
    attempt: memory.attempt + 1,
    restarts: [...memory.restarts, restart].slice(-maxRemembered),
    pendingRestart: null,
  }
}

/** Each driver but the first came by a restart. */
export function toRestartHistory({ restarts, attempt }: RestartState): RestartHistory {
  return { restarts, total: attempt - 1 }
}

function isRestart(value: unknown): value is Restart {
  return isRecord(value) && Number.isFinite(value.atMs) && typeof value.reason === 'string'
}
