import { restartAllContainersExitCode } from '../core/contract/pod-contract.ts'
import { msPerTick } from '../core/linux/process-record.ts'
import type { DriverPolicy } from '../core/settings/driver-policy.ts'
import type { Judgement, KnownDriver } from '../core/verdict/judge.ts'
import type { Sample } from '../core/verdict/witnesses.ts'
import type { Moment } from './clock.ts'
import { noDoubt } from './doubt.ts'
import { isDriverKnownToRun } from './driver-life.ts'
import type { EnforcementEffect, EnforcementState, EnforcementStep, ObservedDriverStart } from './enforcement-state.ts'
import type { HungAction } from './hung-action.ts'
import type { SidecarLog } from './log.ts'
import { nextEnforcement, settleRestart } from './next-enforcement.ts'
import type { ProbeWitness } from './probe-requests.ts'
import { type RestartState, settleAtStart } from './restart-state.ts'
import type { VerdictFiles } from './verdict-files.ts'

export interface EnforcerDeps {
  readonly files: VerdictFiles
  /** An empty text removes the message. Throws what the file system throws. */
  readonly writeTerminationMessage: (text: string) => void
  readonly exit: (code: number) => void
  readonly probeWitness: Pick<ProbeWitness, 'driverWasProbed' | 'takeRepeatedStartup'>
  /** The time since the node booted. Null if it cannot be read. */
  readonly uptimeMs: () => number | null
  readonly log: SidecarLog
}

/** Carries out what a judgement demands: verdict files, restart state, termination message and exit. */
export interface Enforcer {
  /** Returns the judgement to continue with; `restarted`: it is the first one of a new driver. */
  enforce(
    judgement: Judgement,
    sample: Sample | null,
    time: Moment,
  ): { readonly judgement: Judgement; readonly restarted: boolean }
  /** Whether the startup deadline runs: not while the container of the driver is not known to run. */
  runsStartupDeadline(judgement: Judgement, sample: Sample): boolean
  /** What the restart state says about the current driver: also before the sidecar was restarted. */
  knownDriver(): Pick<KnownDriver, 'answered' | 'probed'>
  /** The time until the backoff before a restart ends; Infinity if there is none. */
  msUntilBackoffEnds(wallMs: number): number
  hasEnded(): boolean
  snapshot(): EnforcerSnapshot
}

export interface EnforcerSnapshot {
  readonly action: HungAction
  readonly restartState: RestartState
  /** How many verdicts were wrong, by reason, since the sidecar started. */
  readonly wrongVerdicts: EnforcementState['wrongVerdicts']
  /** The write that the file system refuses; null if there is none. */
  readonly problem: string | null
}

export function createEnforcer(policy: DriverPolicy, deps: EnforcerDeps, wallAtStartMs: number): Enforcer {
  const { files } = deps
  const executor = createEffectExecutor(deps)
  const restartState = settleAtStart(files.readRestartState(), wallAtStartMs)
  let state: EnforcementState = {
    restartState,
    phase: { kind: 'monitoring' },
    driverRuns: false,
    driverStart: { kind: 'none' },
    lastAliveWallMs: restartState.answeredAtMs,
    loggedVerdict: null,
    doubt: noDoubt,
    wrongVerdicts: {},
  }
  executor.execute({ kind: 'save-restart-state', restartState })
  // The record is of the driver that was to end with all containers. If that driver still runs, its probe records it again.
  if (restartState.attempt > 1 && restartState.driverStartTicks === null)
    executor.execute({ kind: 'forget-driver-start' })

  function apply(step: EnforcementStep, judgement: Judgement, time: Moment): void {
    state = step.state
    for (const effect of step.effects) {
      const succeeded = executor.execute(effect)
      if (effect.kind === 'record-restart') apply(settleRestart(state, succeeded, judgement, time), judgement, time)
    }
  }

  return {
    enforce(unassigned, sample, time) {
      const hasRepeatedStartup = deps.probeWitness.takeRepeatedStartup()
      const input = { unassigned, sample, driverStart: observeDriverStart(deps), hasRepeatedStartup, time }
      const enforcement = nextEnforcement(state, input, policy)
      const { judgement, restarted } = enforcement
      apply(enforcement, judgement, time)
      return { judgement, restarted }
    },
    runsStartupDeadline(judgement, sample) {
      if (policy.startupProbeTells !== true || judgement.answered || state.driverRuns) return true
      const signs = { driverWasProbed: deps.probeWitness.driverWasProbed(), driverStart: files.readDriverStart() }
      state = { ...state, driverRuns: isDriverKnownToRun(state, sample, signs, policy) }
      return state.driverRuns
    },
    knownDriver: () => ({
      answered: state.restartState.answered,
      probed: state.restartState.driverStartTicks !== null,
    }),
    msUntilBackoffEnds: (wallMs) => {
      const { phase } = state
      return phase.kind === 'acting' && phase.action.kind === 'wait'
        ? phase.action.untilMs - wallMs
        : Number.POSITIVE_INFINITY
    },
    hasEnded: () => state.phase.kind === 'ended',
    snapshot: () => ({
      action: state.phase.kind === 'acting' ? state.phase.action : { kind: 'none' },
      restartState: state.restartState,
      wrongVerdicts: state.wrongVerdicts,
      problem: executor.problem(),
    }),
  }
}

function observeDriverStart({ files, uptimeMs }: EnforcerDeps): ObservedDriverStart {
  const driverStart = files.readDriverStart()
  if (driverStart.kind !== 'known') return driverStart
  const ageMs = (uptimeMs() ?? Number.NaN) - Number(driverStart.ticks) * msPerTick
  // Some runtimes show the uptime of the container, which says nothing about the driver.
  return { ...driverStart, ageMs: ageMs >= 0 ? ageMs : null }
}

/** The one place where the enforcer acts on the world. */
function createEffectExecutor({ files, log, writeTerminationMessage, exit }: EnforcerDeps) {
  let problem: string | null = null

  /** Returns false if the file system refuses, which is logged once. The next round tries again. */
  function attempt(subject: string, effect: () => void): boolean {
    try {
      effect()
      if (problem?.startsWith(subject)) problem = null
      return true
    } catch (error) {
      const text = `${subject}: ${error instanceof Error ? error.message : String(error)}`
      if (text !== problem) log.error({ problem: text }, 'failed to write a file, will retry')
      problem = text
      return false
    }
  }

  /** Returns whether the effect succeeded. */
  function execute(effect: EnforcementEffect): boolean {
    switch (effect.kind) {
      case 'save-restart-state':
      case 'record-restart':
        return attempt('restart state', () => files.writeRestartState(effect.restartState))
      case 'write-verdict-files':
        return attempt('verdict files', () => files.write(effect.contents))
      case 'forget-driver-start':
        return attempt('start of the driver', () => files.forgetDriverStart())
      case 'write-termination-message':
        return attempt('termination message', () => writeTerminationMessage(effect.text))
      case 'log':
        log[effect.level](effect.fields, effect.message)
        return true
      case 'exit-for-restart':
        exit(restartAllContainersExitCode)
        return true
    }
  }

  return { execute, problem: () => problem }
}
