import type { WriteResult } from '../../../kubernetes/write-result.ts'
import type { ActionTask } from '../decide/action-task.ts'
import type { ActionDeps } from './action-deps.ts'
import { bypassSidecar } from './bypass-sidecar.ts'
import { deleteExecutors } from './delete-executors.ts'
import { deletePod } from './delete-pod.ts'
import { createEventRecorder, type EventRecorderDeps } from './event-recorder.ts'
import { explainBlock, explainDryRun, recordBlockedDeletion } from './explain-block.ts'
import { reportAssessment } from './report-assessment.ts'

export interface ActionRunner {
  /** Logs and counts a choice that changes nothing in the cluster, once for each change. */
  recordChoice(task: ActionTask): void
  /**
   * Carries out a choice, and reports it by a log line, a metric and an Event, once for each change. Asks
   * `isStillNeeded` right before a pod is deleted.
   */
  run(task: ActionTask, isStillNeeded: () => Promise<boolean>): Promise<WriteResult>
}

export type ActionRunnerDeps = Omit<ActionDeps, 'recorder'> & EventRecorderDeps

/** Publishes Events until `signal`. */
export function createActionRunner(runnerDeps: ActionRunnerDeps, signal: AbortSignal): ActionRunner {
  const deps: ActionDeps = { ...runnerDeps, recorder: createEventRecorder(runnerDeps, signal) }
  return {
    recordChoice: (task) => recordBlockedDeletion(task, deps),
    run: async (task, isStillNeeded) => {
      recordBlockedDeletion(task, deps)
      const { choice } = task
      switch (choice.kind) {
        case 'report':
          return reportAssessment(task, deps)
        case 'bypass-sidecar':
          return bypassSidecar(task, choice.image, deps)
        case 'delete-executors':
          return deleteExecutors(task, choice.restarts, deps)
        case 'delete-pod':
          return deletePod(task, choice.reason, isStillNeeded, deps)
        case 'dry-run':
          return explainDryRun(task, choice, deps)
        case 'blocked':
          return explainBlock(task, choice, deps)
      }
    },
  }
}
