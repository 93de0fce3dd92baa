import type { SafeguardsConfig } from '../../config/controller-config.ts'
import { findUnansweredExit, type Hang } from '../assess/assess.ts'
import type { DeletionTracker } from '../deletions/deletion-tracker.ts'
import { type Driver, isRunning } from '../driver/driver.ts'
import type { SidecarStatusPoller } from '../poll/sidecar-status-poller.ts'
import type { PolledDriver, UiPoller } from '../poll/ui-poller.ts'

/**
 * Blocks deletions when the drivers are probably not the cause. Drivers are counted among those whose
 * health is known in the same way: the controller's polls can fail because of the network, a sidecar's verdict cannot.
 *
 * What a pod shows is written by its tenant. So a namespace decides for its own drivers, and counts once for those of
 * others: a fault of a node or of the network shows in several namespaces, and a tenant that forges UIs, sidecars or records
 * has one.
 */
export interface HangBreaker {
  /** Whether the cause of this driver's hang is probably outside the driver. */
  isOpenFor(driver: Driver, source: Hang['source']): boolean
  /** The namespaces for whose drivers the breaker is open. */
  openNamespaces(): readonly string[]
}

export interface HangBreakerDeps {
  readonly safeguards: SafeguardsConfig
  readonly uiPoller: Pick<UiPoller, 'answered' | 'connects'>
  readonly sidecarStatusPoller: Pick<SidecarStatusPoller, 'verdict'>
  readonly deletions: Pick<DeletionTracker, 'countRecentApplications'>
  drivers(): Iterable<Driver>
  /** Whether sidecars are injected in the namespace. Others count only for their own drivers. */
  isProtected(namespace: string): boolean
  nowMs(): number
}

const windowMs = 10 * 60_000

/**
 * How many other namespaces must be affected before a driver's hang is blamed on something common. One is enough if no
 * connection to the driver can be established, because then the network is a likely cause anyway.
 */
export const minOthers = { connects: 2, unreachable: 1 } as const

/** The drivers of one namespace whose health is known in the same way. */
export interface NamespaceHealth {
  readonly known: number
  readonly unhealthy: number
  /** Applications that lost a driver recently. They still count as unhealthy; otherwise a spreading fault would get its drivers deleted one by one. */
  readonly recent: number
}

export function createHangBreaker(deps: HangBreakerDeps): HangBreaker {
  const { safeguards, uiPoller } = deps
  const observe = (source: Hang['source'], own?: Driver): readonly Pick<PolledDriver, 'driver' | 'isUnhealthy'>[] => {
    const observed = [...(source === 'ui' ? uiPoller.answered() : observeSidecars(deps))]
    if (own === undefined) return observed
    // It hangs, even if it was not observed so, for example because its UI has never answered.
    return [...observed.filter(({ driver }) => driver.uid !== own.uid), { driver: own, isUnhealthy: true }]
  }
  const tally = (source: Hang['source'], own?: Driver): ReadonlyMap<string, NamespaceHealth> => {
    const observed = observe(source, own)
    const counted = new Set(observed.filter(({ isUnhealthy }) => isUnhealthy).map(({ driver }) => driver.uid))
    const recent = deps.deletions.countRecentApplications(source, { sinceMs: deps.nowMs() - windowMs, own, counted })
    const isCounted = (namespace: string) => namespace === own?.namespace || deps.isProtected(namespace)
    return tallyByNamespace(
      observed.filter(({ driver }) => isCounted(driver.namespace)),
      new Map([...recent].filter(([namespace]) => isCounted(namespace))),
    )
  }
  return {
    isOpenFor: (driver, source) => {
      const polled = source === 'ui' ? [...uiPoller.answered()] : []
      // A sidecar judges its driver without the network. A driver that is not polled is not known to be reachable.
      const connects = source === 'sidecar' || uiPoller.connects(driver.uid) === true
      const needed = connects ? minOthers.connects : minOthers.unreachable
      return (
        isOpenIn(driver.namespace, tally(source, driver), safeguards, needed) ||
        areAllInNamespaceUnhealthy(driver, polled) ||
        areAllOnNodeUnhealthy(driver, polled, needed)
      )
    },
    openNamespaces: () => {
      const open = (['ui', 'sidecar'] as const).flatMap((source) => {
        const health = tally(source)
        return [...health.keys()].filter((namespace) => isOpenIn(namespace, health, safeguards, minOthers.connects))
      })
      return [...new Set(open)].toSorted()
    },
  }
}

/** The health of the drivers that a sidecar judges. */
function* observeSidecars({
  drivers,
  sidecarStatusPoller,
}: Pick<HangBreakerDeps, 'drivers' | 'sidecarStatusPoller'>): Generator<Pick<PolledDriver, 'driver' | 'isUnhealthy'>> {
  for (const driver of drivers()) {
    if (driver.sidecar === null || driver.sidecar.bypass !== null || !isRunning(driver)) continue
    // A sidecar that waits for a restart gives no verdict.
    if (driver.sidecar.state.kind === 'waiting') continue
    const hang = sidecarStatusPoller.verdict(driver.uid) ?? findUnansweredExit(driver)
    yield { driver, isUnhealthy: hang !== undefined }
  }
}

function tallyByNamespace(
  observed: Iterable<Pick<PolledDriver, 'driver' | 'isUnhealthy'>>,
  recent: ReadonlyMap<string, number>,
): ReadonlyMap<string, NamespaceHealth> {
  const health = new Map<string, NamespaceHealth>()
  const get = (namespace: string) =>
    health.get(namespace) ?? { known: 0, unhealthy: 0, recent: recent.get(namespace) ?? 0 }
  for (const { driver, isUnhealthy } of observed) {
    const { known, unhealthy, ...others } = get(driver.namespace)
    health.set(driver.namespace, { ...others, known: known + 1, unhealthy: unhealthy + (isUnhealthy ? 1 : 0) })
  }
  for (const namespace of recent.keys()) health.set(namespace, get(namespace))
  return health
}

/** Whether the breaker is open for the drivers of a namespace: by these drivers alone, or by those of several namespaces. */
export function isOpenIn(
  namespace: string,
  health: ReadonlyMap<string, NamespaceHealth>,
  safeguards: Pick<SafeguardsConfig, 'breakerShare' | 'perCluster' | 'perNamespace'>,
  neededOthers: number,
): boolean {
  const own = health.get(namespace)
  if (own === undefined) return false
  return areTooManyUnhealthy(own, safeguards) || areSeveralAffected(namespace, own, health, safeguards, neededOthers)
}

/**
 * Whether so many drivers of one namespace are unhealthy that the cause is probably common: more than one, and more than the
 * share, or more than the budget's window allows.
 */
export function areTooManyUnhealthy(
  { known, unhealthy, recent }: NamespaceHealth,
  { breakerShare, perCluster }: Pick<SafeguardsConfig, 'breakerShare' | 'perCluster'>,
): boolean {
  const total = unhealthy + recent
  return total > 1 && (total > breakerShare * (known + recent) || total > perCluster)
}

/**
 * Whether several namespaces are affected, each counted once: more than the share of the namespaces, among them the driver's
 * own, or, with no namespace counted for more than its budget, more drivers than the budget of the cluster.
 */
function areSeveralAffected(
  namespace: string,
  own: NamespaceHealth,
  health: ReadonlyMap<string, NamespaceHealth>,
  { breakerShare, perCluster, perNamespace }: Pick<SafeguardsConfig, 'breakerShare' | 'perCluster' | 'perNamespace'>,
  neededOthers: number,
): boolean {
  const isAffected = ({ known, unhealthy, recent }: NamespaceHealth) =>
    unhealthy + recent > breakerShare * (known + recent)
  const others = [...health].filter(([name]) => name !== namespace).map(([, other]) => other)
  const countUnhealthy = ({ unhealthy, recent }: NamespaceHealth) => Math.min(unhealthy + recent, perNamespace)
  const total = [own, ...others].reduce((sum, item) => sum + countUnhealthy(item), 0)
  if (total > perCluster && others.filter((other) => countUnhealthy(other) > 0).length >= neededOthers) return true
  const affected = others.filter(isAffected).length
  return isAffected(own) && affected >= neededOthers && affected + 1 > breakerShare * health.size
}

/** Whether other drivers of the namespace are polled, and none responds: then the path to them may be the cause. */
function areAllInNamespaceUnhealthy({ namespace, uid }: Driver, polled: readonly PolledDriver[]): boolean {
  const others = polled.filter(({ driver }) => driver.namespace === namespace && driver.uid !== uid)
  return others.length > 0 && others.every(({ isUnhealthy }) => isUnhealthy)
}

/** Whether no polled driver of the node responds, among them another one of the namespace, or those of several others. */
function areAllOnNodeUnhealthy(
  { uid, node, namespace }: Driver,
  polled: readonly PolledDriver[],
  neededOthers: number,
): boolean {
  const others = polled.filter(({ driver }) => driver.node === node && driver.uid !== uid)
  if (others.length === 0 || !others.every(({ isUnhealthy }) => isUnhealthy)) return false
  const namespaces = new Set(others.map(({ driver }) => driver.namespace))
  return namespaces.has(namespace) || namespaces.size >= neededOthers
}
