import { deletionReason } from '../../../core/contract/deletion-history.ts'
import type { Log } from '../../../core/log.ts'
import type { KubernetesApi } from '../../../kubernetes/api.ts'
import { detailOf, type Performed, worseOf } from '../../../kubernetes/write-result.ts'
import type { Assessment } from '../assess/assess.ts'
import type { Circumstances } from '../assess/driver-context.ts'
import { withheld } from '../decide/block-reasons.ts'
import type { Choice, Grounds } from '../decide/choose-action.ts'
import { type DriverMemory, once } from '../decide/driver-state.ts'
import type { DriverObservation } from '../driver/driver.ts'
import type { ControllerMetrics } from '../metrics/metrics.ts'
import type { Performer } from './cluster-writer.ts'
import type { ApplicationRecord } from './deletion-journal.ts'
import { eventOf, groundsText } from './event-messages.ts'
import { createTelling } from './event-recorder.ts'
import { identityOf } from './involved-object.ts'
import { listExecutors, oldExecutors } from './stale-executors.ts'

/** One thing to be done about one driver, with all that was known when it was chosen. */
export interface Task {
  readonly driver: DriverObservation
  readonly assessment: Assessment
  readonly choice: Choice
  readonly circumstances: Circumstances
  readonly memory: DriverMemory
}

export interface ActorEdges {
  readonly api: KubernetesApi
  readonly performer: Performer
  readonly applicationRecord: ApplicationRecord
  readonly metrics: ControllerMetrics
  readonly log: Log
  nowMs(): number
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export interface Actor {
  /** Logs and counts a choice by which nothing is done, each once for each change. Its Event may have to wait. */
  note(task: Task): void
  /**
   * Carries a choice out, and tells of it: a log line, a figure and an Event, each once for each change. Asks
   * `isStillToBeDeleted` right before a pod is deleted: its record may have taken seconds to write.
   */
  act(task: Task, isStillToBeDeleted: () => Promise<boolean>): Promise<Performed>
}

export function createActor(edges: ActorEdges, signal: AbortSignal): Actor {
  const { performer, metrics, log } = edges
  const { record, tell, tellDone } = createTelling(edges, signal)

  const report = async (task: Task): Promise<Performed> => {
    const event = eventOf(task.assessment, task.driver)
    if (event === undefined) return done
    const performed = await tell(task, event)
    record(task, 'report', performed.kind === 'failed' ? 'failed' : 'done', detailOf(performed))
    return performed
  }

  const rescue = async (task: Task, image: string): Promise<Performed> => {
    const { driver, assessment, memory } = task
    const reason = assessment.kind === 'held-back' ? assessment.cause.reason : ''
    const performed = await once(memory, () => performer.replaceSidecarImage(driver, image, reason))
    if (performed.kind === 'outdated') return performed
    const details = { from: driver.sidecar?.image, to: image }
    const confirm = () => {
      memory.rescued = true
      record(task, 'rescue-sidecar', 'done', details)
      const event = eventOf(assessment, driver)
      if (event !== undefined) tellDone(task, event)
    }
    if (performed.kind === 'done') {
      confirm()
      return performed
    }
    record(task, 'rescue-sidecar', 'failed', { ...details, ...detailOf(performed) })
    if (performed.unanswered) {
      memory.unconfirmed = { tookPlace: (now) => now !== undefined && now.sidecar?.rescue !== null, confirm }
    }
    return performed
  }

  const cleanUp = async (task: Task, restarts: number): Promise<Performed> => {
    const { driver, memory } = task
    const listed = await listExecutors(edges.api, driver)
    if ('problem' in listed) return { kind: 'failed', detail: listed.problem, retryAfterMs: 0 }
    const { doubtfulExecutors } = memory
    const isThere = (uid: string) => listed.executors.some((executor) => executor.uid === uid && !executor.leaving)
    const names: string[] = []
    const note = (uid: string, name: string) => {
      doubtfulExecutors.delete(uid)
      names.push(name)
      metrics.acted('delete-executor', 'done')
    }
    for (const [uid, name] of doubtfulExecutors) if (!isThere(uid)) note(uid, name)
    let outcome: Performed = done
    for (const executor of oldExecutors(driver, listed.executors)) {
      const { uid, name } = executor
      const performed = await performer.deletePod(executor)
      outcome = worseOf(outcome, performed)
      if (performed.kind === 'done') note(uid, name)
      else if (performed.kind === 'outdated' || performed.unanswered) doubtfulExecutors.set(uid, name)
      if (performed.kind === 'failed') metrics.acted('delete-executor', 'failed')
    }
    if (names.length > 0) {
      log.info({ event: 'executors-deleted', ...identityOf(driver), restarts, executors: names })
      const message = `After restart ${restarts} of the driver, ${names.length} executors of the one before were deleted: ${names.join(', ')}`
      const reason = 'SparkNannyExecutorsDeleted'
      tellDone(task, { type: 'Normal', reason, message, occasion: `${restarts} ${names.join(' ')}` }, false)
    }
    if (outcome.kind === 'done') memory.cleanedRestarts = restarts
    return outcome
  }

  const remove = async (
    task: Task,
    grounds: Grounds,
    isStillToBeDeleted: () => Promise<boolean>,
  ): Promise<Performed> => {
    const { driver, memory } = task
    const deletion = { atMs: edges.nowMs(), uid: driver.uid, reason: deletionReason(grounds) }
    const recorded = await edges.applicationRecord.put(driver, task.circumstances.application, deletion)
    const due = recorded.kind === 'done' && (await isStillToBeDeleted())
    if (!due) {
      edges.applicationRecord.tried(driver, 'not-sent')
      return recorded.kind === 'done' ? { kind: 'outdated' } : recorded
    }
    const confirm = () => {
      memory.deleted = true
      // The forerunner's, of drivers that hung.
      if (grounds.by !== 'stuck') metrics.killed(task.circumstances.app)
      record(task, 'delete-pod', 'done')
      const message = `${groundsText(grounds)}; its pod was deleted, so that it is made again.`
      tellDone(task, { type: 'Warning', reason: 'SparkNannyDeleted', message, occasion: driver.uid })
    }
    memory.deleted = true
    const performed = await once(memory, () => performer.deletePod(driver))
    if (performed.kind === 'done') {
      confirm()
      return performed
    }
    memory.deleted = false
    const isLost = performed.kind === 'failed' && performed.unanswered === true
    edges.applicationRecord.tried(driver, isLost ? 'unanswered' : 'refused')
    if (performed.kind === 'outdated') return performed
    record(task, 'delete-pod', 'failed', detailOf(performed))
    if (isLost) {
      memory.unconfirmed = { tookPlace: (now) => now === undefined || now.deletionMs !== null, confirm }
    }
    return performed
  }

  const note = (task: Task): void => {
    const { choice } = task
    if (choice.kind === 'dry-run') record(task, 'delete-pod', 'dry-run')
    if (choice.kind !== 'withhold') return
    const { why } = choice
    const changed = record(task, 'delete-pod', 'suppressed', { why })
    const scope = budgetScopes.find((name) => why === `${name}-budget`)
    if (changed && scope !== undefined) metrics.budgetExhausted(scope)
  }

  const act = async (task: Task, isStillToBeDeleted: () => Promise<boolean>): Promise<Performed> => {
    const { choice, driver } = task
    note(task)
    switch (choice.kind) {
      case 'report':
        return report(task)
      case 'rescue-sidecar':
        return rescue(task, choice.image)
      case 'delete-executors':
        return cleanUp(task, choice.restarts)
      case 'delete-pod':
        return remove(task, choice.grounds, isStillToBeDeleted)
      case 'dry-run': {
        const message = `${groundsText(choice.grounds)}; its pod would be deleted, but this is a dry run.`
        const occasion = `${driver.uid} dry-run${timesText(task)}`
        return tell(task, { type: 'Warning', reason: 'SparkNannyNotDeleted', message, occasion })
      }
      case 'withhold': {
        const { why, grounds } = choice
        const pause = why === 'paused' ? ` (${circumstancesText(task)})` : ''
        const message = `${groundsText(grounds)}; its pod is left alone: ${withheld[why]}${pause}.`
        return tell(
          task,
          { type: 'Warning', reason: 'SparkNannyNotDeleted', message, occasion: `${why}${timesText(task)}` },
          true,
        )
      }
    }
  }
  return { note, act }
}

const done: Performed = { kind: 'done' }
/** Empty for the first: the same for all who lead one after the other. */
const timesText = ({ memory }: Task) => (memory.hangs > 1 ? ` ${memory.hangs}` : '')
const budgetScopes = ['application', 'namespace', 'cluster'] as const
const circumstancesText = ({ circumstances }: Task) => circumstances.pause?.reason || 'no reason is given'
