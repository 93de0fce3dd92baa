import { toRecord } from '../../../../core/json.ts'
import { parseSparkApplication } from '../../../../core/spark/application.ts'
import { numberField, textField } from '../../../evidence/fields.ts'
import type { ApplicationFacts } from '../facts/cluster-facts.ts'
import type { RefusalReason } from './refusal-reasons.ts'

/** What the operator makes of a change. */
export type OperatorReaction =
  | {
      readonly kind: 'reruns'
      readonly text: string
      readonly undo: string
    }
  | { readonly kind: 'refuse'; readonly reason: RefusalReason; readonly detail: string }

/**
 * kubeflow: a change of the spec, but for suspend and timeToLiveSeconds, sets the state INVALIDATING, in whatever state
 * the application is, COMPLETED too, and whatever its restartPolicy says: driver pod and UI Service are deleted, the
 * status reset, and it is submitted again (internal/controller/sparkapplication/event_filter.go, controller.go, 2.5).
 * Apache: the spec is read when an attempt begins; a terminated application stays so (SparkAppReconciler,
 * AppCleanUpStep, AppInitStep, 0.9).
 */
export function predictReaction(change: 'memory' | 'rerun', application: ApplicationFacts): OperatorReaction {
  return application.operator === 'kubeflow' ? kubeflow(change, application) : apache(change, application)
}

/** The state as the operator calls it; null: it has told none. */
export function parseApplicationState({ operator, object }: ApplicationFacts): string | null {
  const { applicationState, currentState } = toRecord(object.status)
  return operator === 'kubeflow' ? textField(applicationState, 'state') : textField(currentState, 'currentStateSummary')
}

/** Whether it has ended well, or is about to have. */
export function hasCompleted(application: ApplicationFacts): boolean {
  const state = parseApplicationState(application)
  if (application.operator === 'kubeflow') return state === 'COMPLETED' || state === 'SUCCEEDING'
  if (state === 'Succeeded') return true
  // The last state before the resources were released.
  const history = Object.entries(toRecord(toRecord(application.object.status).stateTransitionHistory))
    .toSorted(([a], [b]) => Number(a) - Number(b))
    .map(([, entry]) => textField(entry, 'currentStateSummary'))
    .filter((name) => !apacheTerminated.has(name ?? ''))
  return apacheTerminated.has(state ?? '') && history.at(-1) === 'Succeeded'
}

/** States in which kubeflow's operator is about to submit. */
export const isKubeflowActive: ReadonlySet<string | null> = new Set([null, 'INVALIDATING', 'PENDING_RERUN', 'RESUMING'])

const apacheTerminated: ReadonlySet<string> = new Set(['ResourceReleased', 'TerminatedWithoutReleaseResources'])

function kubeflow(change: 'memory' | 'rerun', application: ApplicationFacts): OperatorReaction {
  const state = parseApplicationState(application)
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

/** As ShouldRetry of pkg/util/sparkapplication.go. */
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
  const state = parseApplicationState(application)
  const policy = parseSparkApplication(application.object)?.restartPolicy ?? { kind: 'never' }
  const goesOn = state === 'ScheduledToRestart' || (!apacheTerminated.has(state ?? '') && policy.kind !== 'never')
  if (!goesOn) {
    const detail = `in state ${state} Apache’s operator ignores changes of the spec; delete the application and create it again`
    return { kind: 'refuse', reason: 'operator-does-not-rerun', detail }
  }
  if (change === 'rerun') {
    const detail = `its restartConfig has Apache’s operator make the next attempt after ${state}, without any change`
    return { kind: 'refuse', reason: 'operator-retries', detail }
  }
  return {
    kind: 'reruns',
    text: 'Apache’s operator reads the spec when the next attempt begins, which its restartConfig has it make; the change itself starts none.',
    undo: 'Revert the change; this does not start an attempt',
  }
}
