import type { Judgement } from '../core/verdict/judge.ts'
import type { HungVerdict } from '../core/verdict/verdict.ts'
import type { Sample } from '../core/verdict/witnesses.ts'
import type { Moment } from './clock.ts'
import type { Doubt } from './doubt.ts'
import type { HungAction } from './hung-action.ts'
import type { LogFields, LogLevel } from './log.ts'
import type { RestartState } from './restart-state.ts'
import type { DriverStart, VerdictFileContents } from './verdict-files.ts'

/** What the enforcer knows between two judgements. */
export interface EnforcementState {
  readonly restartState: RestartState
  readonly phase: EnforcementPhase
  /** Whether the container of the current driver is known to run. */
  readonly driverRuns: boolean
  /** What the probes recorded last. */
  readonly driverStart: DriverStart
  /** When the UI last answered as the driver's, by the wall clock. Null if it never did. */
  readonly lastAliveWallMs: number | null
  /** The verdict that was logged last, with its reason; null before the first one. */
  readonly loggedVerdict: string | null
  readonly doubt: Doubt
  /** How many verdicts were wrong, by reason, since the sidecar started. */
  readonly wrongVerdicts: Readonly<Record<string, number>>
}

export type EnforcementPhase =
  /** The driver is not hung. */
  | { readonly kind: 'monitoring' }
  | ActingPhase
  /** All containers are to be restarted as soon as the restart is recorded. */
  | {
      readonly kind: 'restart-requested'
      readonly message: string
      /** The restart state with this restart. */
      readonly recorded: RestartState
      /** The phase to return to if the restart cannot be recorded. */
      readonly previous: { readonly kind: 'monitoring' } | ActingPhase
    }
  /** The sidecar exits. */
  | { readonly kind: 'ended' }

/** `action` was chosen for `verdict` at `sinceMs`, and is in effect. */
export interface ActingPhase {
  readonly kind: 'acting'
  readonly action: HungAction
  readonly verdict: HungVerdict
  readonly sinceMs: number
}

/** What is to be done in the world. */
export type EnforcementEffect =
  /** A failure is ignored: the state in memory counts. */
  | { readonly kind: 'save-restart-state'; readonly restartState: RestartState }
  /** `settleRestart` continues with whether it succeeded. */
  | { readonly kind: 'record-restart'; readonly restartState: RestartState }
  | { readonly kind: 'write-verdict-files'; readonly contents: VerdictFileContents }
  | { readonly kind: 'forget-driver-start' }
  /** An empty text removes the message. */
  | { readonly kind: 'write-termination-message'; readonly text: string }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly fields: LogFields; readonly message: string }
  /** Exits with the code that restarts all containers. */
  | { readonly kind: 'exit-for-restart' }

/** The state after a decision, and the effects that belong to it, in their order. */
export interface EnforcementStep {
  readonly state: EnforcementState
  readonly effects: readonly EnforcementEffect[]
}

/** What is new since the last decision. */
export interface EnforcementInput {
  /** The judgement before `followDriver` assigns it to a life of the driver's container. */
  readonly unassigned: Judgement
  /** The poll that led to the judgement; null before the first poll. */
  readonly sample: Sample | null
  readonly driverStart: ObservedDriverStart
  /** Whether the kubelet has begun the startup probe by http again since the last judgement, after it had passed. */
  readonly hasRepeatedStartup: boolean
  readonly time: Moment
}

/** What the probes recorded, and how long ago the driver started. Null if the age is not known. */
export type ObservedDriverStart =
  | Exclude<DriverStart, { kind: 'known' }>
  | (Extract<DriverStart, { kind: 'known' }> & { readonly ageMs: number | null })

/** Continues with `next`, after the effects of `step`. */
export function chain(step: EnforcementStep, next: (state: EnforcementState) => EnforcementStep): EnforcementStep {
  const { state, effects } = next(step.state)
  return { state, effects: [...step.effects, ...effects] }
}

export const unchanged = (state: EnforcementState): EnforcementStep => ({ state, effects: [] })

export function saveRestartState(state: EnforcementState, restartState: RestartState): EnforcementStep {
  return { state: { ...state, restartState }, effects: [{ kind: 'save-restart-state', restartState }] }
}
