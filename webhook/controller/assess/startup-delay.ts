import { crashLoopReason, imageReasons, restartingReason } from '../../../core/contract/waiting-reasons.ts'
import type { ResolvedSettings, SettingKey } from '../../../core/settings/settings.ts'
import { type Driver, hasEnded } from '../driver/driver.ts'
import { findTerminationBlocker, type NodeState, type TerminationBlocker } from './stuck-termination.ts'

/** A driver that is stuck for a reason outside the driver. */
export interface Stuck {
  readonly reason: StuckReason
  readonly sinceMs: number
  readonly detail: string
  /** Whether the driver may just be slow: a node that only reports that it creates the container may be pulling the image. */
  readonly maybeSlow: boolean
  /** Set if the pod is being deleted. */
  readonly blocker?: TerminationBlocker
}

export type StuckReason = 'pending' | 'image-pull' | 'container-creating' | 'terminating'

/** How long each wait may take before it is reported. */
export const graceMs: Readonly<Record<StuckReason, number>> = {
  pending: 5 * 60_000,
  'image-pull': 2 * 60_000,
  'container-creating': 5 * 60_000,
  terminating: 2 * 60_000,
}

/** The settings that set the time of deletion. A terminating pod could only be force-deleted, which never happens. */
const deadlineKeys = {
  pending: 'pending-deadline',
  'image-pull': 'image-pull-deadline',
  'container-creating': 'container-creating-deadline',
  terminating: null,
} as const satisfies Record<StuckReason, SettingKey | null>

/** A setting that allows a stuck pod to be deleted. */
export interface Deadline {
  readonly key: SettingKey
  readonly afterMs: number
}

export function findDeadline(
  { reason, maybeSlow }: Stuck,
  { values }: Pick<ResolvedSettings, 'values'>,
): Deadline | null {
  const key = deadlineKeys[reason]
  const afterMs = key === null || maybeSlow ? null : values[key]
  return key === null || afterMs === null ? null : { key, afterMs }
}

/** The kubelet's reasons while a container may just be slow: they also hold during an image pull of any length. */
const possiblySlowReasons = ['ContainerCreating', 'PodInitializing', restartingReason]

/** Facts that the pod does not show. */
export interface StartupContext {
  readonly node?: NodeState
  /** Until when a scheduling gate was seen on the pod. Null if none was seen. */
  readonly gatedUntilMs?: number | null
}

/** What a driver waits for, however short the wait is. Returns undefined if it waits for nothing outside itself. */
export function findWaitReason(
  driver: Driver,
  { node = { kind: 'unknown' }, gatedUntilMs = null }: StartupContext = {},
): Stuck | undefined {
  if (driver.deletionMs !== null) return describeTermination(driver, driver.deletionMs, node)
  if (hasEnded(driver)) return undefined
  if (driver.scheduledMs === null && driver.node === null) return findSchedulingWait(driver, gatedUntilMs)
  return findContainerWait(driver)
}

function describeTermination(driver: Driver, sinceMs: number, node: NodeState): Stuck {
  const { blocker, detail } = findTerminationBlocker(driver, node)
  return {
    reason: 'terminating',
    sinceMs,
    detail: `the pod should have been removed by now; ${detail}`,
    maybeSlow: false,
    blocker,
  }
}

function findSchedulingWait(driver: Driver, gatedUntilMs: number | null): Stuck | undefined {
  // A scheduling gate, such as a queue's, keeps the pod from the scheduler.
  if (driver.gated) return undefined
  const detail = driver.unscheduled ?? 'no node was assigned'
  return { reason: 'pending', sinceMs: Math.max(driver.createdMs, gatedUntilMs ?? 0), detail, maybeSlow: false }
}

function findContainerWait(driver: Driver): Stuck | undefined {
  const { state } = driver.driver
  if (state.kind !== 'waiting' || state.reason === crashLoopReason) return undefined
  const sinceMs = startupBeganMs(driver)
  const reported = [state.reason, state.message].filter((text) => text !== '').join(': ') || 'the node gives no reason'
  const detail = driver.networkDown
    ? `${reported}: its volumes or its network are not ready, see the Events of the pod`
    : reported
  if (imageReasons.includes(state.reason)) return { reason: 'image-pull', sinceMs, detail, maybeSlow: false }
  // Every container reports that it is being created or initialized until the pod's network is ready.
  if (state.reason === 'PodInitializing' && !driver.networkDown) return undefined
  const maybeSlow = possiblySlowReasons.includes(state.reason) && !driver.networkDown
  return { reason: 'container-creating', sinceMs, detail, maybeSlow }
}

/** A driver that ran before starts again from its last end. If the kubelet omits that time, the loss of readiness counts. */
function startupBeganMs({ scheduledMs, createdMs, driver, ready, readySinceMs }: Driver): number {
  const atMs = scheduledMs ?? createdMs
  const { state, last, restarts } = driver
  const ranBefore = restarts > 0 || last !== null || (state.kind === 'waiting' && state.reason === restartingReason)
  return ranBefore ? Math.max(atMs, last?.finishedMs ?? 0, ready ? 0 : (readySinceMs ?? 0)) : atMs
}

/** Identifies the Event about a stuck driver, so that each is published once. */
export const stuckDedupKey = ({ reason, blocker }: Stuck): string =>
  blocker === undefined ? reason : `${reason} ${blocker}`

export const isGraceOver = ({ reason, sinceMs }: Stuck, nowMs: number): boolean => nowMs - sinceMs >= graceMs[reason]

/** The wait that has exceeded its grace time, if any. */
export function findStuck(driver: Driver, nowMs: number, context?: StartupContext): Stuck | undefined {
  const wait = findWaitReason(driver, context)
  return wait !== undefined && isGraceOver(wait, nowMs) ? wait : undefined
}
