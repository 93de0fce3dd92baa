import type { Coverage } from '../assess/coverage.ts'
import { findStuck } from '../assess/startup-delay.ts'
import { type Driver, hasEnded } from '../driver/driver.ts'

export type DriverHealth = 'pending' | 'starting' | 'ready' | 'not-ready' | 'terminating'

/** One series of a gauge. */
export interface GaugeSample<L extends string> {
  readonly labels: Readonly<Record<L, string>>
  readonly value: number
}

/** Numbers of drivers in protected namespaces. */
export interface DriverCounts {
  readonly drivers: readonly GaugeSample<'namespace' | 'state'>[]
  readonly unprotected: readonly GaugeSample<'namespace' | 'reason'>[]
  readonly outdated: readonly GaugeSample<'namespace'>[]
  readonly stuck: readonly GaugeSample<'namespace' | 'reason'>[]
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
  findCoverage: (driver: Driver) => Coverage | undefined,
  version: string,
  nowMs: number,
): DriverCounts {
  const states = createTally<'namespace' | 'state'>()
  const unprotected = createTally<'namespace' | 'reason'>()
  const outdated = createTally<'namespace'>()
  const stuck = createTally<'namespace' | 'reason'>()
  for (const driver of drivers) {
    const coverage = findCoverage(driver)
    const state = classifyDriver(driver)
    if (coverage === undefined || state === undefined) continue
    const { namespace } = driver
    states.add({ namespace, state })
    if (coverage.kind === 'unprotected') unprotected.add({ namespace, reason: coverage.reason })
    if (coverage.kind === 'protected' && driver.sidecar?.version !== version) outdated.add({ namespace })
    const waiting = coverage.kind === 'opted-out' ? undefined : findStuck(driver, nowMs)
    if (waiting !== undefined) stuck.add({ namespace, reason: waiting.reason })
  }
  return {
    drivers: states.samples(),
    unprotected: unprotected.samples(),
    outdated: outdated.samples(),
    stuck: stuck.samples(),
  }
}

function createTally<L extends string>() {
  const counts = new Map<string, { readonly labels: Readonly<Record<L, string>>; value: number }>()
  return {
    add: (labels: Readonly<Record<L, string>>) => {
      const key = Object.values(labels).join(' ')
      const count = counts.get(key)
      if (count === undefined) counts.set(key, { labels, value: 1 })
      else count.value += 1
    },
    samples: (): readonly GaugeSample<L>[] => [...counts.values()],
  }
}
