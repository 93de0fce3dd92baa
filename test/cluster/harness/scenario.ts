import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Cluster } from './cluster.ts'
import { logsDir } from './paths.ts'
import {
  containerStatus,
  followPod,
  isReady,
  type PodRef,
  podLog,
  type Timeline,
  type TimelineEntry,
  waitForLog,
} from './pods.ts'
import { waitFor } from './processes.ts'
import { settingsConf } from './sidecar.ts'
import { type Submission, type Submitted, submit } from './submit.ts'

export interface Scenario extends Omit<Submission, 'namespace'> {
  /** Settings of spark-nanny, as annotations of the driver pod. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface Driver extends Submitted {
  readonly timeline: Timeline
}

/** Follows a driver's pod that is about to be created. Prints the timeline when the test ends, and keeps the driver's log. */
export const followDriver = async (cluster: Cluster, context: TestContext, ref: PodRef): Promise<Timeline> => {
  const timeline = await followPod(cluster, ref)
  context.after(async () => {
    timeline.stop()
    context.diagnostic(`${ref.pod}\n${timeline.text()}`)
    writeFileSync(join(logsDir, `${ref.namespace}-${ref.pod}.log`), await podLog(cluster, ref))
  })
  return timeline
}

/** Submits an application and follows its driver pod. Prints the timeline when the test ends, also after a failure. */
export const start = async (
  cluster: Cluster,
  context: TestContext,
  namespace: string,
  scenario: Scenario,
): Promise<Driver> => {
  const { settings = {}, conf = {}, ...submission } = scenario
  const timeline = await followDriver(cluster, context, { namespace, pod: `${scenario.name}-driver` })
  const submitted = await submit(cluster, { ...submission, namespace, conf: { ...conf, ...settingsConf(settings) } })
  return { ...submitted, timeline }
}

/** Waits until the application has completed `jobs` jobs in the current run of its driver. */
export const waitForJobs = (
  cluster: Cluster,
  ref: PodRef,
  jobs: number,
  timeoutMs = 180_000,
): Promise<RegExpExecArray> => waitForLog(cluster, ref, new RegExp(`app: job ${jobs} done`), { timeoutMs })

/** Waits for a change of the pod that `matches`, seen at or after `since`; undefined `since`: from the beginning. */
export const waitForEntry = (
  driver: Driver,
  what: string,
  timeoutMs: number,
  matches: (entry: TimelineEntry) => boolean,
  since = 0,
): Promise<TimelineEntry> =>
  waitFor({ what: `${driver.pod}: ${what}`, timeoutMs, everyMs: 100 }, async () =>
    driver.timeline.entries.find((entry) => entry.at >= since && matches(entry)),
  )

export const restartsOf = ({ pod }: TimelineEntry, container?: string): number =>
  containerStatus(pod, container)?.restartCount ?? 0

export const isRunning = ({ pod }: TimelineEntry, container?: string): boolean =>
  containerStatus(pod, container)?.state?.running !== undefined

/** Durations of a restart in place since the freeze, in seconds. */
export interface RestartFigures {
  readonly hangToVerdict: number
  readonly verdictToStarted: number
  readonly startedToReady: number
}

/**
 * Waits until the driver has been restarted in place for the `nth` time and is Ready again. The verdict is the moment at
 * which the sidecar's exit was observed or, if the kubelet reported only the outcome, the end that it reports.
 */
export const waitForRestart = async (driver: Driver, hungAt: number, nth: number): Promise<RestartFigures> => {
  const verdict = await waitForEntry(
    driver,
    'the sidecar exits with 88',
    120_000,
    ({ pod }) => containerStatus(pod, 'spark-nanny')?.state?.terminated?.exitCode === 88,
    hungAt,
  )
  const started = await waitForEntry(
    driver,
    `restart ${nth} of the driver`,
    60_000,
    (entry) => restartsOf(entry) >= nth && isRunning(entry),
    verdict.at,
  )
  const ready = await waitForEntry(driver, 'Ready again', 180_000, ({ pod }) => isReady(pod), started.at)
  const seconds = (from: number, to: number) => Math.round((to - from) / 100) / 10
  return {
    hangToVerdict: seconds(hungAt, verdict.at),
    verdictToStarted: seconds(verdict.at, started.at),
    startedToReady: seconds(started.at, ready.at),
  }
}

export const describeFigures = ({ hangToVerdict, verdictToStarted, startedToReady }: RestartFigures): string =>
  `hang → verdict ${hangToVerdict} s → started again ${verdictToStarted} s → Ready ${startedToReady} s; ` +
  `${Math.round((hangToVerdict + verdictToStarted + startedToReady) * 10) / 10} s in all`

/** Rejects when the driver was restarted, or its pod ends, within `durationMs`. */
export const staysAlive = async (driver: Driver, durationMs: number): Promise<void> => {
  const end = performance.now() + durationMs
  while (performance.now() < end) {
    const killed = driver.timeline.entries.find(
      (entry) => restartsOf(entry) > 0 || /Failed|Succeeded/.test(entry.pod.status?.phase ?? ''),
    )
    if (killed) throw new Error(`${driver.pod} did not stay alive: ${killed.text}`)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

/** The number of the last completed job in the log of the driver's current run. */
export const jobsDone = async (cluster: Cluster, ref: PodRef): Promise<number> => {
  const lines = [...(await podLog(cluster, ref)).matchAll(/app: job (\d+) done/g)]
  return Number(lines.at(-1)?.[1] ?? 0)
}
