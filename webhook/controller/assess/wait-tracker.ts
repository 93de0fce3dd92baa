import type { Driver } from '../driver/driver.ts'
import { findWaitReason, type Stuck } from './startup-delay.ts'

/**
 * Tracks since when this process has seen each driver wait for its present reason. A pod does not show when its image
 * failed first, or when its scheduling gate was removed. Only the observed time counts, and a new leader starts from zero.
 */
export interface WaitTracker {
  /** Call it at each evaluation, with a monotonic clock. Returns null if the driver does not wait for a known problem. */
  observe(driver: Driver, monotonicMs: number): Wait | null
  /** The wait as of the last observation. */
  get(uid: string): Wait | null
  forget(uid: string): void
}

export interface Wait {
  readonly sinceMs: number
  /** Whether the pod had a scheduling gate until then. The scheduler is not responsible for the time before. */
  readonly wasGated: boolean
}

interface Waited extends Wait {
  readonly reason: Stuck['reason'] | 'gated'
}

export function createWaitTracker(): WaitTracker {
  const waits = new Map<string, Waited>()
  const known = (uid: string): Wait | null => {
    const wait = waits.get(uid)
    return wait === undefined || wait.reason === 'gated' ? null : wait
  }
  return {
    observe: (driver, monotonicMs) => {
      const reason = findTrackedReason(driver)
      if (reason === undefined) {
        waits.delete(driver.uid)
        return null
      }
      const before = waits.get(driver.uid)
      if (before?.reason !== reason) {
        const wasGated = reason === 'pending' && before?.reason === 'gated'
        waits.set(driver.uid, { reason, sinceMs: monotonicMs, wasGated })
      }
      return known(driver.uid)
    },
    get: known,
    forget: (uid) => void waits.delete(uid),
  }
}

/** Waits that may be slow without a fault are not tracked, nor is a termination, which has no deadline. */
function findTrackedReason(driver: Driver): Waited['reason'] | undefined {
  if (driver.gated) return 'gated'
  const wait = findWaitReason(driver)
  return wait === undefined || wait.maybeSlow || wait.reason === 'terminating' ? undefined : wait.reason
}
