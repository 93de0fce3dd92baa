import type { WriteResult } from '../../../kubernetes/write-result.ts'
import type { ActionTask } from '../decide/action-task.ts'
import { type BlockReason, blockReasons } from '../decide/block-reasons.ts'
import type { Choice } from '../decide/choose-action.ts'
import type { ActionDeps } from './action-deps.ts'
import { describeDeletionReason } from './event-messages.ts'

type DryRun = Extract<Choice, { kind: 'dry-run' }>
type Blocked = Extract<Choice, { kind: 'blocked' }>

/** Publishes that the pod would be deleted if this were not a dry run. */
export function explainDryRun(
  task: ActionTask,
  { reason }: DryRun,
  { recorder }: Pick<ActionDeps, 'recorder'>,
): Promise<WriteResult> {
  const message = `${describeDeletionReason(reason)}. spark-nanny did not delete the pod, because it runs in dry-run mode.`
  const dedupKey = `${task.driver.uid} dry-run${hangSuffix(task)}`
  return recorder.publish(task, { type: 'Warning', reason: 'SparkNannyDeletionBlocked', message, dedupKey })
}

/** Publishes which safeguard blocks the deletion of the pod. */
export function explainBlock(
  task: ActionTask,
  { reason, blockReason }: Blocked,
  { recorder }: Pick<ActionDeps, 'recorder'>,
): Promise<WriteResult> {
  const pause = blockReason === 'paused' ? ` (${task.context.pause?.reason || 'no reason is given'})` : ''
  const message = `${describeDeletionReason(reason)}. spark-nanny did not delete the pod: ${blockReasons[blockReason]}${pause}.`
  const dedupKey = `${blockReason}${hangSuffix(task)}`
  return recorder.publish(task, { type: 'Warning', reason: 'SparkNannyDeletionBlocked', message, dedupKey }, true)
}

/**
 * Logs and counts a choice that changes nothing in the cluster, once for each change. Its Event may be published later,
 * since the API server may be slow to accept Events of other drivers.
 */
export function recordBlockedDeletion(
  task: ActionTask,
  { recorder, metrics }: Pick<ActionDeps, 'recorder' | 'metrics'>,
): void {
  const { choice } = task
  if (choice.kind === 'dry-run') recorder.recordDecision(task, { action: 'delete-pod', result: 'dry-run' })
  if (choice.kind !== 'blocked') return
  const { blockReason } = choice
  const decision = { action: 'delete-pod', result: 'suppressed', details: { why: blockReason } } as const
  if (recorder.isRecorded(task, decision)) return
  recorder.recordDecision(task, decision)
  const scope = exhaustedScope(blockReason)
  if (scope !== undefined) metrics.recordExhaustedBudget(scope)
}

const budgetScopes = ['application', 'namespace', 'cluster'] as const

const exhaustedScope = (blockReason: BlockReason) => budgetScopes.find((scope) => blockReason === `${scope}-budget`)

/** Empty for the first hang, so that successive leaders publish the same Event once. */
const hangSuffix = ({ state }: ActionTask) => (state.hangCount > 1 ? ` ${state.hangCount}` : '')
