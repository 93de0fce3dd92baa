import { setTimeout as sleep } from 'node:timers/promises'
import { sidecarContainerName } from '../../core/contract/pod-contract.ts'
import type { Driver } from './driver-pod.ts'
import type { KubeletEvent } from './kubelet/events.ts'
import { admitAndRun, answers, patienceMs, type RunningDriver, type Stage } from './stage.ts'

export interface KilledSidecarFigures {
  readonly kills: number
  /** From the first kill to the last. */
  readonly underFireMs: number
  /** How often the driver was asked meanwhile; it answered each time. */
  readonly answers: number
}

const driverContainer = 'spark-kubernetes-driver'
const leastKills = 5
/** After the sidecar's start: before it has read its settings, and after its first poll. */
const killDelaysMs = [20, 700, 250, 1_000]

/**
 * The sidecar is killed from its first second, again and again until `enough`; the driver must not notice. Then it is
 * left in peace, and must take up its work.
 */
export async function killedSidecar(
  stage: Stage,
  driver: Driver,
  enough: Promise<unknown>,
): Promise<KilledSidecarFigures> {
  const running = await admitAndRun(stage, driver)
  const { log, run, say } = running
  let over = false
  const end = () => {
    over = true
  }
  enough.then(end, end)
  const asked = askAgainAndAgain(running, () => over)
  // Awaited when the killing is over; until then its failure must not end the process.
  asked.catch(() => {})

  say('demo', 'will kill the sidecar each time that it starts, from its first second')
  const killsMs: number[] = []
  let sinceMs = 0
  while (!over || killsMs.length < leastKills) {
    const start = await log.first('the sidecar starts again', isSidecarStart, sinceMs, patienceMs)
    const sidecar = run.process(sidecarContainerName)
    await sleep(killDelaysMs[killsMs.length % killDelaysMs.length])
    sidecar?.kill('SIGKILL')
    killsMs.push(stage.timeline.nowMs())
    sinceMs = start.atMs
  }
  const [firstKillMs = 0, lastKillMs = 0] = [killsMs[0], killsMs.at(-1)]
  const pid = assertUnharmed(running)
  say(
    'demo',
    `killed the sidecar ${killsMs.length} times; the driver is process ${pid}, as at first. Peace from now on`,
  )
  await log.first('the sidecar starts again', isSidecarStart, sinceMs, patienceMs)
  await untilWatched(driver)
  say('sidecar', 'watches the driver again: it is alive')
  over = true
  const answered = await asked
  assertUnharmed(running)
  return { kills: killsMs.length, underFireMs: lastKillMs - firstKillMs, answers: answered }
}

/** Waits until the sidecar says, by its own readiness, that the driver answers. */
async function untilWatched({ name, statusPort }: Driver): Promise<void> {
  const deadlineMs = performance.now() + patienceMs
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${statusPort}/readyz`).catch(() => undefined)
    await response?.body?.cancel()
    if (response?.status === 200) return
    if (performance.now() > deadlineMs) throw new Error(`the sidecar of ${name} does not watch it again`)
    await sleep(200)
  }
}

/** Asks the driver's UI twice a second; fails when one that has answered does not. */
async function askAgainAndAgain({ driver }: RunningDriver, over: () => boolean): Promise<number> {
  let count = 0
  while (!over()) {
    if (await answers(driver)) count += 1
    else if (count > 0) throw new Error(`${driver.name} stopped answering`)
    await sleep(500)
  }
  return count
}

/** The driver's process, which must be the only one that there ever was. */
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
  if (pid === undefined) throw new Error(`${driver.name} was kept from starting`)
  if (harm !== undefined || others.length > 0 || run.process(driverContainer)?.pid !== pid) {
    throw new Error(`${driver.name} was healthy and did not live: ${harm?.event.kind ?? 'its process is another'}`)
  }
  return pid
}

const isSidecarStart = (event: KubeletEvent) =>
  event.kind === 'container-started' && event.container === sidecarContainerName
