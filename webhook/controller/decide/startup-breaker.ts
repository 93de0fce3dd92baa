import { findStuck, type Stuck } from '../assess/startup-delay.ts'
import type { Driver } from '../driver/driver.ts'
import { isOpenIn, minOthers, type NamespaceHealth } from './hang-breaker.ts'

export interface StuckDrivers {
  readonly all: Iterable<Driver>
  readonly nowMs: number
  /** Of the drivers that tried to start since, or of the namespaces. */
  readonly share: number
  isProtected(namespace: string): boolean
  gatedUntilMs(driver: Driver): number | null
}

/**
 * Whether so many drivers are stuck for the same reason that the cause is probably common: more than one of the namespace, and
 * more than the share of its drivers that tried to start since, or those of several namespaces, each counted once. Another pod
 * would be stuck too, and would use up the owner's retries.
 */
export function areManyStuck(
  { namespace }: Pick<Driver, 'namespace'>,
  { reason, sinceMs }: Stuck,
  { all, nowMs, share, isProtected, gatedUntilMs }: StuckDrivers,
): boolean {
  const health = new Map<string, NamespaceHealth>()
  for (const driver of all) {
    if (driver.namespace !== namespace && !isProtected(driver.namespace)) continue
    const isStuckToo = findStuck(driver, nowMs, { gatedUntilMs: gatedUntilMs(driver) })?.reason === reason
    if (!isStuckToo && !startedSince(driver, sinceMs)) continue
    const { known, unhealthy } = health.get(driver.namespace) ?? { known: 0, unhealthy: 0 }
    health.set(driver.namespace, { known: known + 1, unhealthy: unhealthy + (isStuckToo ? 1 : 0), recent: 0 })
  }
  const limits = { breakerShare: share, perCluster: Infinity, perNamespace: Infinity }
  return isOpenIn(namespace, health, limits, minOthers.connects)
}

function startedSince({ driver: { state } }: Driver, sinceMs: number): boolean {
  if (state.kind === 'waiting') return false
  return (state.kind === 'running' ? state.startedMs : (state.finishedMs ?? 0)) >= sinceMs
}
