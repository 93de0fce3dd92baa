import { formatDeletionReason } from '../../../core/contract/deletion-history.ts'
import { failureDetail, type WriteResult } from '../../../kubernetes/write-result.ts'
import { type DeletionReason, toDeletionCause } from '../assess/deletion-reason.ts'
import type { ActionTask } from '../decide/action-task.ts'
import { type DeletionEvent, nextDeletionState } from '../decide/deletion-state.ts'
import { withPendingConfirmation } from '../decide/driver-state.ts'
import type { ActionDeps } from './action-deps.ts'
import { describeDeletionReason } from './event-messages.ts'

type DeletePodDeps = Pick<ActionDeps, 'writer' | 'journal' | 'recorder' | 'metrics' | 'nowMs'>

/**
 * Deletes the pod of a driver. The deletion is recorded on the SparkApplication before the request is sent, so that the
 * next leader counts it even if this process or the response is lost. `isStillNeeded` is asked right before the request,
 * because recording the deletion may take seconds.
 */
export async function deletePod(
  task: ActionTask,
  reason: DeletionReason,
  isStillNeeded: () => Promise<boolean>,
  deps: DeletePodDeps,
): Promise<WriteResult> {
  const { driver } = task
  const intent = await recordIntent(task, reason, deps)
  if (intent.kind !== 'ok') return cancel(task, intent, deps)
  if (!(await isStillNeeded())) return cancel(task, { kind: 'conflict' }, deps)
  task.state.deletionCause = toDeletionCause(reason)
  apply(task, 'request-sent')
  const result = await withPendingConfirmation(task.state, () => deps.writer.deletePod(driver))
  if (result.kind === 'ok') confirm(task, reason, deps)
  else if (result.kind === 'failed' && result.outcomeUnknown) awaitConfirmation(task, reason, deps)
  else recordRefusal(task, deps)
  if (result.kind === 'failed') {
    deps.recorder.recordDecision(task, { action: 'delete-pod', result: 'failed', details: failureDetail(result) })
  }
  return result
}

function apply({ state }: ActionTask, event: DeletionEvent): void {
  state.deletion = nextDeletionState(state.deletion, event)
}

async function recordIntent(
  task: ActionTask,
  reason: DeletionReason,
  { journal, nowMs }: DeletePodDeps,
): Promise<WriteResult> {
  const { driver, context } = task
  const deletion = { atMs: nowMs(), uid: driver.uid, reason: formatDeletionReason(reason) }
  const result = await journal.recordIntent(driver, context.application, deletion)
  if (result.kind === 'ok') apply(task, 'intent-recorded')
  return result
}

/** No request was sent. */
function cancel(task: ActionTask, result: WriteResult, { journal }: DeletePodDeps): WriteResult {
  apply(task, 'not-carried-out')
  journal.recordOutcome(task.driver, 'not-sent')
  return result
}

/** The API server did not accept the request. */
function recordRefusal(task: ActionTask, { journal }: DeletePodDeps): void {
  apply(task, 'not-carried-out')
  journal.recordOutcome(task.driver, 'refused')
}

/** The response was lost, so that the watch must show whether the pod was deleted. */
function awaitConfirmation(task: ActionTask, reason: DeletionReason, deps: DeletePodDeps): void {
  apply(task, 'response-lost')
  deps.journal.recordOutcome(task.driver, 'unanswered')
  task.state.pendingConfirmation = {
    tookEffect: (now) => now === undefined || now.deletionMs !== null,
    confirm: () => confirm(task, reason, deps),
  }
}

function confirm(task: ActionTask, reason: DeletionReason, { recorder, metrics }: DeletePodDeps): void {
  apply(task, 'confirmed')
  // The predecessor's metric counts only drivers that hung.
  if (reason.source !== 'stuck') metrics.recordKill(task.context.metricsApp)
  recorder.recordDecision(task, { action: 'delete-pod', result: 'ok' })
  const message = `${describeDeletionReason(reason)}. spark-nanny deleted the pod so that the driver is started again.`
  const dedupKey = task.driver.uid
  recorder.publishWithRetry(task, { type: 'Warning', reason: 'SparkNannyPodDeleted', message, dedupKey })
}
