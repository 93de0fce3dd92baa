import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { restartAllContainersExitCode, sidecarContainerName } from '../../core/contract/pod-contract.ts'
import { admitAndRun, type DemoHarness, patienceMs, untilAnswers } from './demo-harness.ts'
import type { Driver } from './driver-pod.ts'
import type { KubeletEvent } from './fake-kubelet/events.ts'

/** Milliseconds. */
export interface HungDriverFigures {
  readonly hangToVerdictMs: number
  readonly verdictToRestartMs: number
  readonly restartToReadyMs: number
  readonly hangToAnswerMs: number
}

const driverContainer = 'spark-kubernetes-driver'

/** A driver hangs, its sidecar notices, the kubelet restarts the pod's containers, and the driver answers again. */
export async function runHungDriverScenario(harness: DemoHarness, driver: Driver): Promise<HungDriverFigures> {
  const { log, run, dir, report } = await admitAndRun(harness, driver)
  await log.first(`${driver.name} is Ready`, isReady, 0, patienceMs)
  await untilAnswers(driver)
  report('driver', 'answers with its application')
  await sleep(500)

  const process_ = run.process(driverContainer)
  if (process_ === undefined) throw new Error(`${driver.name} has no process`)
  const hungMs = harness.timeline.nowMs()
  process.kill(process_.pid, 'SIGSTOP')
  report(
    'demo',
    `SIGSTOP to process ${process_.pid}: the driver hangs. Its port accepts connections but does not answer`,
  )

  const verdict = await log.first('the sidecar requests a restart', isVerdict, hungMs, patienceMs)
  const message = await readFile(join(dir, 'dev/termination-log'), 'utf8').catch(() => '')
  if (message === '') throw new Error('the sidecar left no reason in its termination message')
  report('sidecar', `reports the reason: ${message.trim()}`)

  const restarted = await log.first('the driver is started again', isSecondStart, verdict.atMs, patienceMs)
  const ready = await log.first(`${driver.name} is Ready again`, isReady, restarted.atMs, patienceMs)
  await untilAnswers(driver)
  const answeredMs = harness.timeline.nowMs()
  const after = run.process(driverContainer)
  if (after === undefined || after.pid === process_.pid) throw new Error('the driver is not a new process')
  report('driver', `process ${after.pid} answers with its application in the same pod`)
  return {
    hangToVerdictMs: verdict.atMs - hungMs,
    verdictToRestartMs: restarted.atMs - verdict.atMs,
    restartToReadyMs: ready.atMs - restarted.atMs,
    hangToAnswerMs: answeredMs - hungMs,
  }
}

const isReady = (event: KubeletEvent) => event.kind === 'probe' && event.probe === 'readiness' && event.passes
const isVerdict = (event: KubeletEvent) =>
  event.kind === 'container-ended' &&
  event.container === sidecarContainerName &&
  event.end.exitCode === restartAllContainersExitCode
const isSecondStart = (event: KubeletEvent) =>
  event.kind === 'container-started' && event.container === driverContainer && event.restarts === 1
