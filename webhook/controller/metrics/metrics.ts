import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { legacyMetrics } from '../../../legacy/metrics.ts'
import { createBoundedSeries } from './bounded-series.ts'
import type { DriverCounts, GaugeSample } from './driver-counts.ts'
import type { TerminationCause } from './termination.ts'

export type ActionName = 'delete-pod' | 'bypass-sidecar' | 'delete-executor' | 'report'
export type ActionResult = 'ok' | 'failed' | 'dry-run' | 'suppressed'

/** The values that are computed when the metrics are scraped. */
export interface ControllerFigures {
  isLeader(): boolean
  counts(): DriverCounts
  /** Numbers of applications in quarantine, by namespace. */
  quarantined(): ReadonlyMap<string, number>
  /** The namespaces for whose drivers each circuit breaker is open. */
  breakers(): Readonly<Record<'unhealthy-share' | 'sidecar-image', readonly string[]>>
  /** Numbers of deletions that count for the budget of the cluster, by namespace. */
  budgetUse(): ReadonlyMap<string, number>
}

/** What every replica reports, even while its controller does not run. */
export interface ReplicaFigures {
  isLeader(): boolean
  /** Whether watches are stale, by collection. */
  stale(): Readonly<Record<string, boolean>>
}

/** The controller's metrics. Only the leader reports gauges. */
export interface ControllerMetrics {
  recordAction(action: ActionName, result: ActionResult): void
  recordKill(application: string): void
  recordPoll(application: string, seconds: number): void
  recordTermination(namespace: string, application: string, cause: TerminationCause): void
  recordRecovery(seconds: number): void
  recordExhaustedBudget(scope: 'application' | 'namespace' | 'cluster'): void
  /** Registers the gauges. Must be called once. */
  registerGauges(figures: ControllerFigures): void
}

export const createControllerRegistry = (): Registry => new Registry()

/** `nowMs` may be any clock. It only decides when unused series expire. */
export function createControllerMetrics(registry: Registry, nowMs: () => number): ControllerMetrics {
  const registers = [registry]
  const actions = new Counter({
    name: 'spark_nanny_actions_total',
    help: 'Number of actions on drivers.',
    labelNames: ['action', 'result'],
    registers,
  })
  const exhausted = new Counter({
    name: 'spark_nanny_budget_exhausted_total',
    help: 'Number of deletions blocked because a deletion budget was exhausted.',
    labelNames: ['scope'],
    registers,
  })
  const recovery = new Histogram({
    name: 'spark_nanny_driver_recovery_seconds',
    help: 'Duration from the termination of a driver until its successor is Ready.',
    buckets: [5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1800],
    registers,
  })
  return {
    recordAction: (action, result) => actions.inc({ action, result }),
    recordExhaustedBudget: (scope) => exhausted.inc({ scope }),
    recordRecovery: (seconds) => recovery.observe(seconds),
    registerGauges: (figures) => registerGauges(registry, figures),
    ...createApplicationMetrics(registry, nowMs),
  }
}

/** Of a metric with a label per application. A scrape of all of them takes about 20 ms. */
const maxSeries = 1_000
/** Of a metric that also has the namespace. */
const maxSeriesPerNamespace = 250
/** The application of all series for which there is no place. */
const otherApplications = 'other'

/** The metrics with a label per application. Their series are bounded, because applications come and go. */
function createApplicationMetrics(
  registry: Registry,
  nowMs: () => number,
): Pick<ControllerMetrics, 'recordKill' | 'recordPoll' | 'recordTermination'> {
  const registers = [registry]
  const kills = new Counter({ ...legacyMetrics.kills, help: 'Number of driver pods that were deleted.', registers })
  const polls = new Histogram({
    ...legacyMetrics.polls,
    buckets: [...legacyMetrics.polls.buckets],
    help: 'Duration of Spark UI polls of drivers without a sidecar.',
    registers,
  })
  const terminations = new Counter({
    name: 'spark_nanny_driver_terminations_total',
    help: 'Number of driver terminations, by application across its pods.',
    labelNames: ['namespace', 'application', 'cause'],
    registers,
  })
  const byApplication = {
    max: maxSeries,
    maxPerGroup: maxSeries,
    group: () => '',
    other: () => ({ spark_app: otherApplications }),
  }
  const keepKill = createBoundedSeries<{ spark_app: string }>(byApplication, nowMs, (labels) => kills.remove(labels))
  const keepPoll = createBoundedSeries<{ spark_app: string }>(byApplication, nowMs, (labels) => polls.remove(labels))
  const keepTermination = createBoundedSeries<{ namespace: string; application: string; cause: string }>(
    {
      max: maxSeries,
      maxPerGroup: maxSeriesPerNamespace,
      group: ({ namespace }) => namespace,
      other: (labels) => ({ ...labels, application: otherApplications }),
    },
    nowMs,
    (labels) => terminations.remove(labels),
  )
  return {
    recordKill: (application) => kills.inc(keepKill({ spark_app: application })),
    recordPoll: (application, seconds) => polls.observe(keepPoll({ spark_app: application }), seconds),
    recordTermination: (namespace, application, cause) =>
      terminations.inc(keepTermination({ namespace, application, cause })),
  }
}

/** Registers the metrics of {@link ReplicaFigures}. Must be called once. */
export function registerReplicaGauges(registry: Registry, figures: ReplicaFigures): void {
  registerGauge(registry, 'leader', 'Whether this process is the leader (1 = yes).', [], () => [
    { labels: {}, value: figures.isLeader() ? 1 : 0 },
  ])
  registerGauge(
    registry,
    'watch_stale',
    'Whether the watch of a collection has received nothing for too long (1 = yes).',
    ['collection'],
    () => toFlags(figures.stale(), (collection) => ({ collection })),
  )
}

/** The metrics about the thread of the controller. */
export interface ThreadMetrics {
  /** Whether the thread runs and has reported. */
  setUp(isUp: boolean): void
  setMemory(bytes: number): void
  countFailure(cause: string): void
}

/** `causes`: all values of the label, which are 0 from the start. */
export function createThreadMetrics(registry: Registry, causes: readonly string[]): ThreadMetrics {
  const registers = [registry]
  const up = new Gauge({
    name: 'spark_nanny_controller_up',
    help: 'Whether the controller of this process runs (1 = yes). Admission does not depend on it.',
    registers,
  })
  const memory = new Gauge({
    name: 'spark_nanny_controller_memory_bytes',
    help: 'Memory of the JavaScript heap and the buffers of the controller.',
    registers,
  })
  const failures = new Counter({
    name: 'spark_nanny_controller_failures_total',
    help: 'Number of times that the controller failed and was started again.',
    labelNames: ['cause'],
    registers,
  })
  for (const cause of causes) failures.inc({ cause }, 0)
  return {
    setUp: (isUp) => up.set(isUp ? 1 : 0),
    setMemory: (bytes) => memory.set(bytes),
    countFailure: (cause) => failures.inc({ cause }),
  }
}

function registerGauges(registry: Registry, figures: ControllerFigures): void {
  const breakers = shareWithinTurn(figures.breakers)
  const readBreakers = () => (figures.isLeader() ? Object.entries(breakers()) : [])
  registerDriverGauges(registry, figures)
  registerGauge(
    registry,
    'quarantined_applications',
    'Number of applications in quarantine because too many of their drivers were deleted.',
    ['namespace'],
    () =>
      figures.isLeader()
        ? [...figures.quarantined()].map(([namespace, value]) => ({ labels: { namespace }, value }))
        : [],
  )
  registerGauge(
    registry,
    'circuit_breaker_open',
    'Whether a circuit breaker is open for the drivers of any namespace, so that spark-nanny takes no action on them (1 = yes).',
    ['breaker'],
    () =>
      readBreakers().map(([breaker, namespaces]) => ({ labels: { breaker }, value: namespaces.length > 0 ? 1 : 0 })),
  )
  registerGauge(
    registry,
    'circuit_breaker_namespace_open',
    'Whether a circuit breaker is open for the drivers of a namespace (1 = yes). Other namespaces have no series.',
    ['breaker', 'namespace'],
    () =>
      readBreakers().flatMap(([breaker, namespaces]) =>
        namespaces.map((namespace) => ({ labels: { breaker, namespace }, value: 1 })),
      ),
  )
  registerGauge(
    registry,
    'deletion_budget_used',
    'Number of deletions in the window that count for the budget of the cluster.',
    ['namespace'],
    () =>
      figures.isLeader()
        ? [...figures.budgetUse()].map(([namespace, value]) => ({ labels: { namespace }, value }))
        : [],
  )
}

function registerDriverGauges(registry: Registry, figures: ControllerFigures): void {
  const counts = shareWithinTurn(figures.counts)
  const read =
    <L extends string>(select: (counts: DriverCounts) => readonly GaugeSample<L>[]) =>
    () =>
      figures.isLeader() ? select(counts()) : []
  registerGauge(
    registry,
    'drivers',
    'Number of drivers in protected namespaces that have not ended.',
    ['namespace', 'state'],
    read((all) => all.drivers),
  )
  registerGauge(
    registry,
    'unprotected_drivers',
    'Number of running drivers in protected namespaces that no spark-nanny sidecar monitors and that have not opted out.',
    ['namespace', 'reason'],
    read((all) => all.unprotected),
  )
  registerGauge(
    registry,
    'outdated_drivers',
    'Number of drivers whose sidecar has another version than this process.',
    ['namespace'],
    read((all) => all.outdated),
  )
  registerGauge(
    registry,
    'stuck_drivers',
    'Number of drivers that are stuck for a reason outside the driver.',
    ['namespace', 'reason'],
    read((all) => all.stuck),
  )
  registerGauge(
    registry,
    'startup_blocked_drivers',
    'Number of drivers that their sidecar keeps from starting, although the controller should have bypassed it by now.',
    ['namespace'],
    read((all) => all.startupBlocked),
  )
}

/** Registers a gauge whose series are read at each scrape. */
function registerGauge<L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: L[],
  read: () => readonly GaugeSample<L>[],
): void {
  new Gauge({
    name: `spark_nanny_${name}`,
    help,
    labelNames,
    registers: [registry],
    collect() {
      this.reset()
      for (const { labels, value } of read()) this.labels(labels).set(value)
    },
  })
}

/** Computes a value once for all callers in the same turn of the event loop: all gauges of a scrape are read in one. */
function shareWithinTurn<T>(compute: () => T): () => T {
  let shared: { readonly value: T } | undefined
  return () => {
    if (shared === undefined) {
      shared = { value: compute() }
      setImmediate(() => {
        shared = undefined
      })
    }
    return shared.value
  }
}

const toFlags = <L extends string>(
  record: Readonly<Record<string, boolean>>,
  toLabels: (key: string) => Readonly<Record<L, string>>,
): readonly GaugeSample<L>[] =>
  Object.entries(record).map(([key, flag]) => ({ labels: toLabels(key), value: flag ? 1 : 0 }))
