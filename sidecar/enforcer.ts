import { restartAllContainersExitCode } from '../core/contract/pod-contract.ts'
import type { DriverPolicy } from '../core/settings/driver-policy.ts'
import { createJudgement, type Judgement, type Sample } from '../core/verdict/verdict.ts'
import { isoTime } from './clock.ts'
import { actionOn, type HungVerdict, hungOutcome, type Outcome } from './hung-action.ts'
import type { Log } from './log.ts'
import { hasStarted, isReady } from './readiness.ts'
import { afterRestart, historyOf, type Memory, memoryAtStart } from './restart-state.ts'
import type { VerdictFiles } from './verdict-files.ts'

/**
 * So long after `hung` was written the kubelet has acted, or cannot: liveness takes at most 30 s to fail, and Spark's
 * grace period is 30 s.
 */
const kubeletActsWithinMs = 90_000

export interface EnforcerEdges {
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
  readonly outcome: Outcome
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
  snapshot(): { readonly outcome: Outcome; readonly memory: Memory; readonly problem: string | null }
}

export function createEnforcer(policy: DriverPolicy, edges: EnforcerEdges, wallAtStartMs: number): Enforcer {
  const { files, log } = edges
  let memory = memoryAtStart(files.readMemory(), wallAtStartMs)
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
  const remember = (next: Memory) => {
    memory = next
    return attempt('memory', () => files.writeMemory(next))
  }
  const say = (text: string) => attempt('termination message', () => edges.writeTerminationMessage(text))

  remember(memory)

  function show(judgement: Judgement, sinceWallMs: number): void {
    const outcome = standing?.outcome
    const since = isoTime(sinceWallMs)
    attempt('verdict files', () =>
      files.show({
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
      attempt('mark of the startup probe', () => files.forgetDriver())
    }
    const restart = memory.pendingRestart
    remember(restarts && restart !== null ? afterRestart(memory, restart) : { ...memory, answered: false })
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

  function take(outcome: Outcome, verdict: HungVerdict, nowMs: number, wallMs: number): void {
    const restart = { atMs: wallMs, reason: verdict.reason }
    if (outcome.kind === 'restart-all') {
      // Recorded before it happens, or it would never be counted: then rather not at all.
      const before = memory
      if (!remember(afterRestart(memory, restart))) {
        memory = before
        return
      }
      attempt('verdict files', () => {
        files.show({ starting: null, hung: null, ready: null })
        files.forgetDriver()
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
        const action = actionOn(verdict.reason, policy.onHung)
        take(hungOutcome(verdict, sinceWallMs, action, historyOf(memory), wallMs), verdict, nowMs, wallMs)
      } else if (standing !== null) release(standing, judgement)
      if (!ended) show(judgement, sinceWallMs)
      return judgement
    },
    heldBack(judgement, sample, nowMs) {
      if (policy.startupProbeTells !== true || judgement.answered) return judgement
      // A restart was asked for: one that listens without answering may be the same driver, never restarted.
      const restarted = memory.attempt > 1 && policy.onHung.kind === 'restart-all-containers'
      const listens = restarted && policy.hostNetwork !== true && sample.kind === 'failing'
      driverRuns ||= listens || edges.startedzAsked() || files.driverRuns()
      return driverRuns ? judgement : { ...judgement, startedMs: nowMs }
    },
    answered: () => memory.answered,
    waitsMs: (wallMs) =>
      standing?.outcome.kind === 'wait' ? standing.outcome.untilMs - wallMs : Number.POSITIVE_INFINITY,
    hasEnded: () => ended,
    snapshot: () => ({ outcome: standing?.outcome ?? { kind: 'none' }, memory, problem }),
  }
}
