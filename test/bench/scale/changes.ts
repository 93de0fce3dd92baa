import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubernetesApi } from '../../../kubernetes/api.ts'
import type { Driver } from '../../../webhook/controller/driver/driver.ts'
import { type BenchDriver, healthyStatus, hungStatus, readinessStatus } from './drivers.ts'
import { ask, together } from './fill.ts'
import { type Processes, until } from './processes.ts'
import { type LogLine, linesOf, type WebhookProcess, type WebhookSetup } from './webhook-process.ts'

/** A change that the controller must decide about. */
interface Change {
  /** When the change was sent to the API server, and when the API server had stored it. */
  readonly sentMs: number
  readonly storedMs: number
}

/** From each change to the log line of its decision, in milliseconds, sorted. */
export interface Decisions {
  /** Latency from the time at which another watcher received the event. */
  readonly fromEventMs: readonly number[]
  /** Latency from the API server's response to the change, and from the request. */
  readonly fromStoredMs: readonly number[]
  readonly fromSentMs: readonly number[]
  readonly missing: number
  readonly changesPerSecond: number
}

/** A starved API server sends watch events late. */
const decidedWithinMs = 60_000

/** A kubelet has two minutes from when its sidecar's exit is seen (assess.ts), and the decision may wait for its turn. */
export const hangDecidedWithinMs = 240_000

export const writeStatus = (api: KubernetesApi, { namespace, name }: BenchDriver, status: object) =>
  ask(api, {
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}/pods/${name}/status`,
    contentType: 'application/strategic-merge-patch+json',
    body: { status },
  })

/** The sidecar has requested a restart, and from now on the kubelet does not act. */
export const hang = (api: KubernetesApi, driver: BenchDriver) =>
  writeStatus(api, driver, hungStatus(Date.now() - 10_000))

const restartKey = 'spark-nanny.io/restart'
/** The restart setting of the driver; null for the default. */
const setRestart = (api: KubernetesApi, { namespace, name }: BenchDriver, restart: 'observe' | null) =>
  ask(api, {
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}/pods/${name}`,
    contentType: 'application/merge-patch+json',
    body: { metadata: { annotations: { [restartKey]: restart } } },
  })

/** Whether the owner has deleted the pod itself: the event of {@link change} that needs another decision. */
export const isObserved = ({ annotations }: Pick<Driver, 'annotations'>) => annotations[restartKey] === 'observe'

export const heal = (api: KubernetesApi, drivers: readonly BenchDriver[]) =>
  together(drivers, async (driver) => {
    await writeStatus(api, driver, healthyStatus())
    await setRestart(api, driver, null)
  })

/** Makes every second driver hang, and waits until the process has decided about each. */
export async function hangHalf(
  api: KubernetesApi,
  webhook: WebhookProcess,
  drivers: readonly BenchDriver[],
): Promise<void> {
  const hung = drivers.filter(isHung)
  await together(hung, (driver) => hang(api, driver))
  const decided = async () => firstOf(webhook.log().filter(isDeletionDecision)).size >= hung.length
  await until('all hangs are decided about', hangDecidedWithinMs, webhook.logFile, decided)
}

const isHung = (_driver: BenchDriver, index: number) => index % 2 === 0

/** The log line of the decision about a hung driver. */
export const isDeletionDecision = ({ event, fields }: LogLine) => event === 'decision' && fields.action === 'delete-pod'

/** Starts the second watcher. */
export async function startWatchObserver(
  processes: Processes,
  { env }: WebhookSetup,
): Promise<{ readonly logFile: string }> {
  const { logFile } = processes.start(
    'watch-observer',
    process.execPath,
    [join(import.meta.dirname, 'watch-observer.ts')],
    {
      BENCH_SERVER: `https://${env.KUBERNETES_SERVICE_HOST}:${env.KUBERNETES_SERVICE_PORT}`,
      BENCH_SERVICE_ACCOUNT_DIR: env.SPARK_NANNY_SERVICE_ACCOUNT_DIR ?? '',
    },
  )
  const isWatching = async () => linesOf(logFile).some(({ event }) => event === 'watching')
  await until('the other watcher watches', 30_000, logFile, isWatching)
  return { logFile }
}

/**
 * Changes drivers at an even pace: of each two the one that hangs is to be observed from now on, which needs another
 * decision, and one is not ready for a while.
 */
export async function change(
  api: KubernetesApi,
  webhook: WebhookProcess,
  observer: { readonly logFile: string },
  drivers: readonly BenchDriver[],
  perSecond: number,
): Promise<Decisions> {
  const changes = new Map<string, Change>()
  const underWay: Promise<void>[] = []
  const beganMs = performance.now()
  for (const [index, driver] of drivers.entries()) {
    await sleep(Math.max(0, beganMs + (index * 1000) / perSecond - performance.now()))
    const hangs = isHung(driver, index)
    const sentMs = Date.now()
    const written = hangs ? setRestart(api, driver, 'observe') : writeStatus(api, driver, readinessStatus(false))
    underWay.push(
      written.then(() => {
        if (hangs) changes.set(`${driver.namespace}/${driver.name}`, { sentMs, storedMs: Date.now() })
      }),
    )
  }
  await Promise.all(underWay)
  const changesPerSecond = drivers.length / ((performance.now() - beganMs) / 1000)
  const decisions = () =>
    firstOf(webhook.log().filter((line) => isDeletionDecision(line) && line.fields.why === 'observe-mode'))
  const areAllIn = (known: ReadonlyMap<string, number>) => [...changes.keys()].every((key) => known.has(key))
  for (const endMs = Date.now() + decidedWithinMs; Date.now() < endMs && !areAllIn(decisions()); ) await sleep(1_000)
  const decided = decisions()
  const seen = firstOf(linesOf(observer.logFile).filter(({ event }) => event === 'seen'))
  const lags = [...changes].flatMap(([key, { sentMs, storedMs }]) => {
    const [atMs, eventMs] = [decided.get(key), seen.get(key)]
    if (atMs === undefined || eventMs === undefined) return []
    return [{ event: atMs - eventMs, stored: atMs - storedMs, sent: atMs - sentMs }]
  })
  const sorted = (key: 'event' | 'stored' | 'sent') => lags.map((lag) => lag[key]).sort((a, b) => a - b)
  return {
    fromEventMs: sorted('event'),
    fromStoredMs: sorted('stored'),
    fromSentMs: sorted('sent'),
    missing: changes.size - lags.length,
    changesPerSecond,
  }
}

/** When each driver is first reported. */
function firstOf(lines: readonly LogLine[]): ReadonlyMap<string, number> {
  const first = new Map<string, number>()
  for (const { atMs, fields } of lines) {
    const key = `${fields.namespace}/${fields.name}`
    if (!first.has(key)) first.set(key, atMs)
  }
  return first
}

export const quantile = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
