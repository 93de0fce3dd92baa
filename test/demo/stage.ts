import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pod } from '../../core/kubernetes/pod.ts'
import { type Driver, nodeFor, reviewOf } from './driver-pod.ts'
import { createEventLog, type EventLog } from './event-log.ts'
import { type PodRun, runPod } from './kubelet/pod-run.ts'
import { describeInjection, narrate } from './narrator.ts'
import type { Timeline } from './timeline.ts'
import type { WebhookProcess } from './webhook-process.ts'

/** What both acts play on. */
export interface Stage {
  readonly webhook: WebhookProcess
  readonly timeline: Timeline
  readonly dir: string
  /** Called in reverse order when the demo ends, however it ends. */
  atEnd(cleanUp: () => Promise<void>): void
}

/** A driver pod on the stage: admitted by the webhook and run as it came back. */
export interface RunningDriver {
  readonly driver: Driver
  readonly log: EventLog
  readonly run: PodRun
  readonly dir: string
  say(speaker: Parameters<Timeline['say']>[1], text: string): void
}

/** How long anything may take before the demo fails; a loaded machine is slow, and no claim is about that. */
export const patienceMs = 30_000

export async function admitAndRun(stage: Stage, driver: Driver): Promise<RunningDriver> {
  const { webhook, timeline } = stage
  const say: RunningDriver['say'] = (speaker, text) => timeline.say(driver.name, speaker, text)
  const { object, reason, operations, warnings, tookMs } = await webhook.admit(await reviewOf(driver))
  if (reason !== 'injected') throw new Error(`the webhook did not inject ${driver.name}: ${reason}`)
  const pod = object as Pod
  say('webhook', `admits the pod: ${operations.length} patch operations in ${tookMs.toFixed(0)} ms`)
  say('webhook', `adds ${describeInjection(pod)}`)
  for (const warning of warnings) say('webhook', `warns: ${warning}`)

  const dir = join(stage.dir, driver.name)
  await mkdir(dir)
  const log = createEventLog(timeline.nowMs)
  const run = runPod(pod, await nodeFor(driver, dir), (event) => {
    log.add(event)
    say(...narrate(event))
  })
  stage.atEnd(() => run.stop())
  return { driver, log, run, dir, say }
}

/** Waits until the driver's application answers: Ready comes a little sooner, with Spark's starting page. */
export async function untilAnswers(driver: Driver): Promise<void> {
  const deadlineMs = performance.now() + patienceMs
  while (!(await answers(driver))) {
    if (performance.now() > deadlineMs) throw new Error(`${driver.name} is Ready but does not answer`)
    await sleep(100)
  }
}

/** Whether the driver's UI answers, with the application of this driver. */
export async function answers({ uiPort, applicationId }: Driver): Promise<boolean> {
  try {
    const url = `http://127.0.0.1:${uiPort}/api/v1/applications`
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) })
    const list: unknown = await response.json()
    return Array.isArray(list) && list.some(({ id }) => String(id).startsWith(applicationId))
  } catch {
    return false
  }
}
