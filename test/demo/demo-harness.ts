import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pod } from '../../core/kubernetes/pod.ts'
import { describeEvent, describeInjection } from './describe-event.ts'
import { type Driver, nodeFor, reviewOf } from './driver-pod.ts'
import { createEventLog, type EventLog } from './event-log.ts'
import { type PodRun, runPod } from './fake-kubelet/pod-run.ts'
import type { Timeline } from './timeline.ts'
import type { WebhookProcess } from './webhook-process.ts'

/** What both scenarios share. */
export interface DemoHarness {
  readonly webhook: WebhookProcess
  readonly timeline: Timeline
  readonly dir: string
  /** Registers a cleanup. Cleanups run in reverse order when the demo ends, also after a failure. */
  atEnd(cleanUp: () => Promise<void>): void
}

/** A driver pod that the webhook has admitted and the fake kubelet runs. */
export interface RunningDriver {
  readonly driver: Driver
  readonly log: EventLog
  readonly run: PodRun
  readonly dir: string
  report(source: Parameters<Timeline['report']>[1], text: string): void
}

/** How long a single step may take before the demo fails. Generous, because a loaded machine is slow. */
export const patienceMs = 60_000

export async function admitAndRun(harness: DemoHarness, driver: Driver): Promise<RunningDriver> {
  const { webhook, timeline } = harness
  const report: RunningDriver['report'] = (source, text) => timeline.report(driver.name, source, text)
  const { object, reason, operations, warnings, tookMs } = await webhook.admit(await reviewOf(driver))
  if (reason !== 'injected') throw new Error(`the webhook did not inject ${driver.name}: ${reason}`)
  const pod = object as Pod
  report('webhook', `admits the pod: ${operations.length} patch operations in ${tookMs.toFixed(0)} ms`)
  report('webhook', `adds ${describeInjection(pod)}`)
  for (const warning of warnings) report('webhook', `warns: ${warning}`)

  const dir = join(harness.dir, driver.name)
  await mkdir(dir)
  const log = createEventLog(timeline.nowMs)
  const run = runPod(pod, await nodeFor(driver, dir), (event) => {
    log.add(event)
    report(...describeEvent(event))
  })
  harness.atEnd(() => run.stop())
  return { driver, log, run, dir, report }
}

/** Waits until the driver's application answers. The pod is Ready a little sooner, with Spark's starting page. */
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
