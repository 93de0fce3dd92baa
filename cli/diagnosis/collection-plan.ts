import { listField, numberField, toRecord } from '../../core/json.ts'
import { type DriverPod, parseDriverPod } from '../evidence/driver-pod.ts'
import { type EvidenceReading, valueIn } from '../evidence/evidence.ts'
import type { LogRequest } from './collect-log.ts'
import type { FoundDriver } from './find-driver.ts'

/** What to read about a driver, in addition to its pod and its SparkApplication. */
export interface CollectionPlan {
  /** Names of the objects whose Events to read. Operators write Events to the SparkApplication. */
  readonly eventsOf: readonly string[]
  /** Null if the pod is not on a node. */
  readonly node: string | null
  /** Name of the driver's ConfigMap. Null if there is none. */
  readonly confMap: string | null
  /** The pod that owns the driver's Service. Null if there is no pod. */
  readonly serviceOwner: DriverPod | null
  /** The pod whose sidecar to read. Null if no sidecar runs. */
  readonly sidecarOf: DriverPod | null
  /** The pod and port of the Spark UI. Null if the driver does not run. */
  readonly ui: { readonly pod: DriverPod; readonly port: number } | null
}

/** Decides what to read, depending on the driver's pod. */
export function planCollection({ pod: reading, podName, applicationName }: FoundDriver): CollectionPlan {
  const pod = reading.kind === 'read' ? (parseDriverPod(reading.value) ?? null) : null
  const names = [podName, applicationName].filter((name) => name !== null)
  const hasRunningSidecar = pod?.hasSidecar === true && pod.phase === 'Running'
  return {
    eventsOf: [...new Set(names)],
    node: pod?.node ?? null,
    confMap: pod?.confMap ?? null,
    serviceOwner: pod,
    sidecarOf: hasRunningSidecar ? pod : null,
    ui: pod?.driver.state.kind === 'running' ? { pod, port: readUiPort(reading) } : null,
  }
}

/** The log to read. Null if the pod is unknown, or if the container has no previous run. */
export function planLog(
  pod: DriverPod | undefined,
  namespace: string,
  previous: boolean,
  keep: boolean,
): LogRequest | null {
  if (pod === undefined || (previous && pod.driver.restarts === 0)) return null
  return { namespace, pod: pod.name, container: pod.driver.name, previous, keep }
}

/** The container port that Spark names spark-ui, or Spark's default port. */
export function readUiPort(pod: EvidenceReading<unknown>): number {
  const containers = listField(toRecord(valueIn(pod)).spec, 'containers')
  const ports = containers.flatMap((container) => listField(container, 'ports'))
  const uiPort = ports.find(({ name }) => name === 'spark-ui')
  return numberField(uiPort, 'containerPort') ?? 4040
}
