import { type DriverObservation, hasEnded } from './observation.ts'

/** A driver that makes no way for a reason that is not its own. */
export interface Stuck {
  readonly reason: StuckReason
  readonly sinceMs: number
  readonly detail: string
}

export type StuckReason = 'pending' | 'image-pull' | 'container-creating' | 'terminating'

/** So long each may take before it is told of. */
export const patienceMs: Readonly<Record<StuckReason, number>> = {
  pending: 5 * 60_000,
  'image-pull': 2 * 60_000,
  'container-creating': 5 * 60_000,
  terminating: 2 * 60_000,
}

const imageReasons = ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull', 'ImageInspectError']

/** What a driver waits for and since when, however short; undefined when it waits for nothing but itself. */
export function waitsFor(driver: DriverObservation): Stuck | undefined {
  if (driver.deletionMs !== null) {
    const node = driver.node === null ? 'no node has it' : `its node is ${driver.node}`
    return { reason: 'terminating', sinceMs: driver.deletionMs, detail: `it was to be gone by now; ${node}` }
  }
  if (hasEnded(driver)) return undefined
  if (driver.scheduledMs === null && driver.node === null) {
    return { reason: 'pending', sinceMs: driver.createdMs, detail: driver.unscheduled ?? 'no node has taken it' }
  }
  const { state } = driver.driver
  const sinceMs = driver.scheduledMs ?? driver.createdMs
  if (state.kind !== 'waiting') return undefined
  const detail = [state.reason, state.message].filter((text) => text !== '').join(': ') || 'the node says nothing of it'
  if (imageReasons.includes(state.reason)) return { reason: 'image-pull', sinceMs, detail }
  // Until the pod's network stands every container is said to be creating or initializing.
  const initializing = state.reason === 'PodInitializing' && !driver.networkDown
  return initializing ? undefined : { reason: 'container-creating', sinceMs, detail }
}

/** What a driver waits for too long by now. */
export function stuck(driver: DriverObservation, nowMs: number): Stuck | undefined {
  const wait = waitsFor(driver)
  return wait !== undefined && nowMs - wait.sinceMs >= patienceMs[wait.reason] ? wait : undefined
}
