import { restartAllContainersExitCode } from '../../../core/contract/pod-contract.ts'
import type { ResolvedSettings, SettingProblem } from '../../../core/settings/settings.ts'
import type { HungReason, Judgement } from '../../../core/verdict/verdict.ts'
import { type Driver, hasEnded, isRunning } from '../driver/driver.ts'
import { computeCoverage, type UnprotectedReason } from './coverage.ts'
import { isSidecarCrashLooping } from './sidecar-crash-loop.ts'
import { findBlockingSidecar, type StartupBlock } from './startup-blocked.ts'
import { type Deadline, findDeadline, findStuck, findWaitReason, graceMs, type Stuck } from './startup-delay.ts'
import type { NodeState } from './stuck-termination.ts'

/** A problem of a driver, or a fact to report about it. A healthy driver has no assessment. */
export type Assessment =
  /** The sidecar keeps the driver from starting. */
  | { readonly kind: 'startup-blocked'; readonly cause: StartupBlock; readonly sinceMs: number }
  | { readonly kind: 'invalid-settings'; readonly problems: readonly SettingProblem[] }
  | { readonly kind: 'unprotected'; readonly reason: UnprotectedReason }
  /** All containers were restarted in place. Executors of the previous driver may still run. */
  | { readonly kind: 'restarted'; readonly restarts: number; readonly startedMs: number }
  | {
      readonly kind: 'stuck'
      readonly stuck: Stuck
      /** Null if no setting asks for a deletion. */
      readonly deadline: Deadline | null
      readonly overdue: boolean
    }
  | { readonly kind: 'hung'; readonly hang: Hang }

/** A hang verdict on which neither the sidecar nor the kubelet acts. */
export interface Hang {
  /** ui: the controller polled the Spark UI. sidecar: the sidecar reached a verdict, and the kubelet has not acted on it. */
  readonly by: 'ui' | 'sidecar'
  readonly reason: HungReason | 'kubelet-did-not-act'
  readonly sinceMs: number
  readonly detail: string
}

/** Everything that an assessment depends on, except the pod. */
export interface AssessmentContext {
  readonly nowMs: number
  /** Whether the driver's namespace opted in. */
  readonly inProtectedNamespace: boolean
  readonly settings: ResolvedSettings
  readonly nativeSidecars: boolean
  /** How long this process has seen the sidecar block the startup. Null if it has not seen that yet. */
  readonly startupBlockedForMs: number | null
  /** How long this process has seen the sidecar's restart request without a restart. Null if it has not seen that yet. */
  readonly exitUnhandledForMs: number | null
  /** Since when this process has seen the driver wait for the present reason. Null if no problem is known. */
  readonly waitingSinceMs: number | null
  /** Until when this process saw a scheduling gate on the pod. Null if it never saw one. */
  readonly gatedUntilMs: number | null
  readonly node: NodeState
  /** The judgement of the Spark UI, if the controller polls it. */
  readonly judgement: Judgement | undefined
  /** The verdict in the sidecar's status, if the controller requested the status. */
  readonly sidecarHang: Hang | undefined
}

export interface AssessmentResult {
  readonly assessments: readonly Assessment[]
  /** When to assess the driver again even if nothing changes. Null if only a change matters. */
  readonly reassessAtMs: number | null
}

const bypassPatienceMs = 60_000

/** A kubelet restarts all containers within seconds of the sidecar's exit, if it does at all. */
const kubeletActsWithinMs = 120_000

/** Assesses a driver at one moment. Pure: the result depends on the pod and the context only. */
export function assess(driver: Driver, context: AssessmentContext): AssessmentResult {
  const assessments: Assessment[] = []
  const later: number[] = []
  const { nowMs } = context
  const held = findBlockingSidecar(driver)
  if (held !== undefined) {
    const seenForMs = context.startupBlockedForMs ?? 0
    // The kubelet may not use the new image yet. Its status then still describes the previous image.
    const { bypass: rescue } = driver.sidecar ?? { bypass: null }
    const forMs = rescue === null ? seenForMs : Math.min(seenForMs, nowMs - rescue.atMs)
    const patience = rescue === null ? held.patienceMs : bypassPatienceMs
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
    // The exit time is by the node's clock, so only the time that this process has seen counts.
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
  const coverage = computeCoverage(driver, settings, context.nativeSidecars, nowMs)
  const waiting = findStuck(driver, nowMs, context)
  const own = settings.problems.filter(({ source }) => source !== 'chart')
  return [
    ...(own.length > 0 && !hasEnded(driver) && coverage.kind !== 'opted-out'
      ? [{ kind: 'invalid-settings' as const, problems: own }]
      : []),
    ...(coverage.kind === 'unprotected' ? [{ kind: 'unprotected' as const, reason: coverage.reason }] : []),
    ...(waiting !== undefined && coverage.kind !== 'opted-out' ? [assessStuck(waiting, context)] : []),
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

/** Whether the driver runs after a restart of all containers. */
function restartOf(driver: Driver): Extract<Assessment, { kind: 'restarted' }> | undefined {
  const { state, restarts } = driver.driver
  if (!isRunning(driver) || state.kind !== 'running' || restarts === 0 || driver.sidecar === null) return undefined
  return { kind: 'restarted', restarts, startedMs: state.startedMs }
}

/** The sidecar has exited with the code that restarts all containers, but the driver still runs as before. */
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
