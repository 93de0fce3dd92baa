import { failureDetail, type WriteResult } from '../../../kubernetes/write-result.ts'
import type { ActionTask } from '../decide/action-task.ts'
import type { ActionDeps } from './action-deps.ts'
import { describeAssessment } from './event-messages.ts'

/** Publishes the Event of an assessment that needs no other action. */
export async function reportAssessment(
  task: ActionTask,
  { recorder }: Pick<ActionDeps, 'recorder'>,
): Promise<WriteResult> {
  const event = describeAssessment(task.assessment, task.driver)
  if (event === undefined) return { kind: 'ok' }
  // The end of a driver also concerns those who look at its application only.
  const result = await recorder.publish(task, event, task.assessment.kind === 'ended-for-hang')
  const details = failureDetail(result)
  recorder.recordDecision(task, { action: 'report', result: result.kind === 'failed' ? 'failed' : 'ok', details })
  return result
}
