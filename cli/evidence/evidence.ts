import type { LogReading } from '../log/scan.ts'
import type { ApplicationState } from './application-state.ts'
import type { DriverPod } from './driver-pod.ts'
import type { DriverService } from './driver-service.ts'
import type { KubernetesEvent } from './events.ts'
import type { ExecutorFigures } from './executor-figures.ts'
import type { NodeConditions } from './node-state.ts'
import type { QuotaUsage } from './quotas.ts'
import type { SidecarReport } from './sidecar-report.ts'
import type { DumpedThread } from './threads.ts'

/** All evidence about one driver. Plain data, identical for a cluster and for a bundle. */
export interface Evidence {
  readonly subject: DriverSubject
  /** Collection time in milliseconds since 1970. For a bundle without a note, the latest timestamp in the bundle. */
  readonly collectedMs: number
  readonly pod: EvidenceReading<DriverPod>
  readonly events: EvidenceReading<readonly KubernetesEvent[]>
  /** Log of the container's current or last run. */
  readonly log: EvidenceReading<LogReading>
  /** Log of the container's run before its last restart. */
  readonly previousLog: EvidenceReading<LogReading>
  readonly node: EvidenceReading<NodeConditions>
  readonly application: EvidenceReading<ApplicationState>
  readonly quotas: EvidenceReading<readonly QuotaUsage[]>
  readonly service: EvidenceReading<DriverService>
  readonly sidecar: EvidenceReading<SidecarReport>
  readonly threads: EvidenceReading<readonly DumpedThread[]>
  readonly executors: EvidenceReading<ExecutorFigures>
  /** Spark's own configuration, `spark.properties` of the driver's ConfigMap. */
  readonly conf: EvidenceReading<ReadonlyMap<string, string>>
}

export interface DriverSubject {
  readonly namespace: string
  readonly pod: string | null
  /** Name of the SparkApplication. */
  readonly application: string | null
}

/**
 * A piece of evidence from a cluster or a bundle, with the name of its source for the report. `absent` is a known fact;
 * `unreadable` means that reading failed.
 */
export type EvidenceReading<T> =
  | { readonly kind: 'read'; readonly value: T; readonly source: string }
  /** Does not exist, or not in this state. For example, there is no previous log without a restart. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly source: string; readonly why: string }

export const absent: EvidenceReading<never> = { kind: 'absent' }

export function valueIn<T>(reading: EvidenceReading<T>): T | undefined {
  return reading.kind === 'read' ? reading.value : undefined
}

/** The names of all readings of an Evidence, in the order in which they are reported. */
export const readingNames = [
  'pod',
  'events',
  'log',
  'previousLog',
  'node',
  'application',
  'quotas',
  'service',
  'sidecar',
  'threads',
  'executors',
  'conf',
] as const satisfies readonly (keyof Evidence)[]

const logSourceNames = { log: 'driver.log', previousLog: 'previous.log' } as const

/** Lists what could not be read, including logs that were only partly read. */
export function listUnknowns(evidence: Evidence): readonly Unknown[] {
  return readingNames.flatMap((name) => {
    const reading: EvidenceReading<unknown> = evidence[name]
    if (reading.kind === 'unreadable') return [{ what: name, source: reading.source, why: reading.why }]
    if (name !== 'log' && name !== 'previousLog') return []
    const cut = valueIn(evidence[name])?.cut ?? null
    return cut === null ? [] : [{ what: name, source: logSourceNames[name], why: cut }]
  })
}

export interface Unknown {
  readonly what: string
  readonly source: string
  readonly why: string
}
