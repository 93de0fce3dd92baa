import { anyDriver } from '../core/contract/pod-contract.ts'
import { msPerTick } from '../core/linux/process-record.ts'
import type { DriverPolicy } from '../core/settings/driver-policy.ts'
import { createJudgement, type Judgement } from '../core/verdict/judge.ts'
import type { Sample } from '../core/verdict/witnesses.ts'
import { noDoubt } from './doubt.ts'
import {
  type EnforcementInput,
  type EnforcementState,
  type EnforcementStep,
  saveRestartState,
  unchanged,
} from './enforcement-state.ts'
import type { NamedDriver } from './hung-action.ts'
import type { Restart } from './restart-budget.ts'
import { type PendingRestart, recordRestart } from './restart-state.ts'
import type { DriverStart } from './verdict-files.ts'

/** The judgement of the driver that runs now. `restarted`: it is the first one of another driver. */
export interface LifeStep extends EnforcementStep {
  readonly judgement: Judgement
  readonly restarted: boolean
}

/**
 * Assigns a judgement to one life of the driver's container. If the probes recorded the start of another driver, then the
 * judgement, its action and what is remembered belong to a driver that has ended, and all of them start again.
 */
export function followDriver(
  state: EnforcementState,
  input: EnforcementInput,
  policy: Pick<DriverPolicy, 'onHung' | 'kubeletRestarts'>,
): LifeStep {
  const { driverStart, unassigned } = input
  const { driverStartTicks } = state.restartState
  if (mayBeNextDriver(input, policy)) return followPossibleDriver(state, input)
  if (driverStart.kind !== 'known' || driverStart.ticks === driverStartTicks) {
    return { ...unchanged(state), judgement: unassigned, restarted: false }
  }
  const { ticks, ageMs } = driverStart
  return driverStartTicks === null
    ? followFirstRecord(state, ticks, input)
    : followNextDriver(state, ticks, ageMs, input, policy)
}

/**
 * Whether another driver may have started that no probe records: the kubelet runs the startup probe again after it had passed, a
 * pod like this restarts its driver, and the UI does not listen. While it does, a new driver shows itself by its answers.
 */
function mayBeNextDriver(
  { driverStart, unassigned, hasRepeatedStartup }: EnforcementInput,
  { onHung, kubeletRestarts }: Pick<DriverPolicy, 'onHung' | 'kubeletRestarts'>,
): boolean {
  const runsAgain =
    kubeletRestarts === true || onHung.kind === 'restart-driver-container' || onHung.kind === 'restart-by-exit-code'
  return hasRepeatedStartup && runsAgain && driverStart.kind === 'none' && unassigned.run.kind === 'refused'
}

/**
 * Judges a driver that may be the next one, which has until its own startup deadline. It may also be the same one: before
 * Kubernetes 1.35, a kubelet that restarts repeats the startup probes of containers that run (KEP-4781). Therefore what is
 * remembered stays, and a sidecar that restarts takes it for the same one.
 */
function followPossibleDriver(state: EnforcementState, { unassigned, time }: EnforcementInput): LifeStep {
  const { answered, otherAnsweredFirst } = unassigned
  // A UI that was never visible may have been closed as well.
  const mayHaveClosedUi = state.restartState.answered || answered || otherAnsweredFirst || unassigned.mayHaveClosedUi
  return {
    state: { ...state, phase: { kind: 'monitoring' }, driverRuns: true, doubt: noDoubt },
    effects: [
      { kind: 'write-termination-message', text: '' },
      {
        kind: 'log',
        level: 'info',
        fields: {},
        message: 'the startup probe has begun again, the driver may be another one',
      },
    ],
    judgement: createJudgement(time.nowMs, { mayHaveClosedUi }),
    restarted: true,
  }
}

/** The start of a driver is recorded for the first time since the pod, or all of its containers, started. */
function followFirstRecord(state: EnforcementState, ticks: string, { unassigned, time }: EnforcementInput): LifeStep {
  const { restartState } = state
  const { previousDriver } = restartState
  const survived = previousDriver?.startTicks === ticks
  const answered = unassigned.answered || (survived && previousDriver.answered)
  const recorded = { ...restartState, driverStartTicks: ticks, previousDriver: null, answered }
  // The startup deadline belongs to this driver. Whatever else is known was learned from its UI, or forbids an action.
  const { verdict } = unassigned
  const judgesStart = verdict.kind === 'starting' || (verdict.kind === 'hung' && verdict.reason === 'startup-deadline')
  const judgesThis = unassigned.answered || !(judgesStart || answered)
  const { phase } = state
  const saved = saveRestartState(
    { ...state, driverRuns: true, phase: judgesThis || phase.kind !== 'acting' ? phase : { kind: 'monitoring' } },
    recorded,
  )
  return {
    state: saved.state,
    effects: survived
      ? [
          ...saved.effects,
          { kind: 'log', level: 'warn', fields: {}, message: 'the restart of all containers did not happen' },
        ]
      : saved.effects,
    judgement: judgesThis ? unassigned : createJudgement(time.nowMs, { answered, probed: true }),
    restarted: false,
  }
}

/** The kubelet has started the driver's container, because of a verdict or on its own. */
function followNextDriver(
  state: EnforcementState,
  ticks: string,
  ageMs: number | null,
  { time }: EnforcementInput,
  policy: Pick<DriverPolicy, 'onHung'>,
): LifeStep {
  const { pendingRestart } = state.restartState
  const answered = hasAnsweredSince(state, ageMs, time.wallMs)
  const isExpected = pendingRestart !== null && hasStartedSince(pendingRestart, ticks, ageMs, time.wallMs)
  const restart = isExpected ? pendingRestart : explainUnexpected(policy, time.wallMs)
  const counted = restart === null ? state.restartState : recordRestart(state.restartState, restart)
  const restartState = {
    ...counted,
    answered,
    firstAnswer: null,
    driverStartTicks: ticks,
    previousDriver: null,
    pendingRestart: null,
  }
  return {
    state: { ...state, restartState, phase: { kind: 'monitoring' }, driverRuns: true, doubt: noDoubt },
    effects: [
      { kind: 'save-restart-state', restartState },
      // The message of the earlier driver would explain the end of this one, however it ends.
      { kind: 'write-termination-message', text: '' },
      {
        kind: 'log',
        level: restart === null || isExpected ? 'info' : 'warn',
        fields: { attempt: restartState.attempt, expected: isExpected, ...(restart && { reason: restart.reason }) },
        message: 'the driver container has started',
      },
    ],
    judgement: createJudgement(time.nowMs, { answered, probed: true }),
    restarted: true,
  }
}

/**
 * A rule restarts the driver's container for its exit code only. If no verdict caused the restart, the program ended with that
 * code itself, for example by Python's `signal.alarm`. It counts, so that the budget limits what follows.
 */
function explainUnexpected({ onHung }: Pick<DriverPolicy, 'onHung'>, wallMs: number): Restart | null {
  return onHung.kind === 'restart-by-exit-code' ? { atMs: wallMs, reason: 'own-exit-code' } : null
}

/** A driver that started before the verdict was written was not started because of it. */
function hasStartedSince(
  { atMs, uptimeMs }: PendingRestart,
  ticks: string,
  ageMs: number | null,
  wallMs: number,
): boolean {
  if (ageMs === null) return true
  return uptimeMs === undefined ? wallMs - ageMs >= atMs : Number(ticks) * msPerTick >= uptimeMs
}

/** Whether the UI has answered since the driver started: the start may be recorded late. */
function hasAnsweredSince({ lastAliveWallMs }: EnforcementState, ageMs: number | null, wallMs: number): boolean {
  return ageMs !== null && lastAliveWallMs !== null && lastAliveWallMs >= wallMs - ageMs
}

/** What shows that the container of the driver runs. */
export interface DriverStartSigns {
  /** Whether the kubelet has requested /startedz or /readyz. */
  readonly driverWasProbed: boolean
  readonly driverStart: DriverStart
}

/**
 * Whether the container of the current driver is known to run. After a restart in place, a driver that listens without
 * answering counts too: it may be the driver that hung, if the restart did not happen.
 */
export function isDriverKnownToRun(
  { driverRuns, restartState }: EnforcementState,
  sample: Sample,
  { driverWasProbed, driverStart }: DriverStartSigns,
  policy: Pick<DriverPolicy, 'onHung' | 'hostNetwork'>,
): boolean {
  const wasRestarted = restartState.attempt > 1 && policy.onHung.kind === 'restart-all-containers'
  const listens = wasRestarted && policy.hostNetwork !== true && sample.kind === 'failing'
  return driverRuns || listens || driverWasProbed || driverStart.kind !== 'none'
}

/**
 * The driver that the liveness probe is to end, as the file `hung` names it. A start that was recorded before counts even if
 * the last record cannot be read: at worst no driver has that name. Null if no probe has run in the driver's container.
 */
export function nameDriver({ driverStart, restartState }: EnforcementState): string | null {
  return restartState.driverStartTicks ?? (driverStart.kind === 'none' ? null : anyDriver)
}

export function classifyName(name: string | null): NamedDriver {
  if (name === null) return 'none'
  return name === anyDriver ? 'any' : 'one'
}
