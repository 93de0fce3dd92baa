import type { SkipReason } from '../../../core/contract/skip-reasons.ts'
import type { ApplicationReference } from '../../../core/spark/application-reference.ts'
import type { InjectionProof } from '../../injection/proof.ts'

/**
 * The part of a driver pod that is kept in memory: ten thousand of them must fit in a few tens of megabytes. Times are
 * by the cluster's clocks, in milliseconds since 1970. Null means that the pod does not have the value.
 */
export interface Driver {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly createdMs: number
  /** When the grace period of the deletion ends or ended. Null if the pod is not being deleted. */
  readonly deletionMs: number | null
  /** The finalizers that must be removed before the pod is. */
  readonly finalizers: readonly string[]
  /** The name of the application: from its SparkApplication, else from Spark's label, else the pod's name. */
  readonly application: string
  /** Spark's id of the application, from the label `spark-app-selector`. */
  readonly applicationId: string | null
  readonly owner: ApplicationReference | null
  /** The pod's spark-nanny annotations. */
  readonly annotations: Readonly<Record<string, string>>
  readonly node: string | null
  readonly podIp: string | null
  readonly phase: PodPhase
  /** The reason in the status, such as `Evicted` or `NodeLost`, or that of the condition DisruptionTarget. */
  readonly reason: string | null
  /** When the pod was scheduled to a node. Null if it is not scheduled yet. */
  readonly scheduledMs: number | null
  /** Why the scheduler has not found a node. */
  readonly unscheduled: string | null
  /** Whether a scheduling gate is on the pod, as a queue sets it. */
  readonly gated: boolean
  /** Whether the pod's network is known not to be ready yet. Clusters before 1.29 do not report it. */
  readonly networkDown: boolean
  readonly ready: boolean
  /** Since when `ready` has its value. Null if the pod has no Ready condition yet. */
  readonly readySinceMs: number | null
  readonly driver: DriverContainer
  /** The container port that Spark names `spark-ui`, or Spark's default port. */
  readonly uiPort: number
  readonly sidecar: DriverSidecar | null
  /** Why the webhook would skip such a pod, as far as the pod shows it. */
  readonly obstacle: SkipReason | null
  /**
   * Why spark-nanny only observes the pod, as far as the pod shows it. `unproven`: it may not be a cluster-mode driver, unless
   * the setting assume-driver vouches for it. `hangs-only-reported`: the sidecar's policy says so, or would say so.
   */
  readonly observed: 'unproven' | 'hangs-only-reported' | null
  /** Whether a proxy of a service mesh takes the connections to the pod. */
  readonly behindProxy: boolean
  /** Whether it shares the ports of its node, among them the UI's, with other pods. */
  readonly hostNetwork: boolean
  /** Whether the driver's arguments refer to the suffix of its application id. */
  readonly numbered: boolean
}

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'

export interface DriverContainer {
  readonly name: string
  /** Empty if it is unknown, or longer than any image. */
  readonly image: string
  readonly state: ContainerState
  readonly restarts: number
  /** How the container ended before its present state. Null if it did not end before. */
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
  /** Null if the kubelet omitted it, as it does after it restarted all containers. */
  readonly finishedMs: number | null
  /** How long the container had run. Null if unknown. */
  readonly ranForMs: number | null
}

export interface DriverSidecar extends DriverContainer {
  /** What the pod has as a proof that this installation injected the sidecar; not verified. Null if it has none. */
  readonly proof: InjectionProof | null
  /** The version of spark-nanny that injected the sidecar. Null if the pod does not record it. */
  readonly version: string | null
  /** The port of `/status`. Null if there is none, because the pod uses the host network or the port was in use. */
  readonly statusPort: number | null
  /** Whether the sidecar waits although everything that must come before it is done. */
  readonly due: boolean
  /** When and why the sidecar's image was replaced by the driver's, and the original image. Empty texts are unknown. */
  readonly bypass: { readonly atMs: number; readonly image: string; readonly reason: string } | null
}

/** Whether the pod has ended, with or without success, and will not run again. */
export const hasEnded = ({ phase }: Driver): boolean => phase === 'Succeeded' || phase === 'Failed'

/** Whether the driver runs and its pod is not being deleted. */
export const isRunning = (driver: Driver): boolean =>
  driver.driver.state.kind === 'running' && driver.deletionMs === null && !hasEnded(driver)

/** Identifies an application across its pods: the cluster has one application of a name per namespace. */
export const applicationKey = ({ namespace, application }: Pick<Driver, 'namespace' | 'application'>): string =>
  `${namespace}/${application}`

/** Identifies a driver pod in a queue. Another pod of the same name has the same key. */
export const driverKey = ({ namespace, name }: Pick<Driver, 'namespace' | 'name'>): string => `${namespace}/${name}`
