import type { Coverage } from '../assess/coverage.ts'
import { findStuck } from '../assess/startup-delay.ts'
import { type Driver, hasEnded } from '../driver/driver.ts'

export type DriverHealth = 'pending' | 'starting' | 'ready' | 'not-ready' | 'terminating'

/** Numbers of drivers. Each key holds the label values, space-separated. */
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

/** The health of a driver. Returns undefined if the driver has ended. */
export function classifyDriver(driver: Driver): DriverHealth | undefined {
  if (driver.deletionMs !== null) return 'terminating'
  if (hasEnded(driver)) return undefined
  const { state } = driver.driver
  if (state.kind === 'waiting') return 'pending'
  if (driver.ready) return 'ready'
  // A driver that has not been Ready since its container started is still starting.
  const begun = state.kind === 'running' && (driver.readySinceMs === null || driver.readySinceMs <= state.startedMs)
  return begun ? 'starting' : 'not-ready'
}

/** Counts the drivers of protected namespaces at `nowMs`. `version` is the version of this process. */
export function countDrivers(
  drivers: Iterable<Driver>,
  coverageOf: (driver: Driver) => Coverage | undefined,
  version: string,
  nowMs: number,
): DriverCounts {
  const counts = { drivers: new Map(), unprotected: new Map(), outdated: new Map(), stuck: new Map() }
  const add = (map: Map<string, number>, ...labels: readonly string[]) => {
    const key = labels.join(' ')
    map.set(key, (map.get(key) ?? 0) + 1)
  }
  for (const driver of drivers) {
    const coverage = coverageOf(driver)
    const state = classifyDriver(driver)
    if (coverage === undefined || state === undefined) continue
    const { namespace } = driver
    add(counts.drivers, namespace, state)
    if (coverage.kind === 'unprotected') add(counts.unprotected, namespace, coverage.reason)
    if (coverage.kind === 'guarded' && driver.sidecar?.version !== version) add(counts.outdated, namespace)
    const waiting = coverage.kind === 'opted-out' ? undefined : findStuck(driver, nowMs)
    if (waiting !== undefined) add(counts.stuck, namespace, waiting.reason)
  }
  return counts
}
