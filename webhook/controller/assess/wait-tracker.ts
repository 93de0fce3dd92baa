import type { Driver } from '../driver/driver.ts'
import { findWaitReason, type Stuck } from './startup-delay.ts'

/**
 * Since when drivers have been seen to wait as they do. A pod does not tell when its image failed first, or when a queue
 * let it go to the scheduler; so that time counts which this process has seen, and whoever leads next begins anew.
 */
export interface WaitTracker {
  /** At each look, by a clock that no one sets. Null: it waits for nothing that is known to be wrong. */
  observe(driver: Driver, monotonicMs: number): Wait | null
  /** What was noted last. */
  get(uid: string): Wait | null
  forget(uid: string): void
}

export interface Wait {
  readonly sinceMs: number
  /** Until then a queue held it back: what came before is not the scheduler's doing. */
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
      const wait = findWaitReason(driver)
      const isKnownWrong = wait !== undefined && !wait.maybeSlow && wait.reason !== 'terminating'
      const reason: Waited['reason'] | undefined = driver.gated ? 'gated' : isKnownWrong ? wait.reason : undefined
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
