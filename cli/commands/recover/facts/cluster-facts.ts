import type { Pod } from '../../../../core/kubernetes/pod.ts'
import type { SparkOperator } from '../../../../core/spark/application.ts'
import type { ApiReading } from '../../../cluster/reading.ts'
import type { KubernetesObject } from '../../../manifests/manifests.ts'
import type { NodeRoom } from '../../../workload/node-room.ts'

/** What a plan needs in addition to the evidence: the objects that it would change, and the limits for memory. */
export interface ClusterFacts {
  /** Null if there is none. */
  readonly application: ApplicationFacts | null
  /** Null if there is none. */
  readonly pod: LivePod | null
  readonly namespaceAnnotations: ApiReading<Readonly<Record<string, string>>>
  readonly nodes: ApiReading<readonly NodeRoom[]>
  readonly limitRanges: ApiReading<readonly unknown[]>
  readonly quotas: ApiReading<readonly unknown[]>
}

export interface ApplicationFacts {
  readonly operator: SparkOperator
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly generation: number | null
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** The owners as `kind/name`. */
  readonly owners: readonly string[]
  readonly deleting: boolean
  readonly object: KubernetesObject
}

export interface LivePod {
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly annotations: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly ownerUids: readonly string[]
  readonly finalizers: readonly string[]
  /** Whether the phase is Failed or Succeeded, so that no container runs or will run. */
  readonly ended: boolean
  /** Undefined if the object is malformed. */
  readonly pod: Pod | undefined
}
