import pLimit from 'p-limit'
import { exponentialDelayMs } from '../../../core/backoff.ts'
import type { Log } from '../../../core/log.ts'
import type { EventContent } from '../../../kubernetes/event.ts'
import type { WriteResult } from '../../../kubernetes/write-result.ts'
import type { ActionTask } from '../decide/action-task.ts'
import { addHourly, isBelowHourly } from '../driver/hourly-count.ts'
import { driverLogFields } from '../driver/log-fields.ts'
import { digestText } from '../driver/text-digest.ts'
import type { ActionName, ActionResult, ControllerMetrics } from '../metrics/metrics.ts'
import type { ClusterWriter } from './cluster-writer.ts'
import { toApplicationReference, toPodReference } from './involved-object.ts'

export interface EventRecorderDeps {
  readonly writer: Pick<ClusterWriter, 'publishEvent'>
  readonly metrics: Pick<ControllerMetrics, 'recordAction'>
  readonly log: Log
  nowMs(): number
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** A decision about a driver, and what came of it. */
export interface Decision {
  readonly action: ActionName
  readonly result: ActionResult
  readonly details?: object
}

/** Reports decisions and their results, each change once. */
export interface EventRecorder {
  /** Whether the last recorded decision about the task's kind of assessment is this one. */
  isRecorded(task: ActionTask, decision: Decision): boolean
  /** Logs and counts a decision, unless it is recorded already. */
  recordDecision(task: ActionTask, decision: Decision): void
  /**
   * Publishes an Event on the pod, and on its SparkApplication if `onApplication`. Above a number of Events of one pod within an
   * hour, publishes nothing.
   */
  publish(task: ActionTask, event: EventContent, onApplication?: boolean): Promise<WriteResult>
  /**
   * Publishes an Event about a completed action, with its own retries: no later evaluation would publish the Event again.
   * Returns at once.
   */
  publishWithRetry(task: ActionTask, event: EventContent, onApplication?: boolean): void
}

const publishAttempts = 6
/** Events of one pod within an hour, except those about completed actions, which the budgets limit. */
const maxReportsPerHour = 20
const maxDecisionsPerHour = 60
/** Of one pod. An Event that is published again after it was forgotten has the same name, so that there is still one. */
const maxPublishedKept = 50
/** Limits the Events about completed actions, so that Events for which a driver waits are not queued behind them. */
const maxConcurrentPublishes = 8

/** Retries until `signal`. */
export function createEventRecorder(
  { writer, metrics, log, nowMs, sleep }: EventRecorderDeps,
  signal: AbortSignal,
): EventRecorder {
  const limit = pLimit(maxConcurrentPublishes)

  const isRecorded = ({ assessment, state }: ActionTask, decision: Decision): boolean =>
    state.decided.get(assessment.kind) === digestDecision(decision)

  const recordDecision = (task: ActionTask, decision: Decision): void => {
    if (isRecorded(task, decision)) return
    const { driver, assessment, state } = task
    const { action, result, details = {} } = decision
    state.decided.set(assessment.kind, digestDecision(decision))
    metrics.recordAction(action, result)
    // A pod whose annotations alternate leads to a new decision at each change.
    if (!isBelowHourly(state.decisions, maxDecisionsPerHour, nowMs())) return
    addHourly(state.decisions, nowMs())
    const line = { event: 'decision', ...driverLogFields(driver), action, result, ...details, evidence: assessment }
    if (result === 'failed') log.error(line)
    else log.info(line)
  }

  const publish = async (task: ActionTask, event: EventContent, onApplication = false): Promise<WriteResult> => {
    const { driver, state } = task
    const key = digestEvent(event)
    if (state.published.has(key)) return { kind: 'ok' }
    const result = await writer.publishEvent(toPodReference(driver), event)
    if (result.kind === 'failed') return result
    const application = onApplication ? toApplicationReference(driver, task.context) : undefined
    if (application !== undefined) {
      const dedupKey = `${driver.uid} ${event.dedupKey}`
      const message = `${driver.name}: ${event.message}`
      const onOwner = await writer.publishEvent(application, { ...event, dedupKey, message })
      if (onOwner.kind === 'failed') return onOwner
    }
    state.published.add(key)
    const [oldest] = state.published
    if (state.published.size > maxPublishedKept && oldest !== undefined) state.published.delete(oldest)
    return result
  }

  const publishReport = async (task: ActionTask, event: EventContent, onApplication = false): Promise<WriteResult> => {
    const { reports, published } = task.state
    const isSuppressed = !isBelowHourly(reports, maxReportsPerHour, nowMs())
    if (isSuppressed || published.has(digestEvent(event))) return { kind: 'ok' }
    const result = await publish(task, event, onApplication)
    if (result.kind === 'failed') return result
    addHourly(reports, nowMs())
    if (!isBelowHourly(reports, maxReportsPerHour, nowMs())) {
      log.warn({ event: 'events-suppressed', ...driverLogFields(task.driver), maxPerHour: maxReportsPerHour })
    }
    return result
  }

  const publishUntilAccepted = async (task: ActionTask, event: EventContent, onApplication: boolean): Promise<void> => {
    for (let attempt = 0; attempt < publishAttempts && !signal.aborted; attempt += 1) {
      const result = await limit(() => publish(task, event, onApplication))
      if (result.kind !== 'failed' || result.forbidden) return
      await sleep(Math.max(exponentialDelayMs(attempt, { baseMs: 500 }), result.retryAfterMs), signal)
    }
  }

  return {
    isRecorded,
    recordDecision,
    publish: publishReport,
    publishWithRetry: (task, event, onApplication = true) =>
      void publishUntilAccepted(task, event, onApplication).catch((error) => {
        log.error({ event: 'event-publish-failed', ...driverLogFields(task.driver), err: error })
      }),
  }
}

const digestEvent = ({ reason, dedupKey }: EventContent) => digestText(`${reason} ${dedupKey}`)

const digestDecision = ({ action, result, details = {} }: Decision) =>
  digestText(JSON.stringify([action, result, details]))
