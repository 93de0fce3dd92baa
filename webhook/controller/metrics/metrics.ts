import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { legacyMetrics } from '../../../legacy/metrics.ts'
import type { DriverCounts } from './driver-counts.ts'
import { createExpiringSeries } from './expiring-series.ts'
import type { TerminationCause } from './termination.ts'

export type ActionName = 'delete-pod' | 'bypass-sidecar' | 'delete-executor' | 'report'
export type ActionResult = 'ok' | 'failed' | 'dry-run' | 'suppressed'

/** What is looked up when the figures are asked for. */
export interface ControllerFigures {
  leads(): boolean
  counts(): DriverCounts
  /** Applications in quarantine, by namespace. */
  quarantined(): ReadonlyMap<string, number>
  breakers(): Readonly<Record<'unhealthy-share' | 'sidecar-image', boolean>>
  /** Of every replica. */
  stale(): Readonly<Record<string, boolean>>
}

/** What the controller counts. Gauges but those of the lease and the watches are told by the leader alone. */
export interface ControllerMetrics {
  acted(action: ActionName, result: ActionResult): void
  killed(application: string): void
  poked(application: string, seconds: number): void
  terminated(namespace: string, application: string, cause: TerminationCause): void
  recovered(seconds: number): void
  budgetExhausted(scope: 'application' | 'namespace' | 'cluster'): void
  show(figures: ControllerFigures): void
}

/** `nowMs`: of any clock, for what is forgotten with time. */
export function createControllerMetrics(registry: Registry, nowMs: () => number): ControllerMetrics {
  const registers = [registry]
  let figures: ControllerFigures | undefined
  const counter = <T extends string>(name: string, help: string, labelNames: T[]) =>
    new Counter({ name: `spark_nanny_${name}`, help, labelNames, registers })
  /** A gauge whose values are looked up; `labels` name the parts of the keys. */
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

  gauge('leader', '1 on the process that leads.', [], ({ leads }) => [['', leads() ? 1 : 0]])
  gauge('watch_stale', '1 when nothing was heard of a watched collection for too long.', ['collection'], ({ stale }) =>
    flags(stale()),
  )
  // One walk over all drivers for all gauges of a scrape: they are collected one after the other, at once.
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
    'Drivers of guarded namespaces that have not ended.',
    ['namespace', 'state'],
    ofDrivers((all) => all.drivers),
  )
  gauge(
    'unprotected_drivers',
    'Running drivers of guarded namespaces that no sidecar of ours watches and that have not opted out.',
    ['namespace', 'reason'],
    ofDrivers((all) => all.unprotected),
  )
  gauge(
    'outdated_drivers',
    'Drivers whose sidecar is of another version than this process.',
    ['namespace'],
    ofDrivers((all) => all.outdated),
  )
  gauge(
    'stuck_drivers',
    'Drivers that make no way for a reason that is not their own.',
    ['namespace', 'reason'],
    ofDrivers((all) => all.stuck),
  )
  gauge(
    'quarantined_applications',
    'Applications of which too many drivers were deleted.',
    ['namespace'],
    led((all) => all.quarantined()),
  )
  gauge(
    'circuit_breaker_open',
    '1 while nothing is done for a suspicion.',
    ['breaker'],
    led((all) => flags(all.breakers())),
  )

  const actions = counter('actions_total', 'What was done about drivers.', ['action', 'result'])
  const kills = new Counter({
    ...legacyMetrics.kills,
    help: 'Number of driver pods that were deleted.',
    registers,
  })
  const exhausted = counter('budget_exhausted_total', 'Deletions withheld by a spent budget.', ['scope'])
  const terminations = counter('driver_terminations_total', 'Drivers that ended, by application across its pods.', [
    'namespace',
    'application',
    'cause',
  ])
  const recovery = new Histogram({
    name: 'spark_nanny_driver_recovery_seconds',
    help: 'From the end of a driver to its successor being Ready.',
    buckets: [5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1800],
    registers,
  })
  const pokes = new Histogram({
    ...legacyMetrics.polls,
    buckets: [...legacyMetrics.polls.buckets],
    help: 'Polls of the Spark UI of drivers without a sidecar.',
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
