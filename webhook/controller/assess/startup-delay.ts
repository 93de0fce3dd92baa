import type { ResolvedSettings, SettingKey } from '../../../core/settings/settings.ts'
import { type Driver, hasEnded } from '../driver/driver.ts'
import { findTerminationBlocker, type NodeState, type TerminationBlocker } from './stuck-termination.ts'

/** A driver that makes no way for a reason that is not its own. */
export interface Stuck {
  readonly reason: StuckReason
  readonly sinceMs: number
  readonly detail: string
  /** Whether it may only be slow: a node that says no more than that it makes the container may be pulling its image. */
  readonly maybeSlow: boolean
  /** Of one that is being deleted. */
  readonly blocker?: TerminationBlocker
}

export type StuckReason = 'pending' | 'image-pull' | 'container-creating' | 'terminating'

/** So long each may take before it is told of. */
export const graceMs: Readonly<Record<StuckReason, number>> = {
  pending: 5 * 60_000,
  'image-pull': 2 * 60_000,
  'container-creating': 5 * 60_000,
  terminating: 2 * 60_000,
}

/** The settings that say when such a pod is deleted. One that is being deleted already could only be forced: never. */
const deadlineKeys = {
  pending: 'pending-deadline',
  'image-pull': 'image-pull-deadline',
  'container-creating': 'container-creating-deadline',
  terminating: null,
} as const satisfies Record<StuckReason, SettingKey | null>

/** A setting by which a pod that is stuck is deleted. */
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

const imageReasons = ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull', 'ImageInspectError']
/** What it says while it restarts all of a pod in place. */
const restarting = 'RestartingAllContainers'
/** What a kubelet says of a container that it makes, and of one whose image it pulls for as long as that takes. */
const makingReasons = ['ContainerCreating', 'PodInitializing', restarting]

/** What the pod does not show. */
export interface StartupContext {
  readonly node?: NodeState
  /** Until when it was seen to be held back by a queue; null: never. */
  readonly gatedUntilMs?: number | null
}

/** What a driver waits for and since when, however short; undefined when it waits for nothing but itself. */
export function findWaitReason(
  driver: Driver,
  { node = { kind: 'unknown' }, gatedUntilMs = null }: StartupContext = {},
): Stuck | undefined {
  if (driver.deletionMs !== null) {
    const { lingering, detail } = findTerminationBlocker(driver, node)
    const sinceMs = driver.deletionMs
    return {
      reason: 'terminating',
      sinceMs,
      detail: `it was to be gone by now; ${detail}`,
      maybeSlow: false,
      blocker: lingering,
    }
  }
  if (hasEnded(driver)) return undefined
  if (driver.scheduledMs === null && driver.node === null) {
    // Its turn has not come: a queue holds it back.
    if (driver.gated) return undefined
    const detail = driver.unscheduled ?? 'no node has taken it'
    return { reason: 'pending', sinceMs: Math.max(driver.createdMs, gatedUntilMs ?? 0), detail, maybeSlow: false }
  }
  const { state } = driver.driver
  const sinceMs = beganToStartMs(driver)
  if (state.kind !== 'waiting' || state.reason === 'CrashLoopBackOff') return undefined
  const said = [state.reason, state.message].filter((text) => text !== '').join(': ') || 'the node says nothing of it'
  const detail = driver.networkDown
    ? `${said}: its volumes or its network do not come, see the Events of the pod`
    : said
  if (imageReasons.includes(state.reason)) return { reason: 'image-pull', sinceMs, detail, maybeSlow: false }
  // Until the pod's network stands every container is said to be creating or initializing.
  if (state.reason === 'PodInitializing' && !driver.networkDown) return undefined
  const maybeSlow = makingReasons.includes(state.reason) && !driver.networkDown
  return { reason: 'container-creating', sinceMs, detail, maybeSlow }
}

/** One that ran before is started again since that ended: a kubelet may leave out when, but then it was Ready no more. */
function beganToStartMs({ scheduledMs, createdMs, driver, ready, readySinceMs }: Driver): number {
  const atMs = scheduledMs ?? createdMs
  const { state, last, restarts } = driver
  const ranBefore = restarts > 0 || last !== null || (state.kind === 'waiting' && state.reason === restarting)
  return ranBefore ? Math.max(atMs, last?.finishedMs ?? 0, ready ? 0 : (readySinceMs ?? 0)) : atMs
}

/** Tells apart what is told of it, each once. */
export const stuckDedupKey = ({ reason, blocker: lingering }: Stuck): string =>
  lingering === undefined ? reason : `${reason} ${lingering}`

/** What a driver waits for too long by now. */
export function findStuck(driver: Driver, nowMs: number, surroundings?: StartupContext): Stuck | undefined {
  const wait = findWaitReason(driver, surroundings)
  return wait !== undefined && nowMs - wait.sinceMs >= graceMs[wait.reason] ? wait : undefined
}
