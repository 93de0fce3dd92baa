import { numberField, textField, toRecord } from '../../../../core/json.ts'
import { parseSparkApplication } from '../../../../core/spark/application.ts'
import type { ApplicationFacts } from '../facts/cluster-facts.ts'
import type { RefusalReason } from './refusal-reasons.ts'

/** How the operator reacts to a change. */
export type OperatorReaction =
  | {
      readonly kind: 'reruns'
      readonly text: string
      readonly undo: string
    }
  | { readonly kind: 'refuse'; readonly reason: RefusalReason; readonly detail: string }

/**
 * Predicts how the operator reacts to a change.
 *
 * kubeflow: any change of the spec, except of suspend and timeToLiveSeconds, sets the state INVALIDATING. This happens in
 * every state, COMPLETED included, and regardless of restartPolicy. The operator deletes the driver pod and the UI
 * Service, resets the status and submits again (internal/controller/sparkapplication/event_filter.go, controller.go, 2.5).
 *
 * Apache: the operator reads the spec when an attempt begins. A terminated application stays terminated
 * (SparkAppReconciler, AppCleanUpStep, AppInitStep, 0.9).
 */
export function predictReaction(change: 'memory' | 'rerun', application: ApplicationFacts): OperatorReaction {
  return application.operator === 'kubeflow' ? kubeflow(change, application) : apache(change, application)
}

/** The state as the operator names it. Null if the operator has not set one. */
export function readOperatorState({ operator, object }: ApplicationFacts): string | null {
  const { applicationState, currentState } = toRecord(object.status)
  return operator === 'kubeflow' ? textField(applicationState, 'state') : textField(currentState, 'currentStateSummary')
}

/** Whether the application has completed or is about to complete. */
export function hasCompleted(application: ApplicationFacts): boolean {
  const state = readOperatorState(application)
  if (application.operator === 'kubeflow') return state === 'COMPLETED' || state === 'SUCCEEDING'
  if (state === 'Succeeded') return true
  // The last state before the resources were released.
  const history = Object.entries(toRecord(toRecord(application.object.status).stateTransitionHistory))
    .toSorted(([a], [b]) => Number(a) - Number(b))
    .map(([, entry]) => textField(entry, 'currentStateSummary'))
    .filter((name) => !apacheTerminated.has(name ?? ''))
  return apacheTerminated.has(state ?? '') && history.at(-1) === 'Succeeded'
}

/** States in which kubeflow's operator is about to submit. Null is the state before the first one. */
export const isKubeflowActive: ReadonlySet<string | null> = new Set([null, 'INVALIDATING', 'PENDING_RERUN', 'RESUMING'])

const apacheTerminated: ReadonlySet<string> = new Set(['ResourceReleased', 'TerminatedWithoutReleaseResources'])

function kubeflow(change: 'memory' | 'rerun', application: ApplicationFacts): OperatorReaction {
  const state = readOperatorState(application)
  if (change === 'rerun' && isRetried(application, state)) {
    const detail = `the operator reruns it after ${state} according to its restartPolicy, without any change`
    return { kind: 'refuse', reason: 'operator-retries', detail }
  }
  return {
    kind: 'reruns',
    text: `The operator reruns the application after any change of the spec, in state ${state} too, regardless of restartPolicy. It enters INVALIDATING, deletes the driver pod, enters PENDING_RERUN and submits again. The operator must be running when the change is made.`,
    undo: 'Reverting changes the spec again, which reruns the application',
  }
}

/** Like ShouldRetry in pkg/util/sparkapplication.go. */
function isRetried({ object }: ApplicationFacts, state: string | null): boolean {
  const { restartPolicy } = toRecord(object.spec)
  const type = textField(restartPolicy, 'type')
  const [most, done] =
    state === 'FAILING'
      ? [numberField(restartPolicy, 'onFailureRetries'), numberField(object.status, 'executionAttempts')]
      : [numberField(restartPolicy, 'onSubmissionFailureRetries'), numberField(object.status, 'submissionAttempts')]
  if (state !== 'FAILING' && state !== 'SUBMISSION_FAILED') return false
  return type === 'Always' || (type === 'OnFailure' && most !== null && (done ?? 0) <= most)
}

function apache(change: 'memory' | 'rerun', application: ApplicationFacts): OperatorReaction {
  const state = readOperatorState(application)
  const policy = parseSparkApplication(application.object)?.restartPolicy ?? { kind: 'never' }
  const continues = state === 'ScheduledToRestart' || (!apacheTerminated.has(state ?? '') && policy.kind !== 'never')
  if (!continues) {
    const detail = `in state ${state} Apache’s operator ignores changes of the spec; delete the application and create it again`
    return { kind: 'refuse', reason: 'operator-does-not-rerun', detail }
  }
  if (change === 'rerun') {
    const detail = `Apache’s operator starts the next attempt after ${state} according to its restartConfig, without any change`
    return { kind: 'refuse', reason: 'operator-retries', detail }
  }
  return {
    kind: 'reruns',
    text: 'Apache’s operator reads the spec when its restartConfig starts the next attempt. The change itself does not start an attempt.',
    undo: 'Revert the change; this does not start an attempt',
  }
}
