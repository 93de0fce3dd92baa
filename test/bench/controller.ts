import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import packageJson from '../../package.json' with { type: 'json' }
import { buildBinaries } from '../cluster/harness/binaries.ts'
import { rounded, statusMb } from './process-figures.ts'
import { startApi } from './scale/api-server.ts'
import { change, hangHalf, heal, quantile, startWatchObserver } from './scale/changes.ts'
import { allRunning, fill, type Size, serviceAccountToken } from './scale/fill.ts'
import { hangAtOnce } from './scale/hung-at-once.ts'
import { watchIdle } from './scale/idle.ts'
import { endProcess, processesIn, until } from './scale/processes.ts'
import { type StartUp, startUp } from './scale/start-up.ts'
import { webhookSetup } from './scale/webhook-process.ts'

const size: Size = { nodes: 100, namespaces: 20, applications: 2_000, drivers: 10_000 }
const starts = 3
const idleMs = 60_000
const changesPerSecond = 100
const changesMs = 30_000
const hungAtOnce = 1_000
/** The breaker is open as soon as the second hang is seen. */
const bars = { rssMb: 250, cpuPercent: 2, requestsPerMinute: 0, decisionP99Ms: 50, deletions: 2, heldUpCpuMs: 50 }

/**
 * What the controller costs with ten thousand drivers: the bundle with the image's flags, before a real kube-apiserver and
 * etcd of the bench's own with kwok's nodes and pods. The last line is JSON. Linux only (/proc); needs Go the first time.
 * Exit code 1 when a bar is missed.
 */
export async function benchController(): Promise<void> {
  const log = (line: string) => console.log(`${line}; load ${loadavg()[0]?.toFixed(1)}`)
  await buildBinaries(console.log, ['etcd', 'kubernetes', 'kwok'])
  const dir = await mkdtemp(join(tmpdir(), 'spark-nanny-bench-'))
  const processes = processesIn(dir)
  try {
    const cluster = await startApi(dir, processes)
    const { api, auditLog } = cluster
    const kwok = cluster.startKwok()
    const beganMs = performance.now()
    const drivers = await fill(api, size, packageJson.version)
    await until('all drivers run', 600_000, join(dir, 'kwok.log'), () => allRunning(api))
    log(`${size.drivers} drivers run after ${((performance.now() - beganMs) / 1000).toFixed(0)} s`)
    const setup = await webhookSetup(dir, cluster, await serviceAccountToken(api))

    const started: StartUp[] = []
    for (let count = 1; count <= starts; count += 1) {
      const start = await startUp(`webhook-${count}`, processes, setup, { watchEventLoop: count < starts })
      started.push(start)
      const { webhook, syncMs, leadMs, heldUp, admissionsMs } = start
      const slowestMs = Math.max(...admissionsMs).toFixed(0)
      log(
        `start ${count}: synced ${syncMs} ms, leads ${leadMs} ms, held up ${heldUp?.clockMs ?? '-'} ms, of these ${heldUp?.cpuMs ?? '-'} by itself, slowest of ${admissionsMs.length} admissions ${slowestMs} ms, peak ${statusMb(webhook.pid, 'VmHWM')} MB`,
      )
      if (count < starts) await endProcess(webhook.child)
    }
    const { webhook } = started.at(-1) ?? { webhook: undefined }
    if (webhook === undefined) throw new Error('nothing was started')
    await sleep(30_000)
    const idle = await watchIdle(webhook, auditLog, idleMs)
    log(`idle: ${JSON.stringify(idle)}`)

    const plain = drivers.filter(({ owner }) => owner === null)
    const changing = plain.slice(0, (changesPerSecond * changesMs) / 1000)
    const load = loadavg()[0] ?? 0
    kwok.pause()
    await hangHalf(api, webhook, changing)
    const observer = await startWatchObserver(processes, setup)
    const decisions = await change(api, webhook, observer, changing, changesPerSecond)
    const { fromEventMs, fromStoredMs, fromSentMs, missing } = decisions
    const texts = [fromEventMs, fromStoredMs, fromSentMs].map((lags) =>
      [0.5, 0.99, 1].map((share) => quantile(lags, share)).join(', '),
    )
    log(
      `${decisions.changesPerSecond.toFixed(0)} changes a second: p50, p99, most from the event ${texts[0]} ms, from stored ${texts[1]} ms, from sent ${texts[2]} ms; ${missing} missing`,
    )
    const rssMb = statusMb(webhook.pid, 'VmHWM')
    await endProcess(webhook.child)
    await heal(api, changing)
    kwok.resume()

    const deleting = await startUp('webhook-deleting', processes, setup, { env: { SPARK_NANNY_FALLBACK: 'delete' } })
    await sleep(5_000)
    const hung = drivers.filter(({ owner }) => owner !== null).slice(0, hungAtOnce)
    const breaker = await hangAtOnce(api, deleting.webhook, auditLog, hung)
    log(`hung at once: ${JSON.stringify(breaker)}`)

    const middle = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
    const figures = {
      drivers: size.drivers,
      syncMs: middle(started.map(({ syncMs }) => syncMs)),
      leadMs: middle(started.map(({ leadMs }) => leadMs)),
      heldUpMs: Math.max(...started.map(({ heldUp }) => heldUp?.clockMs ?? 0)),
      heldUpCpuMs: Math.max(...started.map(({ heldUp }) => heldUp?.cpuMs ?? 0)),
      rssMb: Math.max(rssMb, statusMb(deleting.webhook.pid, 'VmHWM')),
      idleRssMb: idle.rssMb,
      cpuPercent: idle.cpuPercent,
      requestsPerMinute: idle.requests.drivers,
      constantRequestsPerMinute: idle.requests.constant,
      scrapeMs: idle.scrapeMs,
      decisionP50Ms: quantile(fromEventMs, 0.5),
      decisionP99Ms: quantile(fromEventMs, 0.99),
      decisionP99FromStoredMs: quantile(fromStoredMs, 0.99),
      decisionP99FromSentMs: quantile(fromSentMs, 0.99),
      changesPerSecond: Math.round(decisions.changesPerSecond),
      /** Of the machine, right before the changes: more than its cores, and times are of little worth. */
      loadAverage: rounded(load, 1),
      undecided: missing + breaker.hung - breaker.decided,
      hung: breaker.hung,
      deletions: breaker.deletions,
    }
    for (const [key, bar] of Object.entries(bars) as [keyof typeof bars, number][]) {
      const isHeld = figures[key] <= bar
      console.log(`${key} ${figures[key]} (bar ${bar}) ${isHeld ? 'ok' : 'MISSED'}`)
      if (!isHeld || figures.undecided > 0) process.exitCode = 1
    }
    console.log(JSON.stringify({ ...figures, rssMb: rounded(figures.rssMb, 1) }))
  } finally {
    await processes.stop()
    await rm(dir, { recursive: true, force: true })
  }
}
