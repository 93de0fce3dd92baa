import { restartAllContainersExitCode } from '../../../core/contract/pod-contract.ts'
import type { ResolvedSettings, SettingProblem } from '../../../core/settings/settings.ts'
import type { HungReason, Judgement } from '../../../core/verdict/verdict.ts'
import { type Driver, hasEnded, isRunning } from '../driver/driver.ts'
import { computeCoverage, type UnprotectedReason } from './coverage.ts'
import { isSidecarCrashLooping } from './sidecar-crash-loop.ts'
import { findBlockingSidecar, type StartupBlock } from './startup-blocked.ts'
import { type Deadline, findDeadline, findStuck, findWaitReason, graceMs, type Stuck } from './startup-delay.ts'
import type { NodeState } from './stuck-termination.ts'

/** What is wrong with a driver, or to be told of it. A healthy driver has none. */
export type Assessment =
  /** Our sidecar keeps it from starting. */
  | { readonly kind: 'startup-blocked'; readonly cause: StartupBlock; readonly sinceMs: number }
  | { readonly kind: 'invalid-settings'; readonly problems: readonly SettingProblem[] }
  | { readonly kind: 'unprotected'; readonly reason: UnprotectedReason }
  /** All its containers were restarted in place: executors of the driver before may be left. */
  | { readonly kind: 'restarted'; readonly restarts: number; readonly startedMs: number }
  | {
      readonly kind: 'stuck'
      readonly stuck: Stuck
      /** Null: nobody asked that anything be done about it. */
      readonly deadline: Deadline | null
      readonly overdue: boolean
    }
  | { readonly kind: 'hung'; readonly hang: Hang }

/** A verdict on which nobody else acts. */
export interface Hang {
  /** ui: its Spark UI, asked from here; sidecar: its sidecar has concluded, and the kubelet has not acted. */
  readonly by: 'ui' | 'sidecar'
  readonly reason: HungReason | 'kubelet-did-not-act'
  readonly sinceMs: number
  readonly detail: string
}

/** All that an assessment depends on besides the pod. */
export interface AssessmentContext {
  readonly nowMs: number
  /** Whether its namespace opted in. */
  readonly inProtectedNamespace: boolean
  readonly settings: ResolvedSettings
  readonly nativeSidecars: boolean
  /** For how long its sidecar has been seen to hold it back; null: it was not yet. */
  readonly startupBlockedForMs: number | null
  /** For how long its sidecar has been seen to have asked for a restart that did not come; null: it was not yet. */
  readonly exitUnhandledForMs: number | null
  /** Since when it was seen to wait as it does; null: for nothing that is known to be wrong. */
  readonly waitingSinceMs: number | null
  /** Until when a queue was seen to hold it back; null: never. */
  readonly gatedUntilMs: number | null
  readonly node: NodeState
  /** Of its UI, where it is asked from here. */
  readonly judgement: Judgement | undefined
  /** What its sidecar says of itself, where it was asked. */
  readonly sidecarHang: Hang | undefined
}

export interface AssessmentResult {
  readonly assessments: readonly Assessment[]
  /** When to look again though nothing happens; null: only when something does. */
  readonly reassessAtMs: number | null
}

const rescuePatienceMs = 60_000

/** A kubelet restarts all containers within seconds of the sidecar's exit, if it does at all. */
const kubeletActsWithinMs = 120_000

/** What is to be said of a driver at this moment. Pure: the same pod and context give the same. */
export function assess(driver: Driver, context: AssessmentContext): AssessmentResult {
  const assessments: Assessment[] = []
  const later: number[] = []
  const { nowMs } = context
  const held = findBlockingSidecar(driver)
  if (held !== undefined) {
    const seenForMs = context.startupBlockedForMs ?? 0
    // The kubelet has yet to take up the other image, and what it says is of the one before.
    const { bypass: rescue } = driver.sidecar ?? { bypass: null }
    const forMs = rescue === null ? seenForMs : Math.min(seenForMs, nowMs - rescue.atMs)
    const patience = rescue === null ? held.patienceMs : rescuePatienceMs
    if (forMs >= patience) assessments.push({ kind: 'startup-blocked', cause: held, sinceMs: nowMs - forMs })
    else later.push(nowMs + patience - forMs)
  }
  const down = isSidecarCrashLooping(driver, nowMs)
  if (down.againMs !== null) later.push(down.againMs)
  const restarted = restartOf(driver)
  if (restarted !== undefined) assessments.push(restarted)
  const standing = findUnansweredExit(driver)
  if (context.sidecarHang !== undefined && isRunning(driver)) {
    assessments.push({ kind: 'hung', hang: context.sidecarHang })
  } else if (standing !== undefined) {
    // Its time is of the node's clock: what was seen from here counts.
    const forMs = context.exitUnhandledForMs ?? 0
    if (forMs >= kubeletActsWithinMs) assessments.push({ kind: 'hung', hang: standing })
    else later.push(nowMs + kubeletActsWithinMs - forMs)
  }
  const hang = hangByUi(driver, context.judgement)
  if (hang !== undefined) assessments.push({ kind: 'hung', hang })
  if (context.inProtectedNamespace) {
    assessments.push(...inGuardedNamespace(driver, context))
    const wait = findWaitReason(driver, context)
    if (wait !== undefined) later.push(wait.sinceMs + graceMs[wait.reason])
    const deadline = wait === undefined ? null : findDeadline(wait, context.settings)
    if (deadline !== null && context.waitingSinceMs !== null) later.push(context.waitingSinceMs + deadline.afterMs)
  }
  const next = later.filter((atMs) => atMs > nowMs)
  return { assessments, reassessAtMs: next.length === 0 ? null : Math.min(...next) }
}

function inGuardedNamespace(driver: Driver, context: AssessmentContext): readonly Assessment[] {
  const { settings, nowMs } = context
  const guard = computeCoverage(driver, settings, context.nativeSidecars, nowMs)
  const waiting = findStuck(driver, nowMs, context)
  const own = settings.problems.filter(({ source }) => source !== 'chart')
  return [
    ...(own.length > 0 && !hasEnded(driver) && guard.kind !== 'opted-out'
      ? [{ kind: 'invalid-settings' as const, problems: own }]
      : []),
    ...(guard.kind === 'unprotected' ? [{ kind: 'unprotected' as const, reason: guard.reason }] : []),
    ...(waiting !== undefined && guard.kind !== 'opted-out' ? [assessStuck(waiting, context)] : []),
  ]
}

function assessStuck(
  waiting: Stuck,
  { settings, waitingSinceMs, nowMs }: AssessmentContext,
): Extract<Assessment, { kind: 'stuck' }> {
  const deadline = findDeadline(waiting, settings)
  const overdue = deadline !== null && waitingSinceMs !== null && nowMs - waitingSinceMs >= deadline.afterMs
  return { kind: 'stuck', stuck: waiting, deadline, overdue }
}

/** A driver that runs after a restart of all containers. */
function restartOf(driver: Driver): Extract<Assessment, { kind: 'restarted' }> | undefined {
  const { state, restarts } = driver.driver
  if (!isRunning(driver) || state.kind !== 'running' || restarts === 0 || driver.sidecar === null) return undefined
  return { kind: 'restarted', restarts, startedMs: state.startedMs }
}

/** The sidecar has ended with the code that restarts all containers, and the driver runs on as before. */
export function findUnansweredExit(driver: Driver): Hang | undefined {
  const { sidecar } = driver
  if (sidecar === null || sidecar.bypass !== null || sidecar.state.kind !== 'ended' || !isRunning(driver))
    return undefined
  const { exitCode, finishedMs, message } = sidecar.state
  const { state } = driver.driver
  if (exitCode !== restartAllContainersExitCode || state.kind !== 'running') return undefined
  if (finishedMs === null || state.startedMs >= finishedMs) return undefined
  return { by: 'sidecar', reason: 'kubelet-did-not-act', sinceMs: finishedMs, detail: message || 'exit code 88' }
}

function hangByUi(driver: Driver, judgement: Judgement | undefined): Hang | undefined {
  if (judgement?.verdict.kind !== 'hung' || !isRunning(driver)) return undefined
  const { reason, sinceMs, detail } = judgement.verdict
  return { by: 'ui', reason, sinceMs, detail }
}
