import type { SkipReason } from '../../../core/contract/skip-reasons.ts'
import type { ApplicationReference } from '../../../core/spark/application-reference.ts'

/**
 * What is kept of a driver pod: ten thousand of them must fit in a few tens of megabytes. Times are of the cluster's
 * clocks, in milliseconds since 1970; null stands for what is not there.
 */
export interface Driver {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly createdMs: number
  /** When the grace period of the deletion ends or ended. Null if the pod is not being deleted. */
  readonly deletionMs: number | null
  /** What must be removed before it goes. */
  readonly finalizers: readonly string[]
  /** What the application is called: by its SparkApplication, else by Spark's label, else the pod's own name. */
  readonly application: string
  /** Spark's id of the application, from the label `spark-app-selector`. */
  readonly applicationId: string | null
  readonly owner: ApplicationReference | null
  /** The pod's spark-nanny annotations. */
  readonly annotations: Readonly<Record<string, string>>
  readonly node: string | null
  readonly podIp: string | null
  readonly phase: PodPhase
  /** Why the pod is as it is: `Evicted`, `NodeLost`, the reason of a DisruptionTarget. */
  readonly reason: string | null
  /** When the pod was scheduled to a node. Null if it was not yet. */
  readonly scheduledMs: number | null
  /** Why the scheduler has not found a node. */
  readonly unscheduled: string | null
  /** Whether a scheduling gate is on the pod, as a queue sets it. */
  readonly gated: boolean
  /** Whether the pod's network is known not to be ready yet. Clusters before 1.29 do not report it. */
  readonly networkDown: boolean
  readonly ready: boolean
  /** Since when it is, or is not; null: never said. */
  readonly readySinceMs: number | null
  readonly driver: DriverContainer
  /** The port of the container that Spark names `spark-ui`, else Spark's own. */
  readonly uiPort: number
  readonly sidecar: DriverSidecar | null
  /** What keeps the webhook from injecting into such a pod, as far as the pod shows it. */
  readonly obstacle: SkipReason | null
  /** Whether the driver's arguments refer to the suffix of its application id. */
  readonly numbered: boolean
}

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'

export interface DriverContainer {
  readonly name: string
  readonly image: string
  readonly state: ContainerState
  readonly restarts: number
  /** How it ended before the present state; null: it has not yet. */
  readonly last: ContainerEnd | null
}

export type ContainerState =
  | { readonly kind: 'waiting'; readonly reason: string; readonly message: string }
  | { readonly kind: 'running'; readonly startedMs: number }
  | ({ readonly kind: 'ended' } & ContainerEnd)

export interface ContainerEnd {
  readonly exitCode: number
  readonly reason: string
  readonly message: string
  /** Null: a kubelet leaves it out where it restarted all containers. */
  readonly finishedMs: number | null
  /** For how long it had run; null: not known. */
  readonly ranForMs: number | null
}

export interface DriverSidecar extends DriverContainer {
  /** The version of spark-nanny that injected it; null: not written down. */
  readonly version: string | null
  /** Where it serves /status; null: nowhere (the pod is on its node's network, or its port was taken). */
  readonly statusPort: number | null
  /** It waits, and could be created: what comes before it is done. */
  readonly due: boolean
  /** When its image was replaced by the driver's, so that the driver could start, what it was, and why; empty: not known. */
  readonly bypass: { readonly atMs: number; readonly image: string; readonly reason: string } | null
}

/** Whether the pod has ended, one way or another, and will not run again. */
export const hasEnded = ({ phase }: Driver): boolean => phase === 'Succeeded' || phase === 'Failed'

/** Whether the driver runs and its pod is not being deleted. */
export const isRunning = (driver: Driver): boolean =>
  driver.driver.state.kind === 'running' && driver.deletionMs === null && !hasEnded(driver)

/** Identifies an application across its pods: the cluster has one application of a name per namespace. */
export const applicationKey = ({ namespace, application }: Pick<Driver, 'namespace' | 'application'>): string =>
  `${namespace}/${application}`

/** Identifies a driver pod in a queue. Another pod of the same name has the same key. */
export const driverKey = ({ namespace, name }: Pick<Driver, 'namespace' | 'name'>): string => `${namespace}/${name}`
