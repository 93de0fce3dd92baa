import type { Coverage } from '../assess/coverage.ts'
import { findBlockingSidecar } from '../assess/startup-blocked.ts'
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
  readonly startupBlocked: readonly GaugeSample<'namespace'>[]
}

/** How a driver is classified, in addition to what its pod shows. */
export interface DriverKnowledge {
  /** Undefined outside of protected namespaces. */
  findCoverage(driver: Driver): Coverage | undefined
  /** How long the sidecar has been seen to block the startup. Null if it does not. */
  startupBlockedForMs(driver: Driver): number | null
  /** The version of this process. */
  readonly version: string
}

/** A bypass that was allowed has let the driver start by then: a kubelet needs some seconds for it. */
const bypassWithinMs = 60_000

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

/** Counts the drivers of protected namespaces at `nowMs`. */
export function countDrivers(
  drivers: Iterable<Driver>,
  { findCoverage, startupBlockedForMs, version }: DriverKnowledge,
  nowMs: number,
): DriverCounts {
  const states = createTally<'namespace' | 'state'>()
  const unprotected = createTally<'namespace' | 'reason'>()
  const outdated = createTally<'namespace'>()
  const stuck = createTally<'namespace' | 'reason'>()
  const startupBlocked = createTally<'namespace'>()
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
    if (isBypassMissing(driver, startupBlockedForMs(driver))) startupBlocked.add({ namespace })
  }
  return {
    drivers: states.samples(),
    unprotected: unprotected.samples(),
    outdated: outdated.samples(),
    stuck: stuck.samples(),
    startupBlocked: startupBlocked.samples(),
  }
}

/** Whether the sidecar still blocks the startup although the controller should have bypassed it. */
function isBypassMissing(driver: Driver, blockedForMs: number | null): boolean {
  const block = findBlockingSidecar(driver)
  return block !== undefined && blockedForMs !== null && blockedForMs >= block.patienceMs + bypassWithinMs
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
