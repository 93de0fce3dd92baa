import { exponentialDelayMs, withJitter } from '../../core/backoff.ts'

/** Whether a thread of the controller runs, and what is known of it. Times are of a monotonic clock. */
export type Supervision =
  /** `silentTicks`: the ticks since its last report. `failures`: consecutive failures of the threads before. */
  | { readonly kind: 'running'; readonly sinceMs: number; readonly silentTicks: number; readonly failures: number }
  /** The thread is being ended. `cause`: why, or null if the process ends. */
  | { readonly kind: 'ending'; readonly cause: FailureCause | null; readonly failures: number }
  /** The next thread starts at this time. */
  | { readonly kind: 'waiting'; readonly untilMs: number; readonly failures: number }
  | { readonly kind: 'stopped' }

/** crashed: it ended by itself. out-of-memory: its heap was full. hung: it sent no report. oversized: its buffers grew too large. */
export const failureCauses = ['crashed', 'out-of-memory', 'hung', 'oversized'] as const
export type FailureCause = (typeof failureCauses)[number]

export type SupervisionEvent =
  /** Comes every second while the process runs. A process that was frozen gets one, not those that it missed. */
  | { readonly kind: 'tick'; readonly nowMs: number }
  | { readonly kind: 'report'; readonly memoryBytes: number }
  | {
      readonly kind: 'exited'
      readonly cause: 'crashed' | 'out-of-memory'
      readonly nowMs: number
      /** From 0 to 1. */
      readonly random: number
    }
  /** The process ends. The thread is asked to release what it has. */
  | { readonly kind: 'stop' }

export type SupervisionEffect =
  | { readonly kind: 'none' }
  | { readonly kind: 'start' }
  | { readonly kind: 'terminate'; readonly cause: FailureCause }
  | { readonly kind: 'ask-to-stop' }
  /** Report the failure; the next thread starts after `delayMs`. */
  | { readonly kind: 'report-failure'; readonly cause: FailureCause; readonly delayMs: number }

export interface SupervisionLimits {
  /** A list of ten thousand drivers holds the thread for less than a second, also on a loaded node. */
  readonly maxSilentTicks: number
  readonly maxMemoryBytes: number
  readonly baseMs: number
  /** Each start lists the drivers again, which costs the API server. */
  readonly capMs: number
  /** A thread that ran for so long has not failed because of the failure before. */
  readonly healthyAfterMs: number
}

export const defaultLimits: Omit<SupervisionLimits, 'maxMemoryBytes'> = {
  maxSilentTicks: 30,
  baseMs: 1_000,
  capMs: 60_000,
  healthyAfterMs: 10 * 60_000,
}

export interface SupervisionStep {
  readonly state: Supervision
  readonly effect: SupervisionEffect
}

/** No thread runs yet; the first tick starts one. */
export const firstSupervision: Supervision = { kind: 'waiting', untilMs: Number.NEGATIVE_INFINITY, failures: 0 }

const none: SupervisionEffect = { kind: 'none' }
const stay = (state: Supervision): SupervisionStep => ({ state, effect: none })

/** Pure. */
export function superviseNext(state: Supervision, event: SupervisionEvent, limits: SupervisionLimits): SupervisionStep {
  switch (event.kind) {
    case 'tick':
      return afterTick(state, event.nowMs, limits)
    case 'report':
      return afterReport(state, event.memoryBytes, limits)
    case 'exited':
      return afterExit(state, event, limits)
    case 'stop':
      return afterStop(state)
  }
}

function afterTick(state: Supervision, nowMs: number, { maxSilentTicks }: SupervisionLimits): SupervisionStep {
  if (state.kind === 'waiting' && nowMs >= state.untilMs) {
    const running = { kind: 'running', sinceMs: nowMs, silentTicks: 0, failures: state.failures } as const
    return { state: running, effect: { kind: 'start' } }
  }
  if (state.kind !== 'running') return stay(state)
  const silentTicks = state.silentTicks + 1
  if (silentTicks <= maxSilentTicks) return stay({ ...state, silentTicks })
  return end(state, 'hung')
}

function afterReport(state: Supervision, memoryBytes: number, { maxMemoryBytes }: SupervisionLimits): SupervisionStep {
  if (state.kind !== 'running') return stay(state)
  if (memoryBytes > maxMemoryBytes) return end(state, 'oversized')
  return stay({ ...state, silentTicks: 0 })
}

function end({ failures }: { readonly failures: number }, cause: FailureCause): SupervisionStep {
  return { state: { kind: 'ending', cause, failures }, effect: { kind: 'terminate', cause } }
}

function afterExit(
  state: Supervision,
  { cause, nowMs, random }: Extract<SupervisionEvent, { kind: 'exited' }>,
  { baseMs, capMs, healthyAfterMs }: SupervisionLimits,
): SupervisionStep {
  if (state.kind === 'waiting' || state.kind === 'stopped') return stay(state)
  if (state.kind === 'ending' && state.cause === null) return stay({ kind: 'stopped' })
  const wasHealthy = state.kind === 'running' && nowMs - state.sinceMs >= healthyAfterMs
  const failures = wasHealthy ? 1 : state.failures + 1
  const delayMs = withJitter(exponentialDelayMs(failures - 1, { baseMs, capMs }), random)
  return {
    state: { kind: 'waiting', untilMs: nowMs + delayMs, failures },
    effect: { kind: 'report-failure', cause: (state.kind === 'ending' && state.cause) || cause, delayMs },
  }
}

function afterStop(state: Supervision): SupervisionStep {
  if (state.kind === 'running') {
    return { state: { kind: 'ending', cause: null, failures: state.failures }, effect: { kind: 'ask-to-stop' } }
  }
  // A thread that is ending because of a failure must not be followed by another one.
  return stay(state.kind === 'ending' ? { ...state, cause: null } : { kind: 'stopped' })
}
