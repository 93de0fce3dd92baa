import { findStuck, type Stuck } from '../assess/startup-delay.ts'
import type { Driver } from '../driver/driver.ts'

/**
 * Whether so many drivers are stuck for the same reason that the cause is probably common: more than one, and
 * more than the share of the drivers that tried to start since. Another pod would be stuck too, and would use up the
 * owner's retries.
 */
export function areManyStuck(
  { reason, sinceMs }: Stuck,
  drivers: Iterable<Driver>,
  nowMs: number,
  share: number,
  gatedUntilMs: (driver: Driver) => number | null,
): boolean {
  let [stuckToo, tried] = [0, 0]
  for (const driver of drivers) {
    const isStuckToo = findStuck(driver, nowMs, { gatedUntilMs: gatedUntilMs(driver) })?.reason === reason
    if (isStuckToo) stuckToo += 1
    if (isStuckToo || startedSince(driver, sinceMs)) tried += 1
  }
  return stuckToo > 1 && stuckToo > share * tried
}

function startedSince({ driver: { state } }: Driver, sinceMs: number): boolean {
  if (state.kind === 'waiting') return false
  return (state.kind === 'running' ? state.startedMs : (state.finishedMs ?? 0)) >= sinceMs
}
