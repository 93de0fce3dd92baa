import { setTimeout as sleep } from 'node:timers/promises'
import { sidecarContainerName } from '../../core/contract/pod-contract.ts'
import { admitAndRun, answers, type DemoHarness, patienceMs, type RunningDriver } from './demo-harness.ts'
import type { Driver } from './driver-pod.ts'
import type { KubeletEvent } from './fake-kubelet/events.ts'

export interface KilledSidecarFigures {
  readonly kills: number
  /** From the first kill to the last. */
  readonly killingMs: number
  /** How often the driver was polled during the kills. It answered each time. */
  readonly answers: number
}

const driverContainer = 'spark-kubernetes-driver'
const minimumKills = 5
/** Delays after the sidecar's start: before it has read its settings, and after its first poll. */
const killDelaysMs = [20, 700, 250, 1_000]

/**
 * Kills the sidecar repeatedly from its first second until `enough` settles. The driver must not be affected. Afterwards
 * the sidecar runs undisturbed and must monitor the driver again.
 */
export async function runKilledSidecarScenario(
  harness: DemoHarness,
  driver: Driver,
  enough: Promise<unknown>,
): Promise<KilledSidecarFigures> {
  const running = await admitAndRun(harness, driver)
  const { log, run, report } = running
  let over = false
  const end = () => {
    over = true
  }
  enough.then(end, end)
  const polled = pollRepeatedly(running, () => over)
  // Awaited after the kills. Until then a failure must not end the process.
  polled.catch(() => {})

  report('demo', 'will kill the sidecar each time it starts, from its first second')
  const killsMs: number[] = []
  let sinceMs = 0
  while (!over || killsMs.length < minimumKills) {
    const start = await log.first('the sidecar starts again', isSidecarStart, sinceMs, patienceMs)
    const sidecar = run.process(sidecarContainerName)
    await sleep(killDelaysMs[killsMs.length % killDelaysMs.length])
    sidecar?.kill('SIGKILL')
    killsMs.push(harness.timeline.nowMs())
    sinceMs = start.atMs
  }
  const [firstKillMs = 0, lastKillMs = 0] = [killsMs[0], killsMs.at(-1)]
  const pid = assertUnharmed(running)
  report('demo', `killed the sidecar ${killsMs.length} times; the driver is still process ${pid}. No more kills`)
  await log.first('the sidecar starts again', isSidecarStart, sinceMs, patienceMs)
  await untilMonitored(driver)
  report('sidecar', 'monitors the driver again: it is alive')
  over = true
  const answered = await polled
  assertUnharmed(running)
  return { kills: killsMs.length, killingMs: lastKillMs - firstKillMs, answers: answered }
}

/** Waits until the sidecar reports, by its own readiness, that the driver answers. */
async function untilMonitored({ name, statusPort }: Driver): Promise<void> {
  const deadlineMs = performance.now() + patienceMs
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${statusPort}/readyz`).catch(() => undefined)
    await response?.body?.cancel()
    if (response?.status === 200) return
    if (performance.now() > deadlineMs) throw new Error(`the sidecar of ${name} does not monitor it again`)
    await sleep(200)
  }
}

/** Polls the driver's UI twice a second. Fails if it stops answering. */
async function pollRepeatedly({ driver }: RunningDriver, over: () => boolean): Promise<number> {
  let count = 0
  while (!over()) {
    if (await answers(driver)) count += 1
    else if (count > 0) throw new Error(`${driver.name} stopped answering`)
    await sleep(500)
  }
  return count
}

/** Returns the driver's process id. Throws unless the driver has had only this process. */
function assertUnharmed({ driver, log, run }: RunningDriver): number {
  const starts = log.events.flatMap(({ event }) =>
    event.kind === 'container-started' && event.container === driverContainer ? [event.pid] : [],
  )
  const harm = log.events.find(
    ({ event }) =>
      event.kind === 'pod-ended' ||
      event.kind === 'restart-all-containers' ||
      (event.kind === 'container-ended' && event.container === driverContainer),
  )
  const [pid, ...others] = starts
  if (pid === undefined) throw new Error(`${driver.name} did not start`)
  if (harm !== undefined || others.length > 0 || run.process(driverContainer)?.pid !== pid) {
    throw new Error(
      `${driver.name} was healthy but did not keep running: ${harm?.event.kind ?? 'its process has changed'}`,
    )
  }
  return pid
}

const isSidecarStart = (event: KubeletEvent) =>
  event.kind === 'container-started' && event.container === sidecarContainerName
