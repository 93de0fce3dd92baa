import type { SettingProblem } from '../../core/settings.ts'
import type { Assessment } from './assess.ts'
import type { ToldEvent } from './event.ts'
import type { UnguardedReason } from './guard.ts'
import type { DriverObservation } from './observation.ts'
import type { StuckReason } from './stuck.ts'

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

/** What is told of an assessment that is only told; undefined: nothing. */
export function eventOf(assessment: Assessment, driver: DriverObservation): ToldEvent | undefined {
  switch (assessment.kind) {
    case 'unguarded':
      return {
        type: 'Warning',
        reason: assessment.reason === 'sidecar-down' ? 'SparkNannySidecarDown' : 'SparkNannyNotInjected',
        message: unguarded[assessment.reason],
        occasion: assessment.reason,
      }
    case 'bad-settings':
      return badSettings(assessment.problems)
    case 'stuck': {
      const { reason, detail } = assessment.stuck
      const message = `${stuckDoing[reason]} (${detail}). spark-nanny does nothing about it.`
      return { type: 'Warning', reason: 'SparkNannyStuck', message, occasion: reason }
    }
    case 'held-back': {
      const { reason, detail } = assessment.cause
      const message = `The sidecar of spark-nanny cannot be started (${reason}: ${detail}) and holds the driver back; its image ${driver.sidecar?.rescue ? 'was replaced by the driver’s own, in vain' : 'is replaced by the driver’s own'}.`
      return {
        type: 'Warning',
        reason: 'SparkNannyHeldBack',
        message,
        occasion: String(driver.sidecar?.rescue !== null),
      }
    }
    case 'restarted':
    case 'hung':
      return undefined
  }
}

function badSettings(problems: readonly SettingProblem[]): ToldEvent {
  const message = problems.map((problem) => problem.message).join('. ')
  return { type: 'Warning', reason: 'SparkNannyBadSetting', message, occasion: message }
}
