import type { ResolvedSettings } from '../../../core/settings/settings.ts'
import { type DriverObservation, isRunning } from '../driver/driver.ts'
import { sidecarDown } from './sidecar-crash-loop.ts'

/** Whether a sidecar of ours watches a driver, and if not, why. */
export type Guard =
  | { readonly kind: 'guarded' }
  | { readonly kind: 'opted-out' }
  | { readonly kind: 'unguarded'; readonly reason: UnguardedReason }
  /** It does not run (yet, or any more). */
  | { readonly kind: 'not-running' }

/**
 * skipped: the webhook had a reason; rescued: the sidecar could not be started and was given up; sidecar-down: it ran,
 * ended, and does not come back.
 */
export type UnguardedReason = 'not-injected' | 'skipped' | 'rescued' | 'sidecar-down'

export function guardOf(
  driver: DriverObservation,
  settings: Pick<ResolvedSettings, 'values'>,
  nativeSidecars: boolean,
  nowMs: number,
): Guard {
  if (!settings.values.inject) return { kind: 'opted-out' }
  if (!isRunning(driver)) return { kind: 'not-running' }
  if (driver.sidecar !== null) {
    if (driver.sidecar.rescue !== null) return { kind: 'unguarded', reason: 'rescued' }
    return sidecarDown(driver, nowMs).isDown ? { kind: 'unguarded', reason: 'sidecar-down' } : { kind: 'guarded' }
  }
  const skipped = driver.obstacle !== null || !nativeSidecars
  return { kind: 'unguarded', reason: skipped ? 'skipped' : 'not-injected' }
}
