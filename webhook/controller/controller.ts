import { whenAborted } from '../../core/abort.ts'
import { cutText } from '../../core/json.ts'
import { isDeletionRequested } from './decide/deletion-state.ts'
import { confirmIfObserved } from './decide/driver-state.ts'
import { type Driver, driverKey } from './driver/driver.ts'
import type { DriverListener } from './driver/driver-watch.ts'
import { runWorker } from './reconcile/worker.ts'
import { createLeaderParts, type LeaderDeps, type LeaderParts } from './wiring.ts'

export interface ControllerDeps extends LeaderDeps {
  /** Reports changed namespaces until `signal` is aborted. */
  onNamespace(changed: (namespace: string) => void, signal: AbortSignal): void
  /** Resolve when the lists are complete. `all` includes everything that deletions depend on. */
  readonly whenSynced: { drivers(): Promise<unknown>; all(): Promise<unknown> }
}

export interface Controller {
  /** The leader's work, until `signal`. */
  lead(signal: AbortSignal): Promise<void>
  /** The namespaces in which the circuit breaker blocks deletions because the cause may be outside the drivers. */
  blockedNamespaces(): readonly string[]
  /** The deletions that count for the budget of the cluster, by namespace. */
  budgetUse(): ReadonlyMap<string, number>
}

/**
 * How long the leader waits for lists other than the drivers'. A blocked startup can be bypassed without them, and nothing
 * is deleted until the deletion history is loaded.
 */
const otherListsWithinMs = 30_000

/**
 * Reconciles drivers. Each change, and each time that matters to a decision, leads to an evaluation of the current state,
 * never of the change itself. Evaluating a healthy driver needs no request.
 */
export function createController(deps: ControllerDeps): Controller {
  const { drivers } = deps
  let term: Pick<LeaderParts, 'breaker' | 'deletions'> | undefined

  const lead = async (signal: AbortSignal): Promise<void> => {
    const parts = createLeaderParts(deps, signal)
    const { queue } = parts
    term = parts
    await untilListed(deps, signal)
    const loading = loadDeletions(deps, parts, signal)
    drivers.listen(createDriverListener(parts), signal)
    deps.onNamespace((namespace) => {
      for (const driver of drivers.reflector.objects.in(namespace)) queue.add(driverKey(driver))
    }, signal)
    for (const driver of drivers.reflector.objects.all()) queue.add(driverKey(driver))
    await runWorker(deps, queue, parts.reconcile, signal)
    // Actions that were begun are completed, so that none is half recorded.
    await parts.dispatcher.idle()
    await Promise.all([loading, parts.journal.idle()])
    term = undefined
  }
  return {
    lead,
    blockedNamespaces: () => term?.breaker.openNamespaces() ?? [],
    budgetUse: () => term?.deletions.usage(deps.nowMs()) ?? new Map(),
  }
}

/** Passes changes of driver pods to the parts of a term. */
function createDriverListener(parts: LeaderParts): DriverListener {
  const { queue, states, terminations, journal, uiPoller, sidecarStatusPoller, waitTracker } = parts
  const findDeletionCause = ({ uid }: Driver) => {
    const state = states.known(uid)
    return state !== undefined && isDeletionRequested(state.deletion) ? state.deletionCause : null
  }
  return {
    changed: (driver, before) => {
      confirmIfObserved(states.known(driver.uid), driver)
      terminations.changed(driver, before, findDeletionCause(driver))
      queue.add(driverKey(driver))
    },
    gone: (driver) => {
      confirmIfObserved(states.known(driver.uid), undefined)
      terminations.gone(driver, findDeletionCause(driver))
      journal.podGone(driver)
      // A new pod of the same name is reported after this one is gone.
      queue.remove(driverKey(driver))
      for (const part of [states, uiPoller, sidecarStatusPoller, waitTracker]) part.forget(driver.uid)
    },
  }
}

/**
 * How long the records of SparkApplications that cannot be listed delay the others. One object of a tenant is enough to make
 * a list fail. Longer than the deadline of a list.
 */
const recordsWithinMs = 45_000
/** How often it is looked whether more of them are listed. */
const recordsIntervalMs = 5_000

/**
 * Loads the deletion history once all SparkApplications are listed. Until then no budget is known to remain. After
 * {@link recordsWithinMs} it goes on with those that are listed, and loads the others when they are.
 */
export async function loadDeletions(
  { applications, nowMs, sleep, log }: Pick<ControllerDeps, 'applications' | 'nowMs' | 'sleep' | 'log'>,
  { deletions }: { readonly deletions: Pick<LeaderParts['deletions'], 'load'> },
  signal: AbortSignal,
): Promise<void> {
  const { reflectors } = applications
  // Lists that are complete are loaded in this turn: awaiting them would let the first drivers be judged without a history.
  if (!reflectors.every((reflector) => reflector.synced())) {
    const everything = Promise.all(reflectors.map((reflector) => reflector.whenSynced()))
    await Promise.race([everything, sleep(recordsWithinMs, signal), whenAborted(signal)])
  }
  let loaded: string | undefined
  while (!signal.aborted) {
    const unlisted = applications.unlisted()
    const missing = unlisted === 'all' ? 'all' : [...unlisted].toSorted().join(' ')
    if (missing !== loaded) {
      deletions.load(applications.all(), nowMs(), unlisted)
      if (missing !== '') log.warn({ event: 'deletion-records-missing', namespaces: cutText(missing, 500) })
    }
    if (missing === '') return
    loaded = missing
    await sleep(recordsIntervalMs, signal)
  }
}

/** Waits until drivers are listed, and for a bounded time until everything is. */
async function untilListed(
  { whenSynced, sleep }: Pick<ControllerDeps, 'whenSynced' | 'sleep'>,
  signal: AbortSignal,
): Promise<void> {
  const timer = new AbortController()
  const timeout = sleep(otherListsWithinMs, AbortSignal.any([signal, timer.signal]))
  await Promise.race([whenSynced.all(), Promise.all([whenSynced.drivers(), timeout]), whenAborted(signal)])
  timer.abort()
}
