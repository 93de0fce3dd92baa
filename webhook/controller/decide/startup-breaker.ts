import { findStuck, type Stuck } from '../assess/startup-delay.ts'
import type { Driver } from '../driver/driver.ts'

/**
 * Whether so many drivers are stuck in the same way that it is likely not for this one or its node: more than one, and
 * more than the share of those that have tried to start since. Another pod would fare no better, and the retries of its
 * owner would be spent on it.
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
