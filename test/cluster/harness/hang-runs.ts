import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HungReason } from '../../../core/verdict/verdict.ts'
import type { Cluster } from './cluster.ts'
import { containerStatus, type PodRef, podLog, waitForLog, waitForSuccess } from './pods.ts'
import { waitFor } from './processes.ts'
import { type Driver, isRunning, restartsOf, type Scenario, start, staysAlive, waitForEntry } from './scenario.ts'
import { sidecarStatus } from './sidecar.ts'

type Interference = (cluster: Cluster, driver: Driver) => Promise<unknown>

/** A driver that hangs, and what must become of it. */
export interface Hang extends Scenario {
  /** A line of its log after which it hangs, or after which `hang` makes it hang. */
  readonly until: RegExp
  readonly hang?: Interference
  /** One of these. */
  readonly reasons: readonly HungReason[]
  /** `restarted`: in the same pod. `failed`: its pod fails. `reported`: it is left alone. */
  readonly outcome: 'restarted' | 'failed' | 'reported'
  /** The exit code of the driver's container. Default: any. */
  readonly exitCode?: number
  /** A line of the log that shows that the next driver works. Default: of its first job. */
  readonly works?: RegExp
}

/** A driver that is healthy although it looks like a hung one for a while. */
export interface Twin extends Scenario {
  /** A line of its log after which `disturb` acts. */
  readonly until?: RegExp
  readonly disturb?: Interference
  /** A line that it prints when its work is complete. */
  readonly completes: RegExp
  /** What the sidecar says about it meanwhile. Default: anything. */
  readonly shows?: RegExp
}

/** What is done with a driver that runs, and what must follow. */
export type HangStory = Omit<Hang, keyof Scenario>
export type TwinStory = Omit<Twin, keyof Scenario>

/** Deletes a driver after its test: a hung one hangs again and again, and uses the CPU of the others. */
export const deleteAfterTest = (cluster: Cluster, context: TestContext, { namespace, pod }: PodRef): void => {
  const options = ['--grace-period=1', '--wait=false', '--ignore-not-found']
  context.after(() => cluster.kubectl(['-n', namespace, 'delete', 'pod', pod, ...options]))
}

/** Starts a driver that is deleted after the test. */
const startForTest = async (
  cluster: Cluster,
  context: TestContext,
  namespace: string,
  scenario: Scenario,
): Promise<Driver> => {
  const driver = await start(cluster, context, namespace, scenario)
  deleteAfterTest(cluster, context, driver)
  return driver
}

const startMs = 300_000
const verdictMs = 420_000
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

/** What the sidecar concluded, and when. */
interface Conclusion {
  readonly atMs: number
  readonly reason: string
  readonly detail: string
}

const assertReason = (reasons: readonly string[], { reason, detail }: Pick<Conclusion, 'reason' | 'detail'>): void =>
  assert.ok(reasons.includes(reason), `${reason}, not ${reasons.join(' or ')}: ${detail}`)

/** Runs a driver until it hangs and the sidecar has acted on it or reported it. Prints how long each step took. */
export const runHang = async (cluster: Cluster, context: TestContext, namespace: string, hang: Hang): Promise<void> => {
  await followHang(cluster, context, await startForTest(cluster, context, namespace, hang), hang)
}

/** Waits until a running driver hangs and the sidecar has acted on it or reported it, as {@link runHang} does. */
export const followHang = async (
  cluster: Cluster,
  context: TestContext,
  driver: Driver,
  { until, hang: interfere, reasons, outcome, exitCode, works = /app: job 1 done/ }: HangStory,
): Promise<void> => {
  await waitForLog(cluster, driver, until, { timeoutMs: startMs })
  const hungAtMs = Date.now()
  await interfere?.(cluster, driver)
  const conclusion = await waitForConclusion(cluster, driver, hungAtMs)
  assertReason(reasons, conclusion)
  const steps = [`hang → verdict ${seconds(conclusion.atMs - hungAtMs)} (${conclusion.reason}: ${conclusion.detail})`]
  if (outcome === 'reported') {
    await staysAlive(driver, 30_000)
    const status = await sidecarStatus(cluster, driver)
    assertReason(reasons, { reason: status.reason ?? '', detail: JSON.stringify(status) })
  } else {
    const dead = await waitForEntry(driver, 'its driver has ended', 180_000, hasEnded, hungAtMs)
    const ended = containerStatus(dead.pod)
    const code = (ended?.state?.terminated ?? ended?.lastState?.terminated)?.exitCode
    const inAll = `${seconds(dead.at - hungAtMs)} after the hang`
    steps.push(`dead ${seconds(dead.at - conclusion.atMs)} (exit code ${code}, ${inAll})`)
    if (exitCode !== undefined) assert.equal(code, exitCode)
    if (outcome === 'restarted') {
      await waitForEntry(driver, 'started again', 180_000, (e) => restartsOf(e) > 0 && isRunning(e), dead.at)
      await waitForLog(cluster, driver, works, { timeoutMs: startMs })
      steps.push(`computing again ${seconds(Date.now() - dead.at)}, ${seconds(Date.now() - hungAtMs)} in all`)
    } else {
      await waitForEntry(driver, 'Failed', 180_000, ({ pod }) => pod.status?.phase === 'Failed', hungAtMs)
      assert.equal(ended?.restartCount, 0)
    }
  }
  context.diagnostic(`${driver.pod}: ${steps.join(' → ')}`)
}

const hasEnded: Parameters<typeof waitForEntry>[3] = (entry) =>
  restartsOf(entry) > 0 || containerStatus(entry.pod)?.state?.terminated !== undefined

/** The sidecar's conclusion on its driver: what /status says now, or what it remembers of a driver it has restarted. */
const waitForConclusion = (cluster: Cluster, driver: Driver, sinceMs: number): Promise<Conclusion> =>
  waitFor({ what: `${driver.pod}: hung on /status`, timeoutMs: verdictMs, everyMs: 500 }, async () => {
    const status = await sidecarStatus(cluster, driver)
    const restart = status.restarts?.find(({ at }) => Date.parse(at) >= sinceMs - 5_000)
    if (restart !== undefined) {
      return { atMs: Date.parse(restart.at), reason: restart.reason, detail: 'seen after the restart' }
    }
    if (status.state !== 'hung') throw new Error(`${status.state} ${status.detail ?? ''}`)
    return { atMs: Date.now(), reason: status.reason ?? '', detail: status.detail ?? '' }
  })

/** Runs a healthy driver to its end. It must complete without a restart. */
export const runTwin = async (cluster: Cluster, context: TestContext, namespace: string, twin: Twin): Promise<void> => {
  await followTwin(cluster, context, await startForTest(cluster, context, namespace, twin), twin)
}

/** Waits for the end of a healthy driver that runs, as {@link runTwin} does. */
export const followTwin = async (
  cluster: Cluster,
  context: TestContext,
  driver: Driver,
  { until, disturb, completes, shows }: TwinStory,
): Promise<void> => {
  const states = new Set<string>()
  const watching = { ended: false, shown: shows === undefined }
  const watch = async () => {
    while (!watching.ended) {
      const status = await sidecarStatus(cluster, driver).catch(() => undefined)
      if (status !== undefined) states.add([status.state, status.reason].filter(Boolean).join(' '))
      if (status !== undefined && shows?.test(status.detail ?? '')) watching.shown = true
      await sleep(1_000)
    }
  }
  const watched = watch()
  try {
    if (until !== undefined) await waitForLog(cluster, driver, until, { timeoutMs: startMs })
    await disturb?.(cluster, driver)
    await waitForSuccess(cluster, driver, 600_000)
  } finally {
    watching.ended = true
    await watched
  }
  context.diagnostic(`${driver.pod}: lived; states ${[...states].join(', ')}`)
  assert.ok(watching.shown, `the sidecar never said ${shows}`)
  assert.match(await podLog(cluster, driver), completes)
  const entry = driver.timeline.entries.find((seen) => restartsOf(seen) > 0)
  assert.equal(entry?.text, undefined, 'it was restarted')
}
