import { formatDeletionReason } from '../../../core/contract/deletion-history.ts'
import type { Log } from '../../../core/log.ts'
import type { KubernetesApi } from '../../../kubernetes/api.ts'
import { failureDetail, type WriteResult, worseResult } from '../../../kubernetes/write-result.ts'
import type { DeletionReason } from '../assess/deletion-reason.ts'
import type { ActionTask } from '../decide/action-task.ts'
import { blockReasons } from '../decide/block-reasons.ts'
import { withPendingConfirmation } from '../decide/driver-state.ts'
import { driverLogFields } from '../driver/log-fields.ts'
import type { ControllerMetrics } from '../metrics/metrics.ts'
import type { ClusterWriter } from './cluster-writer.ts'
import type { DeletionJournal } from './deletion-journal.ts'
import { describeAssessment, describeDeletionReason } from './event-messages.ts'
import { createEventRecorder } from './event-recorder.ts'
import { findStaleExecutors, listExecutors } from './stale-executors.ts'

export interface ActionRunnerDeps {
  readonly api: KubernetesApi
  readonly writer: ClusterWriter
  readonly journal: DeletionJournal
  readonly metrics: ControllerMetrics
  readonly log: Log
  nowMs(): number
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export interface ActionRunner {
  /** Logs and counts a choice by which nothing is done, each once for each change. Its Event may have to wait. */
  recordChoice(task: ActionTask): void
  /**
   * Carries a choice out, and tells of it: a log line, a figure and an Event, each once for each change. Asks
   * `isStillToBeDeleted` right before a pod is deleted: its record may have taken seconds to write.
   */
  run(task: ActionTask, isStillToBeDeleted: () => Promise<boolean>): Promise<WriteResult>
}

export function createActionRunner(edges: ActionRunnerDeps, signal: AbortSignal): ActionRunner {
  const { writer: performer, metrics, log } = edges
  const { recordDecision: record, publish: tell, publishWithRetry: tellDone } = createEventRecorder(edges, signal)

  const report = async (task: ActionTask): Promise<WriteResult> => {
    const event = describeAssessment(task.assessment, task.driver)
    if (event === undefined) return done
    const performed = await tell(task, event)
    record(task, 'report', performed.kind === 'failed' ? 'failed' : 'ok', failureDetail(performed))
    return performed
  }

  const rescue = async (task: ActionTask, image: string): Promise<WriteResult> => {
    const { driver, assessment, state: memory } = task
    const reason = assessment.kind === 'startup-blocked' ? assessment.cause.reason : ''
    const performed = await withPendingConfirmation(memory, () => performer.replaceSidecarImage(driver, image, reason))
    if (performed.kind === 'conflict') return performed
    const details = { from: driver.sidecar?.image, to: image }
    const confirm = () => {
      memory.bypassed = true
      record(task, 'bypass-sidecar', 'ok', details)
      const event = describeAssessment(assessment, driver)
      if (event !== undefined) tellDone(task, event)
    }
    if (performed.kind === 'ok') {
      confirm()
      return performed
    }
    record(task, 'bypass-sidecar', 'failed', { ...details, ...failureDetail(performed) })
    if (performed.outcomeUnknown) {
      memory.pendingConfirmation = { tookPlace: (now) => now !== undefined && now.sidecar?.bypass !== null, confirm }
    }
    return performed
  }

  const cleanUp = async (task: ActionTask, restarts: number): Promise<WriteResult> => {
    const { driver, state: memory } = task
    const listed = await listExecutors(edges.api, driver)
    if ('problem' in listed) return { kind: 'failed', detail: listed.problem, retryAfterMs: 0 }
    const { unconfirmedExecutors: doubtfulExecutors } = memory
    const isThere = (uid: string) => listed.executors.some((executor) => executor.uid === uid && !executor.terminating)
    const names: string[] = []
    const note = (uid: string, name: string) => {
      doubtfulExecutors.delete(uid)
      names.push(name)
      metrics.acted('delete-executor', 'ok')
    }
    for (const [uid, name] of doubtfulExecutors) if (!isThere(uid)) note(uid, name)
    let outcome: WriteResult = done
    for (const executor of findStaleExecutors(driver, listed.executors)) {
      const { uid, name } = executor
      const performed = await performer.deletePod(executor)
      outcome = worseResult(outcome, performed)
      if (performed.kind === 'ok') note(uid, name)
      else if (performed.kind === 'conflict' || performed.outcomeUnknown) doubtfulExecutors.set(uid, name)
      if (performed.kind === 'failed') metrics.acted('delete-executor', 'failed')
    }
    if (names.length > 0) {
      log.info({ event: 'executors-deleted', ...driverLogFields(driver), restarts, executors: names })
      const message = `After restart ${restarts} of the driver, ${names.length} executors of the one before were deleted: ${names.join(', ')}`
      const reason = 'SparkNannyDriverRestarted'
      tellDone(task, { type: 'Normal', reason, message, dedupKey: `${restarts} ${names.join(' ')}` }, false)
    }
    if (outcome.kind === 'ok') memory.cleanedRestarts = restarts
    return outcome
  }

  const remove = async (
    task: ActionTask,
    grounds: DeletionReason,
    isStillToBeDeleted: () => Promise<boolean>,
  ): Promise<WriteResult> => {
    const { driver, state: memory } = task
    const deletion = { atMs: edges.nowMs(), uid: driver.uid, reason: formatDeletionReason(grounds) }
    const recorded = await edges.journal.recordIntent(driver, task.context.application, deletion)
    const due = recorded.kind === 'ok' && (await isStillToBeDeleted())
    if (!due) {
      edges.journal.recordOutcome(driver, 'not-sent')
      return recorded.kind === 'ok' ? { kind: 'conflict' } : recorded
    }
    const confirm = () => {
      memory.deleted = true
      // The forerunner's, of drivers that hung.
      if (grounds.by !== 'stuck') metrics.killed(task.context.app)
      record(task, 'delete-pod', 'ok')
      const message = `${describeDeletionReason(grounds)}; its pod was deleted, so that it is made again.`
      tellDone(task, { type: 'Warning', reason: 'SparkNannyPodDeleted', message, dedupKey: driver.uid })
    }
    memory.deleted = true
    const performed = await withPendingConfirmation(memory, () => performer.deletePod(driver))
    if (performed.kind === 'ok') {
      confirm()
      return performed
    }
    memory.deleted = false
    const isLost = performed.kind === 'failed' && performed.outcomeUnknown === true
    edges.journal.recordOutcome(driver, isLost ? 'unanswered' : 'refused')
    if (performed.kind === 'conflict') return performed
    record(task, 'delete-pod', 'failed', failureDetail(performed))
    if (isLost) {
      memory.pendingConfirmation = { tookPlace: (now) => now === undefined || now.deletionMs !== null, confirm }
    }
    return performed
  }

  const note = (task: ActionTask): void => {
    const { choice } = task
    if (choice.kind === 'dry-run') record(task, 'delete-pod', 'dry-run')
    if (choice.kind !== 'blocked') return
    const { blockReason: why } = choice
    const changed = record(task, 'delete-pod', 'suppressed', { why })
    const scope = budgetScopes.find((name) => why === `${name}-budget`)
    if (changed && scope !== undefined) metrics.budgetExhausted(scope)
  }

  const act = async (task: ActionTask, isStillToBeDeleted: () => Promise<boolean>): Promise<WriteResult> => {
    const { choice, driver } = task
    note(task)
    switch (choice.kind) {
      case 'report':
        return report(task)
      case 'bypass-sidecar':
        return rescue(task, choice.image)
      case 'delete-executors':
        return cleanUp(task, choice.restarts)
      case 'delete-pod':
        return remove(task, choice.reason, isStillToBeDeleted)
      case 'dry-run': {
        const message = `${describeDeletionReason(choice.reason)}; its pod would be deleted, but this is a dry run.`
        const occasion = `${driver.uid} dry-run${timesText(task)}`
        return tell(task, { type: 'Warning', reason: 'SparkNannyDeletionBlocked', message, dedupKey: occasion })
      }
      case 'blocked': {
        const { blockReason: why, reason: grounds } = choice
        const pause = why === 'paused' ? ` (${circumstancesText(task)})` : ''
        const message = `${describeDeletionReason(grounds)}; its pod is left alone: ${blockReasons[why]}${pause}.`
        return tell(
          task,
          { type: 'Warning', reason: 'SparkNannyDeletionBlocked', message, dedupKey: `${why}${timesText(task)}` },
          true,
        )
      }
    }
  }
  return { recordChoice: note, run: act }
}

const done: WriteResult = { kind: 'ok' }
/** Empty for the first: the same for all who lead one after the other. */
const timesText = ({ state: memory }: ActionTask) => (memory.hangCount > 1 ? ` ${memory.hangCount}` : '')
const budgetScopes = ['application', 'namespace', 'cluster'] as const
const circumstancesText = ({ context: circumstances }: ActionTask) =>
  circumstances.pause?.reason || 'no reason is given'
