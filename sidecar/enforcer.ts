import { restartAllContainersExitCode } from '../core/contract/pod-contract.ts'
import type { DriverPolicy } from '../core/settings/driver-policy.ts'
import { createJudgement, type Judgement, type Sample } from '../core/verdict/verdict.ts'
import { formatIsoTime } from './clock.ts'
import { chooseHungAction, type HungAction, type HungVerdict, limitHungPolicy } from './hung-action.ts'
import type { Log } from './log.ts'
import { hasStarted, isReady } from './readiness.ts'
import { type RestartState, recordRestart, settleAtStart, toRestartHistory } from './restart-state.ts'
import type { VerdictFiles } from './verdict-files.ts'

/**
 * So long after `hung` was written the kubelet has acted, or cannot: liveness takes at most 30 s to fail, and Spark's
 * grace period is 30 s.
 */
const kubeletActsWithinMs = 90_000

export interface EnforcerDeps {
  readonly files: VerdictFiles
  /** Empty: none. Throws what the file system throws. */
  readonly writeTerminationMessage: (text: string) => void
  readonly exit: (code: number) => void
  /** Whether the kubelet has asked /startedz. */
  readonly startedzAsked: () => boolean
  readonly log: Log
}

/** The `hung` that stands: since when, and for what. */
interface Standing {
  readonly outcome: HungAction
  readonly verdict: HungVerdict
  readonly sinceMs: number
}

/** Turns judgements into files, memory, message and exit. `nowMs` is watched time, `wallMs` of the wall clock. */
export interface Enforcer {
  /** Acts. Returns the judgement to go on from: another one when a new driver has begun. */
  enforce(judgement: Judgement, nowMs: number, wallMs: number): Judgement
  /** The judgement with the startup deadline held back while the driver's container is not known to run. */
  heldBack(judgement: Judgement, sample: Sample, nowMs: number): Judgement
  answered(): boolean
  /** Until when a backoff wants to be looked at again; Infinity when none runs. */
  waitsMs(wallMs: number): number
  hasEnded(): boolean
  snapshot(): { readonly action: HungAction; readonly restartState: RestartState; readonly problem: string | null }
}

export function createEnforcer(policy: DriverPolicy, edges: EnforcerDeps, wallAtStartMs: number): Enforcer {
  const { files, log } = edges
  let memory = settleAtStart(files.readRestartState(), wallAtStartMs)
  let standing: Standing | null = null
  let ended = false
  let driverRuns = false
  let problem: string | null = null
  let shown = ''

  /** False, and said once, when the file system does not let us. The next round tries again. */
  function attempt(what: string, effect: () => void): boolean {
    try {
      effect()
      if (problem?.startsWith(what)) problem = null
      return true
    } catch (error) {
      const text = `${what}: ${error instanceof Error ? error.message : String(error)}`
      if (text !== problem) log.error({ problem: text }, 'a file could not be written')
      problem = text
      return false
    }
  }
  const remember = (next: RestartState) => {
    memory = next
    return attempt('memory', () => files.writeRestartState(next))
  }
  const say = (text: string) => attempt('termination message', () => edges.writeTerminationMessage(text))

  remember(memory)

  function show(judgement: Judgement, sinceWallMs: number): void {
    const outcome = standing?.outcome
    const since = formatIsoTime(sinceWallMs)
    attempt('verdict files', () =>
      files.write({
        starting: hasStarted(judgement) ? null : 'the Spark UI has not answered yet\n',
        hung: outcome?.kind === 'fail' ? `${outcome.message}\n` : null,
        ready: isReady(judgement) ? 'ready\n' : null,
      }),
    )
    const { kind } = judgement.verdict
    const detail = 'detail' in judgement.verdict ? { detail: judgement.verdict.detail } : {}
    if (kind !== shown)
      log[kind === 'hung' || kind === 'failing' ? 'warn' : 'info']({ verdict: kind, since, ...detail }, 'verdict')
    shown = kind
  }

  /** The `hung` of before was acted on, or never will be. */
  function isOver({ outcome, verdict, sinceMs }: Standing, judgement: Judgement, nowMs: number): boolean {
    if (outcome.kind !== 'fail') return false
    const wasListening = verdict.reason === 'unresponsive' || verdict.reason === 'stall'
    if (outcome.restarts && wasListening && judgement.verdict.kind === 'stopping') return true
    // A driver whose container has yet to start must not find `hung` there when it does.
    return (outcome.restarts || verdict.reason === 'startup-deadline') && nowMs - sinceMs >= kubeletActsWithinMs
  }

  function beginAnew({ outcome }: Standing, nowMs: number): Judgement {
    const restarts = outcome.kind === 'fail' && outcome.restarts
    if (restarts) {
      driverRuns = false
      attempt('mark of the startup probe', () => files.removeDriverMark())
    }
    const restart = memory.pendingRestart
    remember(restarts && restart !== null ? recordRestart(memory, restart) : { ...memory, answered: false })
    standing = null
    log.info({ attempt: memory.attempt, restarted: restarts }, 'the next driver is awaited')
    return createJudgement(nowMs)
  }

  function release({ outcome }: Standing, judgement: Judgement): void {
    standing = null
    if (memory.pendingRestart !== null) remember({ ...memory, pendingRestart: null })
    if (judgement.verdict.kind !== 'alive') return
    log.warn({}, 'the driver answers again')
    if (outcome.kind === 'fail') say('')
  }

  function take(outcome: HungAction, verdict: HungVerdict, nowMs: number, wallMs: number): void {
    const restart = { atMs: wallMs, reason: verdict.reason }
    if (outcome.kind === 'restart-all') {
      // Recorded before it happens, or it would never be counted: then rather not at all.
      const before = memory
      if (!remember(recordRestart(memory, restart))) {
        memory = before
        return
      }
      attempt('verdict files', () => {
        files.write({ starting: null, hung: null, ready: null })
        files.removeDriverMark()
      })
      say(outcome.message)
      log.error({ outcome }, 'hung: all containers are restarted')
      ended = true
      edges.exit(restartAllContainersExitCode)
      return
    }
    if (standing?.outcome.kind === outcome.kind) return
    standing = { outcome, verdict, sinceMs: nowMs }
    log.error({ outcome }, 'hung')
    if (outcome.kind !== 'fail') return
    if (outcome.restarts) remember({ ...memory, pendingRestart: restart })
    say(outcome.message)
  }

  return {
    enforce(judged, nowMs, wallMs) {
      const judgement = standing !== null && isOver(standing, judged, nowMs) ? beginAnew(standing, nowMs) : judged
      const { verdict } = judgement
      const sinceWallMs = wallMs - (nowMs - verdict.sinceMs)
      if (judgement.answered && !memory.answered) remember({ ...memory, answered: true })
      if (verdict.kind === 'hung') {
        const action = limitHungPolicy(verdict.reason, policy.onHung)
        take(chooseHungAction(verdict, sinceWallMs, action, toRestartHistory(memory), wallMs), verdict, nowMs, wallMs)
      } else if (standing !== null) release(standing, judgement)
      if (!ended) show(judgement, sinceWallMs)
      return judgement
    },
    heldBack(judgement, sample, nowMs) {
      if (policy.startupProbeTells !== true || judgement.answered) return judgement
      // A restart was asked for: one that listens without answering may be the same driver, never restarted.
      const restarted = memory.attempt > 1 && policy.onHung.kind === 'restart-all-containers'
      const listens = restarted && policy.hostNetwork !== true && sample.kind === 'failing'
      driverRuns ||= listens || edges.startedzAsked() || files.hasDriverMark()
      return driverRuns ? judgement : { ...judgement, startedMs: nowMs }
    },
    answered: () => memory.answered,
    waitsMs: (wallMs) =>
      standing?.outcome.kind === 'wait' ? standing.outcome.untilMs - wallMs : Number.POSITIVE_INFINITY,
    hasEnded: () => ended,
    snapshot: () => ({ action: standing?.outcome ?? { kind: 'none' }, restartState: memory, problem }),
  }
}
