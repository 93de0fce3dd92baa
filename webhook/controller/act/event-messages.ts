import { formatDuration } from '../../../core/duration.ts'
import type { SettingProblem } from '../../../core/settings/settings.ts'
import type { EventContent } from '../../../kubernetes/event.ts'
import type { Assessment } from '../assess/assess.ts'
import type { UnguardedReason } from '../assess/coverage.ts'
import type { DeletionReason } from '../assess/deletion-reason.ts'
import { occasionOfStuck, type StuckReason } from '../assess/startup-delay.ts'
import type { Lingering } from '../assess/stuck-termination.ts'
import type { DriverObservation } from '../driver/driver.ts'

/** For who reads `kubectl describe pod`: what it is, why it may be so, what to do. */
const unguarded: Readonly<Record<UnguardedReason, string>> = {
  'not-injected':
    'This driver has no sidecar of spark-nanny: it was made before its namespace was labelled, or while the webhook did not answer or had a reason to leave it out (then the creation was answered by a warning). A hang of it may go unnoticed. A driver that is submitted from now on is watched; spark-nanny.io/inject=false leaves an application out.',
  skipped:
    'This driver has no sidecar of spark-nanny: the webhook could not inject it (see its log, and the warning at the creation of the pod). A hang of it may go unnoticed. spark-nanny.io/inject=false leaves an application out.',
  rescued:
    'The sidecar of spark-nanny could not be started, and was given up so that the driver could. A hang of it may go unnoticed. See that the nodes can pull the sidecar’s image; a driver that is submitted then is watched.',
  'sidecar-down':
    'The sidecar of spark-nanny has ended and does not come back: the driver goes on, but is not Ready, and a hang of it may go unnoticed. Why it ended: kubectl describe pod, and kubectl logs --previous -c spark-nanny. Its memory limit (spark-nanny.io/sidecar-memory-limit) may be too low, or its image not to be had any more.',
}

const stuckDoing: Readonly<Record<StuckReason, string>> = {
  pending: 'No node takes the driver’s pod',
  'image-pull': 'The driver’s image cannot be pulled',
  'container-creating': 'The driver’s container cannot be made',
  terminating: 'The driver’s pod is being deleted and does not go',
}

/** Who has to act for a pod that does not go. What a person alone may decide is named with its risk. */
const toLetGo: Readonly<Record<Lingering, (driver: DriverObservation) => string>> = {
  finalizers: () => 'Whoever set them must remove them',
  'node-gone': () => 'Kubernetes removes the pods of such nodes by itself, within minutes',
  'node-not-ready': ({ namespace, name, node }) =>
    `The driver may still run there, so that none is started in its place: two would write at once. It goes when the node is back. If the node is known to be off: kubectl taint nodes ${node} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute (or delete the Node), and Kubernetes removes its pods; kubectl delete pod -n ${namespace} ${name} --force makes sure of nothing`,
  'node-ready': () =>
    'See the Events of the pod and the log of its kubelet: a process that cannot be killed, a volume that cannot be unmounted',
  unknown: () => 'See its node and its finalizers',
}

/** What a pod is deleted for, or would be. */
export function describeDeletionReason({ by, reason, detail }: DeletionReason): string {
  if (by === 'stuck') return `${stuckDoing[reason]} for longer than its settings allow (${detail})`
  // From outside the pod, a UI that does not listen may also be one that is switched off.
  const sure = by === 'sidecar' || reason === 'unresponsive'
  return `${sure ? 'The driver hangs' : 'The driver may hang'} (${detail})`
}

/** What is told of an assessment that is only told; undefined: nothing. */
export function describeAssessment(assessment: Assessment, driver: DriverObservation): EventContent | undefined {
  switch (assessment.kind) {
    case 'unguarded':
      return {
        type: 'Warning',
        reason: assessment.reason === 'sidecar-down' ? 'SparkNannySidecarCrashLoop' : 'SparkNannyUnprotected',
        message: unguarded[assessment.reason],
        dedupKey: assessment.reason,
      }
    case 'bad-settings':
      return badSettings(assessment.problems)
    case 'stuck': {
      const { stuck, deadline } = assessment
      const { reason, detail, lingering } = stuck
      const next =
        lingering !== undefined
          ? `${toLetGo[lingering](driver)}. spark-nanny forces nothing.`
          : deadline === null
            ? 'spark-nanny does nothing about it.'
            : `Its pod is deleted after ${formatDuration(deadline.afterMs)} of it (${deadline.key}).`
      const message = `${stuckDoing[reason]} (${detail}). ${next}`
      return { type: 'Warning', reason: 'SparkNannyDriverStuck', message, dedupKey: occasionOfStuck(stuck) }
    }
    case 'held-back': {
      const { reason, detail } = assessment.cause
      const message = `The sidecar of spark-nanny cannot be started (${reason}: ${detail}) and holds the driver back; its image ${driver.sidecar?.rescue ? 'was replaced by the driver’s own, in vain' : 'is replaced by the driver’s own'}.`
      return {
        type: 'Warning',
        reason: 'SparkNannyStartupBlocked',
        message,
        dedupKey: String(driver.sidecar?.rescue !== null),
      }
    }
    case 'restarted':
    case 'hung':
      return undefined
  }
}

function badSettings(problems: readonly SettingProblem[]): EventContent {
  const message = problems.map((problem) => problem.message).join('. ')
  return { type: 'Warning', reason: 'SparkNannyInvalidSetting', message, dedupKey: message }
}
