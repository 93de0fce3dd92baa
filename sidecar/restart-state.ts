import { isRecord, numberField, parseJson } from '../core/json.ts'
import { isStartTicks } from '../core/linux/process-record.ts'
import type { FirstAnswer } from './first-answer.ts'
import { clampToNow, type Restart, type RestartHistory } from './restart-budget.ts'

/** What must survive a restart of the sidecar and of all containers. Stored in the verdict volume of the pod. */
export interface RestartState {
  /** Whether the UI of the current driver has ever answered. */
  readonly answered: boolean
  /** When the UI last began to answer, by the wall clock. Null if it has not since the last restart of all containers. */
  readonly answeredAtMs: number | null
  /** The first answer of the JVM that answered last. Null if no record shows which one it was. */
  readonly firstAnswer: FirstAnswer | null
  /** When the main process of the current driver's container started, in ticks since boot. Null if it is not known. */
  readonly driverStartTicks: string | null
  /** The driver that the last restart of all containers was to end. If its start is recorded once more, it still runs. */
  readonly previousDriver: PreviousDriver | null
  /** 1 for the first driver of the pod, plus one for each restart that spark-nanny caused. */
  readonly attempt: number
  /** The latest restarts, the oldest first. */
  readonly restarts: readonly Restart[]
  /** A restart of the driver with this start that the kubelet is expected to make, and that has not been observed yet. */
  readonly pendingRestart: PendingRestart | null
}

export interface PendingRestart extends Restart {
  /** How long the node had been up when the restart was caused: no step of the wall clock changes that. Absent if not known. */
  readonly uptimeMs?: number
}

export interface PreviousDriver {
  readonly startTicks: string
  readonly answered: boolean
}

/** More restarts than the budget of any window allows. Limits the size of the file. */
const maxRestartsKept = 1_000

export const initialRestartState: RestartState = {
  answered: false,
  answeredAtMs: null,
  firstAnswer: null,
  driverStartTicks: null,
  previousDriver: null,
  attempt: 1,
  restarts: [],
  pendingRestart: null,
}

/** Parses the text of the file, also of an earlier version, whose file lacks fields. Returns the initial state if the text is truncated or is not a restart state. */
export function parseRestartState(text: string | undefined): RestartState {
  const value = parseJson(text ?? '')
  if (!isRecord(value)) return initialRestartState
  const { answered, answeredAtMs, firstAnswer, driverStartTicks, previousDriver, attempt, restarts, pendingRestart } =
    value
  const isComplete =
    typeof answered === 'boolean' &&
    typeof attempt === 'number' &&
    Number.isSafeInteger(attempt) &&
    attempt >= 1 &&
    Array.isArray(restarts) &&
    restarts.every(isRestart)
  if (!isComplete) return initialRestartState
  return {
    answered,
    answeredAtMs: typeof answeredAtMs === 'number' && Number.isFinite(answeredAtMs) ? answeredAtMs : null,
    firstAnswer: isFirstAnswer(firstAnswer) ? firstAnswer : null,
    driverStartTicks: isTicks(driverStartTicks) ? driverStartTicks : null,
    previousDriver: isPreviousDriver(previousDriver) ? previousDriver : null,
    attempt,
    restarts,
    pendingRestart: parsePendingRestart(pendingRestart),
  }
}

export function formatRestartState(state: RestartState): string {
  return `${JSON.stringify(state)}\n`
}

/** The state with which a sidecar starts: no restart lies in the future. */
export function settleAtStart(state: RestartState, nowMs: number): RestartState {
  const { pendingRestart, answeredAtMs } = state
  return {
    ...state,
    answeredAtMs: answeredAtMs === null ? null : Math.min(answeredAtMs, nowMs),
    restarts: clampToNow(state.restarts, nowMs),
    pendingRestart: pendingRestart === null ? null : { ...pendingRestart, atMs: Math.min(pendingRestart.atMs, nowMs) },
  }
}

/** The state of the driver that follows `restart`. */
export function recordRestart(state: RestartState, restart: Restart): RestartState {
  const { driverStartTicks, answered } = state
  return {
    answered: false,
    answeredAtMs: null,
    firstAnswer: null,
    driverStartTicks: null,
    previousDriver: driverStartTicks === null ? state.previousDriver : { startTicks: driverStartTicks, answered },
    attempt: state.attempt + 1,
    restarts: [...state.restarts, { atMs: restart.atMs, reason: restart.reason }].slice(-maxRestartsKept),
    pendingRestart: null,
  }
}

/** Every driver of the pod except the first was started by a restart. */
export function toRestartHistory({ restarts, attempt }: RestartState): RestartHistory {
  return { restarts, total: attempt - 1 }
}

const isTicks = (value: unknown): value is string => typeof value === 'string' && isStartTicks(value)

function isFirstAnswer(value: unknown): value is FirstAnswer {
  return isRecord(value) && isTicks(value.jvmStartTicks) && Number.isFinite(value.driverAgeMs)
}

function isPreviousDriver(value: unknown): value is PreviousDriver {
  return isRecord(value) && isTicks(value.startTicks) && typeof value.answered === 'boolean'
}

function parsePendingRestart(value: unknown): PendingRestart | null {
  if (!isRestart(value)) return null
  const { atMs, reason } = value
  const uptimeMs = numberField(value, 'uptimeMs')
  return { atMs, reason, ...(uptimeMs !== null && { uptimeMs }) }
}

function isRestart(value: unknown): value is Restart {
  return isRecord(value) && Number.isFinite(value.atMs) && typeof value.reason === 'string'
}
