import { failureDetail, type WriteResult } from '../../../kubernetes/write-result.ts'
import { formatBypassReason } from '../assess/startup-blocked.ts'
import type { ActionTask } from '../decide/action-task.ts'
import { withPendingConfirmation } from '../decide/driver-state.ts'
import type { ActionDeps } from './action-deps.ts'
import { describeAssessment, describeRefusedBypass } from './event-messages.ts'

/** Replaces the image of a sidecar that does not start by the driver's own, so that the driver can start. */
export async function bypassSidecar(
  task: ActionTask,
  image: string,
  { writer, recorder }: Pick<ActionDeps, 'writer' | 'recorder'>,
): Promise<WriteResult> {
  const { driver, assessment, state } = task
  const cause = assessment.kind === 'startup-blocked' ? formatBypassReason(assessment.cause) : ''
  const images = { from: driver.sidecar?.image, to: image }
  const confirm = () => {
    state.bypassed = true
    recorder.recordDecision(task, { action: 'bypass-sidecar', result: 'ok', details: images })
    const event = describeAssessment(assessment, driver)
    if (event !== undefined) recorder.publishWithRetry(task, event)
  }
  const result = await withPendingConfirmation(state, () => writer.replaceSidecarImage(driver, image, cause))
  if (result.kind === 'ok') confirm()
  if (result.kind !== 'failed') return result
  const details = { ...images, ...failureDetail(result) }
  recorder.recordDecision(task, { action: 'bypass-sidecar', result: 'failed', details })
  if (result.forbidden === true && assessment.kind === 'startup-blocked') {
    recorder.publishWithRetry(task, describeRefusedBypass(assessment.cause, result.detail))
  }
  if (result.outcomeUnknown) {
    state.pendingConfirmation = { tookEffect: (now) => now !== undefined && now.sidecar?.bypass !== null, confirm }
  }
  return result
}
