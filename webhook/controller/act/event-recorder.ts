import pLimit from 'p-limit'
import { exponentialDelayMs } from '../../../core/backoff.ts'
import type { Log } from '../../../core/log.ts'
import type { ToldEvent } from '../../../kubernetes/event.ts'
import type { Performed } from '../../../kubernetes/write-result.ts'
import type { ActionName, ActionResult, ControllerMetrics } from '../metrics/metrics.ts'
import type { Performer } from './cluster-writer.ts'
import { applicationSubject, identityOf, podSubject } from './involved-object.ts'
import type { Task } from './run-action.ts'

export interface TellingEdges {
  readonly performer: Pick<Performer, 'tell'>
  readonly metrics: Pick<ControllerMetrics, 'acted'>
  readonly log: Log
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** How what is decided and done is told of: each change once. */
export interface Telling {
  /** A log line and a figure; false: the decision is the one before. */
  record(task: Task, action: ActionName, result: ActionResult, details?: object): boolean
  /** An Event on the pod, and on its SparkApplication. */
  tell(task: Task, event: ToldEvent, onApplication?: boolean): Promise<Performed>
  /** As that, of what is done: nothing leads to another look at it, so that it is tried again here, by and by. */
  tellDone(task: Task, event: ToldEvent, onApplication?: boolean): void
}

const tellAttempts = 6
/** Of what is done, which nobody waits for. What is told of a driver that is busy until then must not stand behind it. */
const maxAtOnce = 8

/** Until `signal`. */
export function createTelling({ performer, metrics, log, sleep }: TellingEdges, signal: AbortSignal): Telling {
  const limit = pLimit(maxAtOnce)
  const record = (task: Task, action: ActionName, result: ActionResult, details: object = {}): boolean => {
    const { driver, assessment, memory } = task
    const text = JSON.stringify([action, result, details])
    if (memory.decided.get(assessment.kind) === text) return false
    memory.decided.set(assessment.kind, text)
    metrics.acted(action, result)
    const line = { event: 'decision', ...identityOf(driver), action, result, ...details, evidence: assessment }
    if (result === 'failed') log.error(line)
    else log.info(line)
    return true
  }

  const tell = async (task: Task, event: ToldEvent, onApplication = false): Promise<Performed> => {
    const { driver, memory } = task
    const key = `${event.reason} ${event.occasion}`
    if (memory.told.has(key)) return { kind: 'done' }
    const performed = await performer.tell(podSubject(driver), event)
    if (performed.kind === 'failed') return performed
    const owner = onApplication ? applicationSubject(driver, task.circumstances) : undefined
    if (owner !== undefined) {
      const occasion = `${driver.uid} ${event.occasion}`
      const ofOwner = { ...event, occasion, message: `${driver.name}: ${event.message}` }
      const told = await performer.tell(owner, ofOwner)
      if (told.kind === 'failed') return told
    }
    memory.told.add(key)
    return performed
  }

  const keepTelling = async (task: Task, event: ToldEvent, onApplication: boolean): Promise<void> => {
    for (let attempt = 0; attempt < tellAttempts && !signal.aborted; attempt += 1) {
      const told = await limit(() => tell(task, event, onApplication))
      if (told.kind !== 'failed' || told.refused) return
      await sleep(Math.max(exponentialDelayMs(attempt, { baseMs: 500 }), told.retryAfterMs), signal)
    }
  }
  const tellDone = (task: Task, event: ToldEvent, onApplication = true) =>
    void keepTelling(task, event, onApplication).catch((error) => {
      log.error({ event: 'telling-broken', ...identityOf(task.driver), err: error })
    })
  return { record, tell, tellDone }
}
