import pLimit from 'p-limit'
import { exponentialDelayMs } from '../../../core/backoff.ts'
import type { Log } from '../../../core/log.ts'
import type { EventContent } from '../../../kubernetes/event.ts'
import type { WriteResult } from '../../../kubernetes/write-result.ts'
import type { ActionTask } from '../decide/action-task.ts'
import { driverLogFields } from '../driver/log-fields.ts'
import type { ActionName, ActionResult, ControllerMetrics } from '../metrics/metrics.ts'
import type { ClusterWriter } from './cluster-writer.ts'
import { toApplicationReference, toPodReference } from './involved-object.ts'

export interface EventRecorderDeps {
  readonly writer: Pick<ClusterWriter, 'publishEvent'>
  readonly metrics: Pick<ControllerMetrics, 'acted'>
  readonly log: Log
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** How what is decided and done is told of: each change once. */
export interface EventRecorder {
  /** A log line and a figure; false: the decision is the one before. */
  recordDecision(task: ActionTask, action: ActionName, result: ActionResult, details?: object): boolean
  /** An Event on the pod, and on its SparkApplication. */
  publish(task: ActionTask, event: EventContent, onApplication?: boolean): Promise<WriteResult>
  /** As that, of what is done: nothing leads to another look at it, so that it is tried again here, by and by. */
  publishWithRetry(task: ActionTask, event: EventContent, onApplication?: boolean): void
}

const tellAttempts = 6
/** Of what is done, which nobody waits for. What is told of a driver that is busy until then must not stand behind it. */
const maxAtOnce = 8

/** Until `signal`. */
export function createEventRecorder(
  { writer: performer, metrics, log, sleep }: EventRecorderDeps,
  signal: AbortSignal,
): EventRecorder {
  const limit = pLimit(maxAtOnce)
  const record = (task: ActionTask, action: ActionName, result: ActionResult, details: object = {}): boolean => {
    const { driver, assessment, state: memory } = task
    const text = JSON.stringify([action, result, details])
    if (memory.decided.get(assessment.kind) === text) return false
    memory.decided.set(assessment.kind, text)
    metrics.acted(action, result)
    const line = { event: 'decision', ...driverLogFields(driver), action, result, ...details, evidence: assessment }
    if (result === 'failed') log.error(line)
    else log.info(line)
    return true
  }

  const tell = async (task: ActionTask, event: EventContent, onApplication = false): Promise<WriteResult> => {
    const { driver, state: memory } = task
    const key = `${event.reason} ${event.dedupKey}`
    if (memory.published.has(key)) return { kind: 'ok' }
    const performed = await performer.publishEvent(toPodReference(driver), event)
    if (performed.kind === 'failed') return performed
    const owner = onApplication ? toApplicationReference(driver, task.context) : undefined
    if (owner !== undefined) {
      const dedupKey = `${driver.uid} ${event.dedupKey}`
      const ofOwner = { ...event, dedupKey, message: `${driver.name}: ${event.message}` }
      const told = await performer.publishEvent(owner, ofOwner)
      if (told.kind === 'failed') return told
    }
    memory.published.add(key)
    return performed
  }

  const keepTelling = async (task: ActionTask, event: EventContent, onApplication: boolean): Promise<void> => {
    for (let attempt = 0; attempt < tellAttempts && !signal.aborted; attempt += 1) {
      const told = await limit(() => tell(task, event, onApplication))
      if (told.kind !== 'failed' || told.forbidden) return
      await sleep(Math.max(exponentialDelayMs(attempt, { baseMs: 500 }), told.retryAfterMs), signal)
    }
  }
  const tellDone = (task: ActionTask, event: EventContent, onApplication = true) =>
    void keepTelling(task, event, onApplication).catch((error) => {
      log.error({ event: 'event-publish-failed', ...driverLogFields(task.driver), err: error })
    })
  return { recordDecision: record, publish: tell, publishWithRetry: tellDone }
}
