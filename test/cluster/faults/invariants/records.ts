import type { SimulatedPod } from '../scenarios/simulated-pod.ts'

/** What must happen to a driver pod. */
export type Expected =
  /** A healthy pod: not deleted, and unchanged except for annotations. */
  | 'untouched'
  /** Unchanged, and without an Event. */
  | 'ignored'
  | 'deleted'
  | 'deleted-or-reported'
  /** Not deleted, with an Event that gives the reason. */
  | 'reported'
  | 'sidecar-bypassed'
  | 'stuck'

export interface PodRecord {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly scenario: string
  readonly application: string | null
  readonly expected: Expected
  /** Why the pod proves nothing: the test itself was too slow for its part. */
  inconclusive: string | null
  /** Its simulated owner deleted it, or the run is over. */
  deletedByTest: boolean
}

export interface ExecutorRecord {
  readonly uid: string
  readonly name: string
  /** Whether it belongs to an earlier attempt of the driver. */
  readonly old: boolean
  readonly driver: SimulatedPod
}
