import { restartAllContainersExitCode } from '../../../core/contract/pod-contract.ts'
import type { SettingProblem } from '../../../core/settings/settings.ts'
import type { Judgement } from '../../../core/verdict/judge.ts'
import type { Certainty, HungReason } from '../../../core/verdict/verdict.ts'
import { type Driver, hasEnded, isRunning } from '../driver/driver.ts'
import type { UnprotectedReason } from './coverage.ts'
import type { DriverContext } from './driver-context.ts'
import { findHangEnd, type HangEnd } from './hang-end.ts'
import { checkSidecarCrashLoop } from './sidecar-crash-loop.ts'
import { findBlockingSidecar, type StartupBlock } from './startup-blocked.ts'
import { type Deadline, findDeadline, findWaitReason, graceMs, isGraceOver, type Stuck } from './startup-delay.ts'
import type { NodeState } from './stuck-termination.ts'

/** A problem of a driver, or a fact to report about it. A healthy driver has no assessment. */
export type Assessment =
  /** The sidecar keeps the driver from starting. */
  | { readonly kind: 'startup-blocked'; readonly cause: StartupBlock; readonly sinceMs: number }
  | { readonly kind: 'invalid-settings'; readonly problems: readonly SettingProblem[] }
  | { readonly kind: 'unprotected'; readonly reason: UnprotectedReason }
  /** The controller judges the driver by its UI, because the driver's operator bears no sidecar. */
  | { readonly kind: 'judged-from-outside' }
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
  /** The driver hung, and was ended in its pod. */
  | { readonly kind: 'ended-for-hang'; readonly end: HangEnd }

/** A hang verdict on which neither the sidecar nor the kubelet acts. */
export interface Hang {
  /** ui: the controller polled the Spark UI. sidecar: the sidecar reached a verdict, and the kubelet has not acted on it. */
  readonly source: 'ui' | 'sidecar'
  readonly reason: HungReason | 'kubelet-did-not-act'
  readonly certainty: Certainty
  readonly sinceMs: number
  readonly detail: string
}

/** Everything that an assessment depends on, except the pod. */
export interface AssessmentContext {
  readonly nowMs: number
  readonly driverContext: Pick<DriverContext, 'namespace' | 'settings' | 'coverage'>
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

/** What one aspect of a driver shows, and when to look at that aspect again. */
interface Finding {
  readonly assessments: readonly Assessment[]
  readonly reassessAtMs: readonly number[]
}

const found = (...assessments: readonly Assessment[]): Finding => ({ assessments, reassessAtMs: [] })
const reassessAt = (...reassessAtMs: readonly number[]): Finding => ({ assessments: [], reassessAtMs })
const nothing = found()

/** Assesses a driver at one moment. Pure: the result depends on the pod and the context only. */
export function assess(driver: Driver, context: AssessmentContext): AssessmentResult {
  const findings = [
    assessStartupBlock(driver, context),
    assessSidecarCrashLoop(driver, context),
    assessRestart(driver),
    assessSidecarVerdict(driver, context),
    assessUiVerdict(driver, context),
    ...(context.driverContext.namespace === undefined
      ? []
      : [assessHangEnd(driver, context), assessProtection(driver, context), assessWait(driver, context)]),
  ]
  const next = findings.flatMap(({ reassessAtMs }) => reassessAtMs).filter((atMs) => atMs > context.nowMs)
  return {
    assessments: findings.flatMap(({ assessments }) => assessments),
    reassessAtMs: next.length === 0 ? null : Math.min(...next),
  }
}

function assessStartupBlock(driver: Driver, { nowMs, startupBlockedForMs }: AssessmentContext): Finding {
  const cause = findBlockingSidecar(driver)
  if (cause === undefined) return nothing
  const observedForMs = startupBlockedForMs ?? 0
  const bypass = driver.sidecar?.bypass ?? null
  // The kubelet may not use the new image yet. Its status then still describes the previous image.
  const forMs = bypass === null ? observedForMs : Math.min(observedForMs, nowMs - bypass.atMs)
  const patienceMs = bypass === null ? cause.patienceMs : bypassPatienceMs
  if (forMs < patienceMs) return reassessAt(nowMs + patienceMs - forMs)
  return found({ kind: 'startup-blocked', cause, sinceMs: nowMs - forMs })
}

/** A crash loop is reported by the driver's coverage. Only the time at which it may begin or end matters here. */
function assessSidecarCrashLoop(driver: Driver, { nowMs }: AssessmentContext): Finding {
  const { reassessAtMs } = checkSidecarCrashLoop(driver, nowMs)
  return reassessAtMs === null ? nothing : reassessAt(reassessAtMs)
}

/** Whether the driver runs after a restart of all containers. */
function assessRestart(driver: Driver): Finding {
  const { state, restarts } = driver.driver
  if (!isRunning(driver) || state.kind !== 'running' || restarts === 0 || driver.sidecar === null) return nothing
  return found({ kind: 'restarted', restarts, startedMs: state.startedMs })
}

function assessSidecarVerdict(driver: Driver, { nowMs, sidecarHang, exitUnhandledForMs }: AssessmentContext): Finding {
  if (sidecarHang !== undefined && isRunning(driver)) return found({ kind: 'hung', hang: sidecarHang })
  const hang = findUnansweredExit(driver)
  if (hang === undefined) return nothing
  // The exit time is by the node's clock, so only the time that this process has seen counts.
  const forMs = exitUnhandledForMs ?? 0
  if (forMs < kubeletActsWithinMs) return reassessAt(nowMs + kubeletActsWithinMs - forMs)
  return found({ kind: 'hung', hang })
}

function assessUiVerdict(driver: Driver, { judgement }: AssessmentContext): Finding {
  if (judgement?.verdict.kind !== 'hung' || !isRunning(driver)) return nothing
  const { reason, certainty, sinceMs, detail } = judgement.verdict
  return found({ kind: 'hung', hang: { source: 'ui', reason, certainty, sinceMs, detail } })
}

/** The next leader must not report ends of long ago once more. */
const hangEndIsNewsForMs = 600_000

function assessHangEnd(driver: Driver, { nowMs }: AssessmentContext): Finding {
  const end = findHangEnd(driver)
  if (end === undefined || nowMs - end.finishedMs > hangEndIsNewsForMs) return nothing
  return found({ kind: 'ended-for-hang', end })
}

function assessProtection(driver: Driver, { driverContext }: AssessmentContext): Finding {
  const { settings, coverage } = driverContext
  const problems = settings.problems.filter(({ source }) => source !== 'chart')
  const assessments: Assessment[] = []
  if (problems.length > 0 && !hasEnded(driver) && coverage.kind !== 'opted-out') {
    assessments.push({ kind: 'invalid-settings', problems })
  }
  if (coverage.kind === 'judged-from-outside') assessments.push({ kind: 'judged-from-outside' })
  if (coverage.kind === 'unprotected') assessments.push({ kind: 'unprotected', reason: coverage.reason })
  return found(...assessments)
}

/** Whether the driver is stuck. It is assessed again when its grace time ends, and when its deadline does. */
function assessWait(driver: Driver, context: AssessmentContext): Finding {
  const { driverContext, waitingSinceMs, nowMs } = context
  const { settings } = driverContext
  const wait = findWaitReason(driver, context)
  if (wait === undefined) return nothing
  const deadline = findDeadline(wait, settings)
  const deadlineMs = deadline === null || waitingSinceMs === null ? null : waitingSinceMs + deadline.afterMs
  const graceEndsMs = wait.sinceMs + graceMs[wait.reason]
  const isStuck = isGraceOver(wait, nowMs) && settings.values.inject
  const overdue = deadlineMs !== null && nowMs >= deadlineMs
  return {
    assessments: isStuck ? [{ kind: 'stuck', stuck: wait, deadline, overdue }] : [],
    reassessAtMs: deadlineMs === null ? [graceEndsMs] : [graceEndsMs, deadlineMs],
  }
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
  const detail = message || 'exit code 88'
  return { source: 'sidecar', reason: 'kubelet-did-not-act', certainty: 'certain', sinceMs: finishedMs, detail }
}
