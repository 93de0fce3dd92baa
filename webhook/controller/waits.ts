import type { DriverObservation } from './observation.ts'
import { type Stuck, waitsFor } from './stuck.ts'

/**
 * Since when drivers have been seen to wait as they do. A pod does not tell when its image failed first, or when a queue
 * let it go to the scheduler; so that time counts which this process has seen, and whoever leads next begins anew.
 */
export interface Waits {
  /** At each look, by a clock that no one sets. Null: it waits for nothing that is known to be wrong. */
  note(driver: DriverObservation, monotonicMs: number): number | null
  forget(uid: string): void
}

export function watchWaits(): Waits {
  const known = new Map<string, { readonly reason: Stuck['reason']; readonly sinceMs: number }>()
  return {
    note: (driver, monotonicMs) => {
      const wait = waitsFor(driver)
      if (wait === undefined || wait.maybeSlow || wait.reason === 'terminating') {
        known.delete(driver.uid)
        return null
      }
      const before = known.get(driver.uid)
      if (before?.reason === wait.reason) return before.sinceMs
      known.set(driver.uid, { reason: wait.reason, sinceMs: monotonicMs })
      return monotonicMs
    },
    forget: (uid) => void known.delete(uid),
  }
}
