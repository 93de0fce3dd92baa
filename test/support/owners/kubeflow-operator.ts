import { driverContainerName, type ObservedPod } from './pod-status.ts'

/**
 * What kubeflow's spark-operator does with the driver of an application: a transcription of GetDriverState, ShouldRetry,
 * updateDriverState, the reconciliations of its states, and the event filter of pods, which passes only changes of the phase
 * (2.5.2, August 2026). Pure: the caller creates and deletes the pods.
 */

export type KubeflowState =
  | 'NEW'
  | 'SUBMITTED'
  | 'RUNNING'
  | 'SUCCEEDING'
  | 'FAILING'
  | 'PENDING_RERUN'
  | 'COMPLETED'
  | 'FAILED'
  | 'UNKNOWN'

export interface KubeflowApplication {
  readonly state: KubeflowState
  /** Every state that the application had, without repetitions. */
  readonly history: readonly KubeflowState[]
  /** `status.executionAttempts`. */
  readonly attempts: number
}

export interface KubeflowSpec {
  readonly restartPolicy: 'Never' | 'OnFailure' | 'Always'
  readonly onFailureRetries: number
}

/** What the operator does in the cluster after a reconciliation. */
export type KubeflowAction = 'submit' | 'delete-driver' | null

export interface KubeflowStep {
  readonly application: KubeflowApplication
  readonly action: KubeflowAction
}

export const newKubeflowApplication: KubeflowApplication = { state: 'NEW', history: ['NEW'], attempts: 0 }

/** The event filter: an update is passed on only if the phase has changed, for drivers and executors alike. */
export function passesFilter(before: ObservedPod | null, after: ObservedPod | null): boolean {
  return before === null || after === null || before.status?.phase !== after.status?.phase
}

/** GetDriverState, and the state of the application that it leads to. */
export function readDriverState(pod: ObservedPod): KubeflowState {
  const { phase, containerStatuses = [] } = pod.status ?? {}
  const exitCode = containerStatuses.find(({ name }) => name === driverContainerName)?.state?.terminated?.exitCode
  switch (phase) {
    case 'Pending':
      return 'SUBMITTED'
    case 'Running':
      if (exitCode === undefined) return 'RUNNING'
      return exitCode === 0 ? 'SUCCEEDING' : 'FAILING'
    case 'Succeeded':
      return 'SUCCEEDING'
    case 'Failed':
      return exitCode === 0 ? 'SUCCEEDING' : 'FAILING'
    default:
      return 'UNKNOWN'
  }
}

function shouldRetry({ state, attempts }: KubeflowApplication, spec: KubeflowSpec): boolean {
  if (spec.restartPolicy === 'Always') return true
  return state === 'FAILING' && spec.restartPolicy === 'OnFailure' && attempts <= spec.onFailureRetries
}

/** One reconciliation, with the driver's pod as it is now; null if there is none. Its grace periods are over. */
export function reconcileKubeflow(
  application: KubeflowApplication,
  pod: ObservedPod | null,
  spec: KubeflowSpec,
): KubeflowStep {
  const become = (state: KubeflowState, action: KubeflowAction = null): KubeflowStep => ({
    application: {
      state,
      history: state === application.state ? application.history : [...application.history, state],
      attempts: application.attempts + (action === 'submit' ? 1 : 0),
    },
    action,
  })
  switch (application.state) {
    case 'NEW':
      return become('SUBMITTED', 'submit')
    case 'SUBMITTED':
    case 'RUNNING':
    case 'UNKNOWN':
      return become(pod === null ? 'FAILING' : readDriverState(pod))
    case 'SUCCEEDING':
    case 'FAILING':
      if (shouldRetry(application, spec)) return become('PENDING_RERUN', 'delete-driver')
      return become(application.state === 'FAILING' ? 'FAILED' : 'COMPLETED')
    case 'PENDING_RERUN':
      return pod === null ? become('SUBMITTED', 'submit') : become('PENDING_RERUN')
    case 'COMPLETED':
    case 'FAILED':
      return become(application.state)
  }
}
