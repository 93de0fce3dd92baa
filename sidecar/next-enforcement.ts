import { anyDriver } from '../core/contract/pod-contract.ts'
import type { DriverPolicy } from '../core/settings/driver-policy.ts'
import { createJudgement, type Judgement } from '../core/verdict/judge.ts'
import type { Verdict } from '../core/verdict/verdict.ts'
import type { Sample } from '../core/verdict/witnesses.ts'
import { formatIsoTime } from './clock.ts'
import { chooseHungAction, type HungAction, type HungVerdict } from './hung-action.ts'
import type { LogFields, LogLevel } from './log.ts'
import { hasStarted, isReady } from './readiness.ts'
import { type RestartState, recordRestart, toRestartHistory } from './restart-state.ts'
import type { DriverStart, VerdictFileContents } from './verdict-files.ts'

/**
 * This long after `hung` was written, the kubelet has either acted or will not act: liveness takes at most 30 s to fail,
 * and Spark's grace period is 30 s.
 */
const kubeletActsWithinMs = 90_000

/** After this time, another start of the driver has another cause: MaxContainerBackOff of the kubelet is five minutes. */
const restartAppearsWithinMs = kubeletActsWithinMs + 300_000

/** What the enforcer knows between two judgements. */
export interface EnforcementState {
  readonly restartState: RestartState
  readonly phase: EnforcementPhase
  /** Whether the container of the current driver is known to run. */
  readonly driverRuns: boolean
  /** What the probes recorded last. */
  readonly driverStart: DriverStart
  /** When the UI last answered as the driver's, by the wall clock. Null if this sidecar has not seen that. */
  readonly lastAliveWallMs: number | null
  /** The kind of the verdict that was logged last; null before the first one. */
  readonly loggedVerdict: Verdict['kind'] | null
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
interface ActingPhase {
  readonly kind: 'acting'
  readonly action: HungAction
  readonly verdict: HungVerdict
  readonly sinceMs: number
}

/** What is to be done in the world. */
export type EnforcementEffect =
  /** A failure is ignored: the state in memory counts. */
  | { readonly kind: 'save-restart-state'; readonly restartState: RestartState }
  /** {@link settleRestart} continues with whether it succeeded. */
  | { readonly kind: 'record-restart'; readonly restartState: RestartState }
  | { readonly kind: 'write-verdict-files'; readonly contents: VerdictFileContents }
  | { readonly kind: 'remove-driver-start' }
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

/** The decision about one judgement. `restarted`: `judgement` is the first one of a new driver. */
export interface Enforcement extends EnforcementStep {
  readonly judgement: Judgement
  readonly restarted: boolean
}

/** Active time, which stands still while the sidecar does not run, and the time of the wall clock. */
export interface EnforcementTime {
  readonly nowMs: number
  readonly wallMs: number
}

type EnforcementPolicy = Pick<DriverPolicy, 'onHung' | 'kubeletRestarts'>

/**
 * Decides what follows from a judgement. Pure. A judgement, its action and what is remembered belong to one life of the
 * driver's container: if `driverStart` shows another life, all of them start again.
 */
export function nextEnforcement(
  known: EnforcementState,
  judged: Judgement,
  driverStart: ObservedDriverStart,
  policy: EnforcementPolicy,
  time: EnforcementTime,
): Enforcement {
  const lastAliveWallMs = judged.run.kind === 'alive' ? time.wallMs : known.lastAliveWallMs
  const before: EnforcementState = { ...known, driverStart, lastAliveWallMs }
  const begun = beginNextDriver(before, judged, driverStart, time)
  const restarted = begun !== undefined
  const judgement = restarted ? createJudgement(time.nowMs, begun.state.restartState.answered) : judged
  const answered = chain(begun ?? rememberDriverStart(before), (state) => rememberAnswer(state, judgement))
  const enforced = chain(answered, (state) => enforceVerdict(state, judgement, policy, time))
  return { ...chain(enforced, (state) => showVerdict(state, judgement, time)), judgement, restarted }
}

/** Continues after `record-restart`: a restart that is not recorded would never be counted, so it does not happen. */
export function settleRestart(
  state: EnforcementState,
  isRecorded: boolean,
  judgement: Judgement,
  time: EnforcementTime,
): EnforcementStep {
  const { phase } = state
  if (phase.kind !== 'restart-requested') return { state, effects: [] }
  if (!isRecorded) return showVerdict({ ...state, phase: phase.previous }, judgement, time)
  const { message } = phase
  return {
    state: { ...state, restartState: phase.recorded, phase: { kind: 'ended' } },
    effects: [
      { kind: 'write-verdict-files', contents: { starting: null, hung: null, ready: null } },
      { kind: 'remove-driver-start' },
      { kind: 'write-termination-message', text: message },
      {
        kind: 'log',
        level: 'error',
        fields: { action: { kind: 'restart-all', message } },
        message: 'driver is hung, restarting all containers',
      },
      { kind: 'exit-for-restart' },
    ],
  }
}

/** What the probes recorded, and how long ago the driver started. Null if the age is not known. */
export type ObservedDriverStart =
  | Exclude<DriverStart, { kind: 'known' }>
  | (Extract<DriverStart, { kind: 'known' }> & { readonly ageMs: number | null })

/** What shows that the container of the driver runs. */
export interface DriverStartSigns {
  /** Whether the kubelet has requested /startedz. */
  readonly startedzRequested: boolean
  readonly driverStart: DriverStart
}

/**
 * Whether the container of the current driver is known to run. After a restart in place, a driver that listens without
 * answering counts too: it may be the driver that hung, if the restart did not happen.
 */
export function isDriverKnownToRun(
  { driverRuns, restartState }: EnforcementState,
  sample: Sample,
  signs: DriverStartSigns,
  policy: Pick<DriverPolicy, 'onHung' | 'hostNetwork'>,
): boolean {
  const wasRestarted = restartState.attempt > 1 && policy.onHung.kind === 'restart-all-containers'
  const listens = wasRestarted && policy.hostNetwork !== true && sample.kind === 'failing'
  const { driverStart } = signs
  const isStale = driverStart.kind === 'known' && driverStart.ticks === restartState.previousStartTicks
  return driverRuns || listens || signs.startedzRequested || (driverStart.kind !== 'none' && !isStale)
}

function chain(step: EnforcementStep, next: (state: EnforcementState) => EnforcementStep): EnforcementStep {
  const { state, effects } = next(step.state)
  return { state, effects: [...step.effects, ...effects] }
}

/** Undefined if the judged driver is still the current one. */
function beginNextDriver(
  state: EnforcementState,
  judged: Judgement,
  driverStart: ObservedDriverStart,
  time: EnforcementTime,
): EnforcementStep | undefined {
  const { phase, restartState } = state
  const { driverStartTicks } = restartState
  if (driverStart.kind === 'known' && isNextDriver(restartState, driverStart.ticks)) {
    const answered = hasAnsweredSince(state, driverStart.ageMs, judged, time)
    // What is known already is about this driver.
    if (driverStartTicks === null && judged.answered && answered) return undefined
    return followNextDriver(state, driverStart.ticks, answered, time)
  }
  // Only a driver whose start is unknown is guessed to have been restarted.
  const isGuess = driverStartTicks === null && phase.kind === 'acting'
  return isGuess && isActionOver(phase, judged, time.nowMs) ? awaitNextDriver(state, phase) : undefined
}

/** Whether this is the start of a driver that is not judged yet. The record of a driver that was to end may remain. */
function isNextDriver({ driverStartTicks, previousStartTicks }: RestartState, ticks: string): boolean {
  return driverStartTicks === null ? ticks !== previousStartTicks : ticks !== driverStartTicks
}

/** Whether the UI has answered since the driver started: the start may be recorded late. */
function hasAnsweredSince(
  { lastAliveWallMs, restartState }: EnforcementState,
  ageMs: number | null,
  judged: Judgement,
  { wallMs }: EnforcementTime,
): boolean {
  if (ageMs === null) return restartState.driverStartTicks === null && judged.answered
  // After a restart of the sidecar, it is only known that the UI has answered at some time.
  if (lastAliveWallMs === null) return restartState.driverStartTicks === null && judged.answered
  return lastAliveWallMs >= wallMs - ageMs
}

function rememberDriverStart(state: EnforcementState): EnforcementStep {
  const { restartState, driverStart } = state
  if (driverStart.kind !== 'known' || restartState.driverStartTicks !== null) return { state, effects: [] }
  if (driverStart.ticks === restartState.previousStartTicks) return { state, effects: [] }
  return saveRestartState(state, { ...restartState, driverStartTicks: driverStart.ticks })
}

/** The kubelet has started the driver's container, because of a verdict or on its own. */
function followNextDriver(
  state: EnforcementState,
  driverStartTicks: string,
  answered: boolean,
  { wallMs }: EnforcementTime,
): EnforcementStep {
  const { pendingRestart } = state.restartState
  const isExpected = pendingRestart !== null && wallMs - pendingRestart.atMs <= restartAppearsWithinMs
  const counted = isExpected ? recordRestart(state.restartState, pendingRestart) : state.restartState
  const restartState = { ...counted, answered, driverStartTicks, pendingRestart: null }
  return {
    state: { ...state, restartState, phase: { kind: 'monitoring' }, driverRuns: true },
    effects: [
      { kind: 'save-restart-state', restartState },
      {
        kind: 'log',
        level: 'info',
        fields: { attempt: restartState.attempt, expected: isExpected },
        message: 'the driver container has started',
      },
    ],
  }
}

/** Whether the kubelet has acted on the file `hung`, or will never act on it. */
function isActionOver({ action, verdict, sinceMs }: ActingPhase, judgement: Judgement, nowMs: number): boolean {
  if (action.kind !== 'fail') return false
  const wasListening = verdict.reason === 'unresponsive' || verdict.reason === 'stall'
  if (action.restarts && wasListening && judgement.verdict.kind === 'stopping') return true
  // A driver whose container has not started yet must not find the file `hung` when it starts.
  return (action.restarts || verdict.reason === 'startup-deadline') && nowMs - sinceMs >= kubeletActsWithinMs
}

function awaitNextDriver(state: EnforcementState, { action }: ActingPhase): EnforcementStep {
  const restarts = action.kind === 'fail' && action.restarts
  const { pendingRestart } = state.restartState
  const restartState =
    restarts && pendingRestart !== null
      ? recordRestart(state.restartState, pendingRestart)
      : { ...state.restartState, answered: false }
  return {
    state: {
      ...state,
      restartState,
      phase: { kind: 'monitoring' },
      driverRuns: restarts ? false : state.driverRuns,
    },
    effects: [
      ...(restarts ? [{ kind: 'remove-driver-start' } as const] : []),
      { kind: 'save-restart-state', restartState },
      {
        kind: 'log',
        level: 'info',
        fields: { attempt: restartState.attempt, restarted: restarts },
        message: 'waiting for the driver to restart',
      },
    ],
  }
}

function rememberAnswer(state: EnforcementState, { answered }: Judgement): EnforcementStep {
  if (!answered || state.restartState.answered) return { state, effects: [] }
  return saveRestartState(state, { ...state.restartState, answered: true })
}

function enforceVerdict(
  state: EnforcementState,
  judgement: Judgement,
  policy: EnforcementPolicy,
  time: EnforcementTime,
): EnforcementStep {
  const { verdict } = judgement
  if (verdict.kind !== 'hung')
    return state.phase.kind === 'acting' ? clearAction(state, state.phase, verdict) : { state, effects: [] }
  const hungSinceMs = toWallMs(verdict.sinceMs, time)
  const action = chooseHungAction(verdict, hungSinceMs, policy, toRestartHistory(state.restartState), time.wallMs)
  return applyAction(state, action, verdict, time)
}

/** The driver is no longer hung. */
function clearAction(state: EnforcementState, { action }: ActingPhase, verdict: Verdict): EnforcementStep {
  const monitoring: EnforcementState = { ...state, phase: { kind: 'monitoring' } }
  const { pendingRestart, driverStartTicks } = state.restartState
  // The kubelet may have begun to act already: then the start of another driver will show it.
  const saved =
    pendingRestart === null || driverStartTicks !== null
      ? { state: monitoring, effects: [] }
      : saveRestartState(monitoring, { ...state.restartState, pendingRestart: null })
  if (verdict.kind !== 'alive') return saved
  return {
    state: saved.state,
    effects: [
      ...saved.effects,
      { kind: 'log', level: 'warn', fields: {}, message: 'the driver answers again' },
      ...(action.kind === 'fail' ? [{ kind: 'write-termination-message', text: '' } as const] : []),
    ],
  }
}

function applyAction(
  state: EnforcementState,
  action: HungAction,
  verdict: HungVerdict,
  { nowMs, wallMs }: EnforcementTime,
): EnforcementStep {
  const { phase, restartState } = state
  if (phase.kind === 'ended' || phase.kind === 'restart-requested') return { state, effects: [] }
  const restart = { atMs: wallMs, reason: verdict.reason }
  if (action.kind === 'restart-all') {
    const recorded = recordRestart(restartState, restart)
    return {
      state: { ...state, phase: { kind: 'restart-requested', message: action.message, recorded, previous: phase } },
      effects: [{ kind: 'record-restart', restartState: recorded }],
    }
  }
  if (phase.kind === 'acting' && phase.action.kind === action.kind) return { state, effects: [] }
  const acting: EnforcementState = { ...state, phase: { kind: 'acting', action, verdict, sinceMs: nowMs } }
  const logged = { kind: 'log', level: 'error', fields: { action }, message: 'driver is hung' } as const
  if (action.kind !== 'fail') return { state: acting, effects: [logged] }
  const saved = action.restarts
    ? saveRestartState(acting, { ...restartState, pendingRestart: restart })
    : { state: acting, effects: [] }
  return {
    state: saved.state,
    effects: [logged, ...saved.effects, { kind: 'write-termination-message', text: action.message }],
  }
}

/** Writes the files that the probes look for, and logs a verdict of another kind. */
function showVerdict(state: EnforcementState, judgement: Judgement, time: EnforcementTime): EnforcementStep {
  const { phase } = state
  if (phase.kind === 'ended' || phase.kind === 'restart-requested') return { state, effects: [] }
  const { verdict } = judgement
  const driver = nameDriver(state.driverStart)
  const fails = phase.kind === 'acting' && phase.action.kind === 'fail' && driver !== null
  const hung = fails ? `${driver}\n${phase.action.message}\n` : null
  const files: EnforcementEffect = {
    kind: 'write-verdict-files',
    contents: {
      starting: hasStarted(judgement) ? null : 'the Spark UI has not answered yet\n',
      hung,
      ready: isReady(judgement) ? 'ready\n' : null,
    },
  }
  if (verdict.kind === state.loggedVerdict) return { state, effects: [files] }
  const detail = 'detail' in verdict ? { detail: verdict.detail } : {}
  const log: EnforcementEffect = {
    kind: 'log',
    level: verdict.kind === 'hung' || verdict.kind === 'failing' ? 'warn' : 'info',
    fields: { verdict: verdict.kind, since: formatIsoTime(toWallMs(verdict.sinceMs, time)), ...detail },
    message: 'verdict changed',
  }
  return { state: { ...state, loggedVerdict: verdict.kind }, effects: [files, log] }
}

/**
 * The driver that the liveness probe is to fail for. Null if no probe has run in the driver's container: the file would only
 * be found by a driver that starts later.
 */
function nameDriver(driverStart: DriverStart): string | null {
  switch (driverStart.kind) {
    case 'known':
      return driverStart.ticks
    case 'unknown':
      return anyDriver
    case 'none':
      return null
  }
}

function saveRestartState(state: EnforcementState, restartState: RestartState): EnforcementStep {
  return { state: { ...state, restartState }, effects: [{ kind: 'save-restart-state', restartState }] }
}

function toWallMs(activeMs: number, { nowMs, wallMs }: EnforcementTime): number {
  return wallMs - (nowMs - activeMs)
}
