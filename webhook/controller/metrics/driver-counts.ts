import type { Coverage } from '../assess/coverage.ts'
import { findStuck } from '../assess/startup-delay.ts'
import { type Driver, hasEnded } from '../driver/driver.ts'

export type DriverHealth = 'pending' | 'starting' | 'ready' | 'not-ready' | 'terminating'

/** How many, by the values of their labels, parted by a space. */
export interface DriverCounts {
  /** namespace, state */
  readonly drivers: ReadonlyMap<string, number>
  /** namespace, reason */
  readonly unprotected: ReadonlyMap<string, number>
  /** namespace */
  readonly outdated: ReadonlyMap<string, number>
  /** namespace, reason */
  readonly stuck: ReadonlyMap<string, number>
}

/** Where a driver stands; undefined when it has ended. */
export function classifyDriver(driver: Driver): DriverHealth | undefined {
  if (driver.deletionMs !== null) return 'terminating'
  if (hasEnded(driver)) return undefined
  const { state } = driver.driver
  if (state.kind === 'waiting') return 'pending'
  if (driver.ready) return 'ready'
  // Not ready ever since its container started: it has yet to be.
  const begun = state.kind === 'running' && (driver.readySinceMs === null || driver.readySinceMs <= state.startedMs)
  return begun ? 'starting' : 'not-ready'
}

/** The drivers of guarded namespaces, counted at `nowMs`. `version` is ours. */
export function countDrivers(
  drivers: Iterable<Driver>,
  guardOf: (driver: Driver) => Coverage | undefined,
  version: string,
  nowMs: number,
): DriverCounts {
  const counts = { drivers: new Map(), unprotected: new Map(), outdated: new Map(), stuck: new Map() }
  const add = (map: Map<string, number>, ...labels: readonly string[]) => {
    const key = labels.join(' ')
    map.set(key, (map.get(key) ?? 0) + 1)
  }
  for (const driver of drivers) {
    const guard = guardOf(driver)
    const state = classifyDriver(driver)
    if (guard === undefined || state === undefined) continue
    const { namespace } = driver
    add(counts.drivers, namespace, state)
    if (guard.kind === 'unprotected') add(counts.unprotected, namespace, guard.reason)
    if (guard.kind === 'guarded' && driver.sidecar?.version !== version) add(counts.outdated, namespace)
    const waiting = guard.kind === 'opted-out' ? undefined : findStuck(driver, nowMs)
    if (waiting !== undefined) add(counts.stuck, namespace, waiting.reason)
  }
  return counts
}
