import type { LivePod } from '../lives/live-pod.ts'

/** What must, and must not, become of one driver pod. */
export type Expected =
  /** It is well: not deleted, and nothing of it changed but annotations. */
  | 'left-alone'
  /** As that, and no Event either. */
  | 'ignored'
  | 'deleted'
  | 'deleted-or-told'
  /** Left alone, with an Event that says why. */
  | 'told'
  | 'rescued'
  | 'stuck'

export interface PodRecord {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly life: string
  readonly application: string | null
  readonly expected: Expected
  /** The test itself was too slow to play its part: why; nothing is concluded from this pod. */
  excuse: string | null
  /** Its owner deleted it, or the run is over. */
  deletedByUs: boolean
}

export interface ExecutorRecord {
  readonly uid: string
  readonly name: string
  /** Of a driver that ran before. */
  readonly old: boolean
  readonly driver: LivePod
}
