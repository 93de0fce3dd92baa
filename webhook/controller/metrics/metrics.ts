import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { legacyMetrics } from '../../../legacy/metrics.ts'
import type { DriverCounts } from './driver-counts.ts'
import { createExpiringSeries } from './expiring-series.ts'
import type { TerminationCause } from './termination.ts'

export type ActionName = 'delete-pod' | 'bypass-sidecar' | 'delete-executor' | 'report'
export type ActionResult = 'ok' | 'failed' | 'dry-run' | 'suppressed'

/** The values that are computed when the metrics are scraped. */
export interface ControllerFigures {
  leads(): boolean
  counts(): DriverCounts
  /** Applications in quarantine, by namespace. */
  quarantined(): ReadonlyMap<string, number>
  breakers(): Readonly<Record<'unhealthy-share' | 'sidecar-image', boolean>>
  /** Of every replica. */
  stale(): Readonly<Record<string, boolean>>
}

/** The controller's metrics. Only the leader reports gauges other than those of the lease and the watches. */
export interface ControllerMetrics {
  acted(action: ActionName, result: ActionResult): void
  killed(application: string): void
  poked(application: string, seconds: number): void
  terminated(namespace: string, application: string, cause: TerminationCause): void
  recovered(seconds: number): void
  budgetExhausted(scope: 'application' | 'namespace' | 'cluster'): void
  show(figures: ControllerFigures): void
}

/** `nowMs` may be any clock. It only decides when unused series expire. */
export function createControllerMetrics(registry: Registry, nowMs: () => number): ControllerMetrics {
  const registers = [registry]
  let figures: ControllerFigures | undefined
  const counter = <T extends string>(name: string, help: string, labelNames: T[]) =>
    new Counter({ name: `spark_nanny_${name}`, help, labelNames, registers })
  /** A gauge whose values are computed at each scrape. `labelNames` name the space-separated parts of the keys. */
  const gauge = <T extends string>(
    name: string,
    help: string,
    labelNames: T[],
    values: (figures: ControllerFigures) => Iterable<readonly [string, number]>,
  ) => {
    new Gauge({
      name: `spark_nanny_${name}`,
      help,
      labelNames,
      registers,
      collect() {
        this.reset()
        if (figures === undefined) return
        for (const [key, value] of values(figures)) {
          const parts = key.split(' ')
          this.set(Object.fromEntries(labelNames.map((label, index) => [label, parts[index] ?? ''])) as never, value)
        }
      },
    })
  }
  const led =
    (values: (figures: ControllerFigures) => Iterable<readonly [string, number]>) => (all: ControllerFigures) =>
      all.leads() ? values(all) : []
  const flags = (record: Readonly<Record<string, boolean>>) =>
    Object.entries(record).map(([key, value]) => [key, value ? 1 : 0] as const)

  gauge('leader', 'Whether this process is the leader (1 = yes).', [], ({ leads }) => [['', leads() ? 1 : 0]])
  gauge(
    'watch_stale',
    'Whether the watch of a collection has received nothing for too long (1 = yes).',
    ['collection'],
    ({ stale }) => flags(stale()),
  )
  // All gauges of a scrape are collected synchronously, so they share one pass over all drivers.
  let walked: DriverCounts | undefined
  const counts = (all: ControllerFigures): DriverCounts => {
    if (walked === undefined) {
      walked = all.counts()
      setImmediate(() => {
        walked = undefined
      })
    }
    return walked
  }
  const ofDrivers = (pick: (counts: DriverCounts) => Iterable<readonly [string, number]>) =>
    led((all) => pick(counts(all)))
  gauge(
    'drivers',
    'Number of drivers in protected namespaces that have not ended.',
    ['namespace', 'state'],
    ofDrivers((all) => all.drivers),
  )
  gauge(
    'unprotected_drivers',
    'Number of running drivers in protected namespaces that no spark-nanny sidecar monitors and that have not opted out.',
    ['namespace', 'reason'],
    ofDrivers((all) => all.unprotected),
  )
  gauge(
    'outdated_drivers',
    'Number of drivers whose sidecar has another version than this process.',
    ['namespace'],
    ofDrivers((all) => all.outdated),
  )
  gauge(
    'stuck_drivers',
    'Number of drivers that are stuck for a reason outside the driver.',
    ['namespace', 'reason'],
    ofDrivers((all) => all.stuck),
  )
  gauge(
    'quarantined_applications',
    'Number of applications in quarantine because too many of their drivers were deleted.',
    ['namespace'],
    led((all) => all.quarantined()),
  )
  gauge(
    'circuit_breaker_open',
    'Whether a circuit breaker is open, so that spark-nanny takes no action (1 = yes).',
    ['breaker'],
    led((all) => flags(all.breakers())),
  )

  const actions = counter('actions_total', 'Number of actions on drivers.', ['action', 'result'])
  const kills = new Counter({
    ...legacyMetrics.kills,
    help: 'Number of driver pods that were deleted.',
    registers,
  })
  const exhausted = counter(
    'budget_exhausted_total',
    'Number of deletions blocked because a deletion budget was exhausted.',
    ['scope'],
  )
  const terminations = counter(
    'driver_terminations_total',
    'Number of driver terminations, by application across its pods.',
    ['namespace', 'application', 'cause'],
  )
  const recovery = new Histogram({
    name: 'spark_nanny_driver_recovery_seconds',
    help: 'Duration from the termination of a driver until its successor is Ready.',
    buckets: [5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1800],
    registers,
  })
  const pokes = new Histogram({
    ...legacyMetrics.polls,
    buckets: [...legacyMetrics.polls.buckets],
    help: 'Duration of Spark UI polls of drivers without a sidecar.',
    registers,
  })
  const ofKills = createExpiringSeries<{ spark_app: string }>(nowMs, (labels) => kills.remove(labels))
  const ofPokes = createExpiringSeries<{ spark_app: string }>(nowMs, (labels) => pokes.remove(labels))
  const ofTerminations = createExpiringSeries<{ namespace: string; application: string; cause: string }>(
    nowMs,
    (labels) => terminations.remove(labels),
  )
  return {
    acted: (action, result) => actions.inc({ action, result }),
    killed: (application) => kills.inc(ofKills({ spark_app: application })),
    poked: (application, seconds) => pokes.observe(ofPokes({ spark_app: application }), seconds),
    terminated: (namespace, application, cause) => terminations.inc(ofTerminations({ namespace, application, cause })),
    recovered: (seconds) => recovery.observe(seconds),
    budgetExhausted: (scope) => exhausted.inc({ scope }),
    show: (next) => {
      figures = next
    },
  }
}
