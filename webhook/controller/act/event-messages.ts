import { formatDuration } from '../../../core/duration.ts'
import type { SettingProblem } from '../../../core/settings/settings.ts'
import { command } from '../../../core/shell-command.ts'
import type { EventContent } from '../../../kubernetes/event.ts'
import type { Assessment } from '../assess/assess.ts'
import type { UnprotectedReason } from '../assess/coverage.ts'
import type { DeletionReason } from '../assess/deletion-reason.ts'
import type { StartupBlock } from '../assess/startup-blocked.ts'
import { type Deadline, type Stuck, type StuckReason, stuckDedupKey } from '../assess/startup-delay.ts'
import type { TerminationBlocker } from '../assess/stuck-termination.ts'
import type { Driver } from '../driver/driver.ts'

/** For readers of `kubectl describe pod`: what happened, why, and what to do. */
const unprotectedMessage: Readonly<Record<UnprotectedReason, string>> = {
  'not-injected':
    'Driver has no spark-nanny sidecar, so a hang may go undetected. The pod was created before its namespace was labelled, or the webhook was unavailable or skipped it (see the admission warning). Resubmit the driver to protect it, or set spark-nanny.io/inject=false to opt out.',
  skipped:
    'Driver has no spark-nanny sidecar, so a hang may go undetected. The webhook could not inject it; the admission warning and the webhook log give the reason. Set spark-nanny.io/inject=false to opt out.',
  'sidecar-bypassed':
    'Sidecar could not start and was bypassed, so that the driver could start. A hang may go undetected. Make sure that the nodes can pull the sidecar image, then resubmit the driver to protect it.',
  'sidecar-crash-loop':
    'Sidecar is crash-looping; the driver keeps running but is not Ready, and a hang may go undetected. Check kubectl logs --previous -c spark-nanny. The memory limit (spark-nanny.io/sidecar-memory-limit) may be too low, or the image may be unavailable.',
}

const judgedFromOutsideMessage =
  'Driver has no spark-nanny sidecar, because Apache’s operator would take a sidecar that fails for a failed driver. The controller polls the Spark UI instead, and reports a hang. It deletes the pod of a hung driver only if SPARK_NANNY_FALLBACK is auto or delete, and the application is restarted.'

const stuckDescription: Readonly<Record<StuckReason, string>> = {
  pending: 'Driver pod cannot be scheduled',
  'image-pull': 'Driver image cannot be pulled',
  'container-creating': 'Driver container cannot be created',
  terminating: 'Driver pod is stuck in Terminating',
}

/** What to do about a pod that does not terminate. An option that only a person may choose is named with its risk. */
const terminationAdvice: Readonly<Record<TerminationBlocker, (driver: Driver) => string>> = {
  finalizers: () => 'The controllers that set the finalizers must remove them',
  'node-gone': () => 'Kubernetes removes the pods of deleted nodes within minutes',
  'node-not-ready': ({ namespace, name, node }) =>
    `The driver may still run there, so no replacement is started: two drivers could write at the same time. The pod terminates when the node returns. If the node is known to be off, run ${command`kubectl taint nodes ${node ?? 'NODE'} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute`} (or delete the Node), and Kubernetes removes its pods. ${command`kubectl delete pod -n ${namespace} ${name} --force`} does not stop the driver`,
  'node-ready': () =>
    'Check the Events of the pod and the kubelet log for a process that cannot be killed or a volume that cannot be unmounted',
  unknown: () => 'Check its node and its finalizers',
}

/** Why a pod is, or would be, deleted. */
export function describeDeletionReason(cause: DeletionReason): string {
  const { detail } = cause
  if (cause.source === 'stuck') {
    return `${stuckDescription[cause.reason]} for longer than its settings allow (${detail})`
  }
  return `${cause.certainty === 'certain' ? 'Driver hangs' : 'Driver may hang'} (${detail})`
}

/** The Event of an assessment that is only reported; undefined if it has none. */
export function describeAssessment(assessment: Assessment, driver: Driver): EventContent | undefined {
  switch (assessment.kind) {
    case 'unprotected':
      return {
        type: 'Warning',
        reason: assessment.reason === 'sidecar-crash-loop' ? 'SparkNannySidecarCrashLoop' : 'SparkNannyUnprotected',
        message: unprotectedMessage[assessment.reason],
        dedupKey: assessment.reason,
      }
    case 'judged-from-outside':
      return {
        type: 'Normal',
        reason: 'SparkNannyJudgedFromOutside',
        message: judgedFromOutsideMessage,
        dedupKey: assessment.kind,
      }
    case 'invalid-settings':
      return describeInvalidSettings(assessment.problems)
    case 'stuck':
      return describeStuck(assessment.stuck, assessment.deadline, driver)
    case 'startup-blocked': {
      const { reason, detail } = assessment.cause
      const isBypassed = driver.sidecar?.bypass !== null
      const outcome = isBypassed
        ? 'Replacing its image with the driver image did not help'
        : 'Its image is replaced with the driver image, so that the driver can start'
      const message = `Sidecar cannot start (${reason}: ${detail}) and blocks the driver. ${outcome}.`
      return { type: 'Warning', reason: 'SparkNannyStartupBlocked', message, dedupKey: String(isBypassed) }
    }
    case 'ended-for-hang': {
      const { message, finishedMs } = assessment.end
      const text = `Driver hung and was ended${message === '' ? '' : ` (${message.trim()})`}.`
      return { type: 'Warning', reason: 'SparkNannyDriverHung', message: text, dedupKey: String(finishedMs) }
    }
    case 'restarted':
    case 'hung':
      return undefined
  }
}

/** `refusal`: the response of the API server to the bypass of a sidecar, which does not allow it. */
export function describeRefusedBypass({ reason, detail }: StartupBlock, refusal: string): EventContent {
  const message = `Sidecar cannot start (${reason}: ${detail}) and blocks the driver. The API server does not allow spark-nanny to replace its image with the driver image: ${refusal}. Allow it, or delete the pod and set spark-nanny.io/inject=false.`
  return { type: 'Warning', reason: 'SparkNannyStartupBlocked', message, dedupKey: 'bypass-refused' }
}

function describeStuck(stuck: Stuck, deadline: Deadline | null, driver: Driver): EventContent {
  const { reason, detail, blocker } = stuck
  const message = `${stuckDescription[reason]} (${detail}). ${nextStep()}`
  return { type: 'Warning', reason: 'SparkNannyDriverStuck', message, dedupKey: stuckDedupKey(stuck) }

  function nextStep(): string {
    if (blocker !== undefined) return `${terminationAdvice[blocker](driver)}. No pod is force-deleted.`
    if (deadline === null) return 'No action configured.'
    return `Pod will be deleted after ${formatDuration(deadline.afterMs)} (${deadline.key}).`
  }
}

function describeInvalidSettings(problems: readonly SettingProblem[]): EventContent {
  const message = problems.map((problem) => problem.message).join('. ')
  return { type: 'Warning', reason: 'SparkNannyInvalidSetting', message, dedupKey: message }
}
