import type { SafeguardsConfig } from '../../config/controller-config.ts'
import { findUnansweredExit, type Hang } from '../assess/assess.ts'
import type { DeletionTracker } from '../deletions/deletion-tracker.ts'
import { type Driver, isRunning } from '../driver/driver.ts'
import type { SidecarStatusPoller } from '../poll/sidecar-status-poller.ts'
import type { PollSummary, UiPoller } from '../poll/ui-poller.ts'

/**
 * Blocks deletions when the drivers are probably not the cause. Drivers are counted among those whose
 * health is known in the same way: the controller's polls can fail because of the network, a sidecar's verdict cannot.
 */
export interface HangBreaker {
  /** Whether the cause of this driver's hang is probably outside the driver. */
  isOpenFor(driver: Driver, source: Hang['source']): boolean
  /** Whether the breaker is open for any driver. */
  isOpen(): boolean
}

export interface HangBreakerDeps {
  readonly safeguards: SafeguardsConfig
  readonly uiPoller: Pick<UiPoller, 'summarize'>
  readonly sidecarStatusPoller: Pick<SidecarStatusPoller, 'verdict'>
  readonly deletions: Pick<DeletionTracker, 'countRecentApplications'>
  drivers(): Iterable<Driver>
  nowMs(): number
}

const windowMs = 10 * 60_000

export function createHangBreaker({
  safeguards,
  uiPoller,
  sidecarStatusPoller,
  deletions,
  drivers,
  nowMs,
}: HangBreakerDeps): HangBreaker {
  const bySidecars = (): PollSummary => {
    let known = 0
    const unhealthy = new Set<string>()
    for (const driver of drivers()) {
      if (driver.sidecar === null || driver.sidecar.bypass !== null || !isRunning(driver)) continue
      // A sidecar that waits for a restart gives no verdict.
      if (driver.sidecar.state.kind === 'waiting') continue
      known += 1
      const hang = sidecarStatusPoller.verdict(driver.uid) ?? findUnansweredExit(driver)
      if (hang !== undefined) unhealthy.add(driver.uid)
    }
    return { known, unhealthy }
  }
  const isTripped = (source: Hang['source'], own?: Driver): boolean => {
    const summary = source === 'ui' ? uiPoller.summarize() : bySidecars()
    const recent = deletions.countRecentApplications(source, {
      sinceMs: nowMs() - windowMs,
      own,
      counted: summary.unhealthy,
    })
    return areTooManyUnhealthy(summary.known, summary.unhealthy.size, recent, safeguards)
  }
  const areAllAround = (driver: Driver): boolean =>
    [
      uiPoller.summarize(({ node }) => node === driver.node),
      uiPoller.summarize(({ namespace }) => namespace === driver.namespace),
    ].some(({ known, unhealthy }) => areAllUnhealthy(known, unhealthy.size))
  return {
    isOpenFor: (driver, source) => isTripped(source, driver) || (source === 'ui' && areAllAround(driver)),
    isOpen: () => isTripped('ui') || isTripped('sidecar'),
  }
}

/**
 * Whether so many drivers are unhealthy that the cause is probably common: more than one, and more than the share, or
 * more than the budget's window allows. Applications that lost a driver recently still count as unhealthy;
 * otherwise a spreading fault would get its drivers deleted one by one.
 */
export function areTooManyUnhealthy(
  known: number,
  unhealthy: number,
  recent: number,
  { breakerShare, perCluster }: Pick<SafeguardsConfig, 'breakerShare' | 'perCluster'>,
): boolean {
  const total = unhealthy + recent
  return total > 1 && (total > breakerShare * (known + recent) || total > perCluster)
}

/**
 * Whether all drivers of the same node or namespace are unhealthy, which points to the network path
 * to them.
 */
export function areAllUnhealthy(known: number, unhealthy: number): boolean {
  return known > 1 && unhealthy === known
}
