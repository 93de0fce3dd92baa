import type { Log } from '../../../core/log.ts'
import type { KubernetesApi } from '../../../kubernetes/api.ts'
import type { ControllerMetrics } from '../metrics/metrics.ts'
import type { ClusterWriter } from './cluster-writer.ts'
import type { DeletionJournal } from './deletion-journal.ts'
import type { EventRecorder } from './event-recorder.ts'

/** The effects that actions use. */
export interface ActionDeps {
  readonly api: KubernetesApi
  readonly writer: ClusterWriter
  readonly journal: Pick<DeletionJournal, 'recordIntent' | 'recordOutcome'>
  readonly recorder: EventRecorder
  readonly metrics: ControllerMetrics
  readonly log: Log
  nowMs(): number
}
