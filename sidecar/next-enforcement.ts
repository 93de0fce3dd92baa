import { msPerTick } from '../core/linux/process-record.ts'
import type { DriverPolicy } from '../core/settings/driver-policy.ts'
import type { Judgement } from '../core/verdict/judge.ts'
import { type HungVerdict, isSameConclusion, type Verdict } from '../core/verdict/verdict.ts'
import type { JvmProcess } from '../core/verdict/witnesses.ts'
import { formatIsoTime, type Moment, toWallMs } from './clock.ts'
import { findDoubtId, nextDoubt } from './doubt.ts'
import { classifyName, followDriver, type LifeStep, nameDriver } from './driver-life.ts'
import {
  type ActingPhase,
  chain,
  type EnforcementEffect,
  type EnforcementInput,
  type EnforcementState,
  type EnforcementStep,
  type ObservedDriverStart,
  saveRestartState,
  unchanged,
} from './enforcement-state.ts'
import { followFirstAnswer } from './first-answer.ts'
import { chooseHungAction, type HungAction } from './hung-action.ts'
import { hasStarted, isReady } from './readiness.ts'
import { recordRestart, toRestartHistory } from './restart-state.ts'

/**
 * This long after `hung` was written, plus the grace period of the pod, the kubelet has either acted or will not act: without
 * a signal, liveness takes at most 30 s to fail.
 */
const kubeletActsWithinMs = 90_000
const defaultGracePeriodMs = 30_000

/** A driver that works again so soon after an action was blocked would have been killed wrongly. */
const wrongIfAliveWithinMs = 60_000

type EnforcementPolicy = Pick<
  DriverPolicy,
  'onHung' | 'actOn' | 'kubeletRestarts' | 'gracePeriodMs' | 'threadDumpIntervalMs'
>

/**
 * Decides what follows from a judgement. Pure. A judgement, its action and what is remembered belong to one life of the
 * driver's container: if the probes recorded another life, all of them start again.
 */
export function nextEnforcement(known: EnforcementState, input: EnforcementInput, policy: EnforcementPolicy): LifeStep {
  const { driverStart, sample, time } = input
  const lastAliveWallMs = sample?.kind === 'alive' ? time.wallMs : known.lastAliveWallMs
  const life = followDriver({ ...known, driverStart, lastAliveWallMs }, input, policy)
  const { restarted } = life
  const { judgement, ...remembered } = followFirstAnswer(life.state, life.judgement, input)
  const steps: readonly ((state: EnforcementState) => EnforcementStep)[] = [
    () => remembered,
    (state) => rememberAnswer(state, judgement, input),
    (state) => enforceVerdict(state, judgement, policy, time),
    (state) => expectRestart(state, judgement, policy, input),
    (state) => updateDoubt(state, judgement, policy, time),
    (state) => showVerdict(state, judgement, time),
  ]
  return { ...steps.reduce<EnforcementStep>(chain, life), judgement, restarted }
}

/** Continues after `record-restart`: a restart that is not recorded would never be counted, so it does not happen. */
export function settleRestart(
  state: EnforcementState,
  isRecorded: boolean,
  judgement: Judgement,
  time: Moment,
): EnforcementStep {
  const { phase } = state
  if (phase.kind !== 'restart-requested') return unchanged(state)
  if (!isRecorded) return showVerdict({ ...state, phase: phase.previous }, judgement, time)
  const { message } = phase
  return {
    state: { ...state, restartState: phase.recorded, phase: { kind: 'ended' } },
    effects: [
      { kind: 'write-verdict-files', contents: { starting: null, hung: null, ready: null, doubt: null } },
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

/** Remembers that the UI answers each time that it begins to: the driver that it belongs to may be recorded later. */
function rememberAnswer(
  state: EnforcementState,
  { answered, run }: Judgement,
  { sample, time }: EnforcementInput,
): EnforcementStep {
  const { restartState } = state
  const begins = sample?.kind === 'alive' && run.length === 1
  if (!answered || (restartState.answered && !begins)) return unchanged(state)
  const answeredAtMs = sample?.kind === 'alive' ? Math.round(time.wallMs) : restartState.answeredAtMs
  return saveRestartState(state, { ...restartState, answered: true, answeredAtMs })
}

function enforceVerdict(
  state: EnforcementState,
  { verdict, mayHaveClosedUi }: Judgement,
  policy: EnforcementPolicy,
  time: Moment,
): EnforcementStep {
  if (verdict.kind !== 'hung') {
    return state.phase.kind === 'acting' ? clearAction(state, state.phase, verdict, time) : unchanged(state)
  }
  const history = toRestartHistory(state.restartState)
  const driver = classifyName(nameDriver(state))
  const context = { policy, history, driver, mayHaveClosedUi, time }
  return applyAction(state, chooseHungAction(verdict, context), verdict, time)
}

/** The driver is no longer hung. Whether the kubelet has begun to act already, the start of another driver will show. */
function clearAction(
  state: EnforcementState,
  { action, verdict: { reason, certainty }, sinceMs }: ActingPhase,
  verdict: Verdict,
  { nowMs }: Moment,
): EnforcementStep {
  const monitoring: EnforcementState = { ...state, phase: { kind: 'monitoring' } }
  if (verdict.kind !== 'alive') return unchanged(monitoring)
  const wasWritten = action.kind === 'fail' && nameDriver(state) !== null
  const wrongVerdict = wasWritten || nowMs - sinceMs <= wrongIfAliveWithinMs
  const { wrongVerdicts } = state
  return {
    state: wrongVerdict
      ? { ...monitoring, wrongVerdicts: { ...wrongVerdicts, [reason]: (wrongVerdicts[reason] ?? 0) + 1 } }
      : monitoring,
    effects: [
      {
        kind: 'log',
        level: 'warn',
        fields: { reason, certainty, action: action.kind, wrongVerdict },
        message: 'the driver answers again',
      },
      ...(action.kind === 'fail' ? [{ kind: 'write-termination-message', text: '' } as const] : []),
    ],
  }
}

function applyAction(
  state: EnforcementState,
  action: HungAction,
  verdict: HungVerdict,
  { nowMs, wallMs }: Moment,
): EnforcementStep {
  const { phase, restartState } = state
  if (phase.kind === 'ended' || phase.kind === 'restart-requested') return unchanged(state)
  if (action.kind === 'restart-all') {
    const recorded = recordRestart(restartState, { atMs: Math.round(wallMs), reason: verdict.reason })
    return {
      state: { ...state, phase: { kind: 'restart-requested', message: action.message, recorded, previous: phase } },
      effects: [{ kind: 'record-restart', restartState: recorded }],
    }
  }
  const isInEffect =
    phase.kind === 'acting' && isSameConclusion(phase.verdict, verdict) && isSameAction(phase.action, action)
  if (isInEffect) return unchanged(state)
  return {
    state: { ...state, phase: { kind: 'acting', action, verdict, sinceMs: nowMs } },
    effects: [
      { kind: 'log', level: 'error', fields: { action }, message: 'driver is hung' },
      ...(action.kind === 'fail' ? [{ kind: 'write-termination-message', text: action.message } as const] : []),
    ],
  }
}

/** Whether two actions do the same. The message of the first one stays: it says since when. */
function isSameAction(one: HungAction, other: HungAction): boolean {
  if (one.kind !== 'fail' || other.kind !== 'fail') return one.kind === other.kind
  return one.by === other.by && one.restarts === other.restarts && one.signal === other.signal
}

/**
 * Remembers a restart before the file that causes it is written, so that it counts as soon as another driver has started.
 * It is no longer expected when the same driver has answered for longer than the kubelet needs to act. Only a record that was
 * made after that time shows that it is the same one: while no probe can record, the next driver may already answer.
 */
function expectRestart(
  state: EnforcementState,
  { verdict, processes }: Judgement,
  { gracePeriodMs = defaultGracePeriodMs }: EnforcementPolicy,
  { driverStart, time: { wallMs } }: EnforcementInput,
): EnforcementStep {
  const { phase, restartState } = state
  const { pendingRestart } = restartState
  const isWritten = classifyName(nameDriver(state)) === 'one'
  if (phase.kind === 'acting' && phase.action.kind === 'fail' && phase.action.restarts) {
    if (pendingRestart !== null || !isWritten) return unchanged(state)
    const uptimeMs = computeUptimeMs(driverStart)
    return saveRestartState(state, {
      ...restartState,
      pendingRestart: {
        atMs: Math.round(wallMs),
        reason: phase.verdict.reason,
        ...(uptimeMs !== null && { uptimeMs }),
      },
    })
  }
  const recordedMs = state.driverStart.kind === 'known' ? processes.newest?.recordedMs : undefined
  const isOver =
    verdict.kind === 'alive' &&
    recordedMs !== undefined &&
    recordedMs - verdict.sinceMs > kubeletActsWithinMs + gracePeriodMs
  return pendingRestart !== null && isOver
    ? saveRestartState(state, { ...restartState, pendingRestart: null })
    : unchanged(state)
}

/** How long the node has been up. Null if it is not known how old the driver is. */
function computeUptimeMs(driverStart: ObservedDriverStart): number | null {
  if (driverStart.kind !== 'known' || driverStart.ageMs === null) return null
  return Math.round(Number(driverStart.ticks) * msPerTick + driverStart.ageMs)
}

function updateDoubt(
  state: EnforcementState,
  judgement: Judgement,
  { threadDumpIntervalMs }: EnforcementPolicy,
  time: Moment,
): EnforcementStep {
  const { attempt } = state.restartState
  return unchanged({ ...state, doubt: nextDoubt(state.doubt, judgement, attempt, time, threadDumpIntervalMs) })
}

/** Writes the files that the probes look for, and logs a verdict that differs from the last one. */
function showVerdict(state: EnforcementState, judgement: Judgement, time: Moment): EnforcementStep {
  const { phase } = state
  if (phase.kind === 'ended' || phase.kind === 'restart-requested') return unchanged(state)
  const { verdict } = judgement
  const action: HungAction = phase.kind === 'acting' ? phase.action : { kind: 'none' }
  const doubtId = findDoubtId(state.doubt)
  const files: EnforcementEffect = {
    kind: 'write-verdict-files',
    contents: {
      starting: hasStarted(judgement) ? null : 'the Spark UI has not answered yet\n',
      hung: formatHungFile(nameDriver(state), action, judgement.processes.newestJvm?.jvm ?? null),
      ready: isReady({ ...judgement, action }) ? 'ready\n' : null,
      doubt: doubtId === null ? null : `${doubtId}\n`,
    },
  }
  const loggedVerdict = 'reason' in verdict ? `${verdict.kind} ${verdict.reason}` : verdict.kind
  if (loggedVerdict === state.loggedVerdict) return { state, effects: [files] }
  return { state: { ...state, loggedVerdict }, effects: [files, describeVerdict(verdict, time)] }
}

function describeVerdict(verdict: Verdict, time: Moment): EnforcementEffect {
  const since = formatIsoTime(toWallMs(verdict.sinceMs, time))
  const detail = 'detail' in verdict ? { detail: verdict.detail } : {}
  const reason = verdict.kind === 'hung' ? { reason: verdict.reason, certainty: verdict.certainty } : {}
  return {
    kind: 'log',
    level: verdict.kind === 'hung' || verdict.kind === 'failing' ? 'warn' : 'info',
    fields: { verdict: verdict.kind, since, ...reason, ...detail },
    message: 'verdict changed',
  }
}

/** The three lines of `hung`, as core/contract/pod-contract.ts defines them. Null if no driver is to end. */
function formatHungFile(name: string | null, action: HungAction, jvm: JvmProcess | null): string | null {
  if (action.kind !== 'fail' || name === null) return null
  const signal = jvm === null ? action.signal : `${action.signal} ${jvm.startTicks}`
  return `${name}\n${signal}\n${action.message}\n`
}
