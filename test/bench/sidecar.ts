/**
 * The cost of a sidecar: the bundle in a separate process with the flags of Dockerfile.sidecar, and a fake Spark UI.
 * Linux only (/proc).
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { sidecarEnv, verdictDir } from '../../core/contract/pod-contract.ts'
import { toDeadlines } from '../../core/settings/deadlines.ts'
import { type DriverPolicy, encodePolicy } from '../../core/settings/driver-policy.ts'
import { resolveSettings } from '../../core/settings/settings.ts'
import { cpuNs, cpuPercentOver, rounded, statusMb } from './process-figures.ts'

const { values: defaults } = resolveSettings({})

const root = join(import.meta.dirname, '../..')
const bars = {
  anonMb: 16,
  rssMb: 60,
  cpuPercent: 0.2,
  cpuOfBare: 1.5,
  firstPollMs: 300,
  bytesOfPolls: 2,
  bytesOfPollsStuck: 2,
}
const starts = 5
const settleMs = 15_000
const windowMs = 60_000
const probedMs = 30_000
/** A second sidecar polls without a pause: some thousands of polls, which take hours at the default interval. */
const soakMs = 20_000
/** The period of the kubelet's readiness probe, as the webhook injects it. */
const readinessPeriodMs = 2_000

/** Polls as the sidecar does, and does nothing else. */
const barePoller = `const { get } = require('node:http')
const poll = () => get({ host: '127.0.0.1', port: process.argv[1], path: '/api/v1/applications', agent: false }, (response) => response.resume())
setInterval(poll, Number(process.argv[2]))
poll()`

/**
 * What a real Spark 4.0.1 answers, with two running jobs. Those of a healthy driver end tasks. `stuck`: they run tasks and end
 * none, which is a weak sign of a hang; one long task looks the same.
 */
const answersOf = (driver: 'healthy' | 'stuck'): readonly (readonly [RegExp, () => string])[] => {
  const jobs = capturedJobs.slice(0, 2)
  const [executors, threads, metrics, queries] = pages
  const answerJobs = () => {
    const endedTasks = driver === 'stuck' ? 3 : Math.floor(performance.now() / 1_000)
    return JSON.stringify(
      jobs.map((job) => ({ ...job, numActiveTasks: 2, numCompletedTasks: endedTasks })),
      null,
      2,
    )
  }
  return [
    [/\/jobs\?/, answerJobs],
    [/\/executors$/, () => executors],
    [/\/threads$/, () => threads],
    [/^\/metrics\/json\/$/, () => metrics],
    [/^\/StreamingQuery\/$/, () => queries],
  ]
}
const capturedJobs: readonly Record<string, unknown>[] = JSON.parse(capture('jobs.json'))
const pages = [
  capture('executors.json'),
  capture('threads.json'),
  capture('metrics.json'),
  // A failed query would be a doubt, at which the black box reads all pages.
  capture('streaming-query.html').replaceAll('FAILED', 'FINISHED'),
] as const

interface BenchUi {
  readonly port: number
  /** What was sent to the sidecar, with headers. */
  readonly sent: { polls: number; readings: number }
  /** How often the sidecar has polled. */
  readonly polls: () => number
  onPoll: () => void
  close(): void
}

/** A UI that compresses on request, as Spark's does. Requests of the bare process are answered and do not count. */
async function startUi(driver: 'healthy' | 'stuck'): Promise<BenchUi> {
  const answers = answersOf(driver)
  const applications = capture('applications.json').replace(/local-\d+/, 'spark-bench')
  let polls = 0
  const server = createServer((request, response) => {
    const answer = answers.find(([path]) => path.test(request.url ?? ''))?.[1]
    const { socket } = request
    if (request.headers['user-agent'] !== undefined) {
      // Each request has its own connection.
      socket.once('close', () => {
        ui.sent[answer === undefined ? 'polls' : 'readings'] += socket.bytesWritten
      })
      if (answer === undefined) {
        polls += 1
        ui.onPoll()
      }
    }
    const body = answer?.() ?? applications
    const isZipped = request.headers['accept-encoding'] === 'gzip'
    if (isZipped) response.setHeader('content-encoding', 'gzip')
    response.end(isZipped ? gzipSync(body) : body)
  })
  const ui: BenchUi = {
    port: await listen(server),
    sent: { polls: 0, readings: 0 },
    polls: () => polls,
    onPoll: () => {},
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
  return ui
}

/**
 * Measures and prints; the last line is JSON. anonMb is RssAnon and rssMb is VmRSS of /proc/PID/status: the greater of after
 * 105 s of polls at the default interval and of the most within some thousands of polls without a pause. cpuPercent is user
 * and system time of 60 s at the default interval, and cpuOfBare its ratio to that of a bare Node process which polls the same
 * UI meanwhile. bytesPerHour is what the UI sent to polls and to readings, and bytesOfPolls their sum by
 * that of the polls; bytesOfPollsStuck is the same of another driver, whose jobs end no task.
 * firstPollMs is the median of 5 starts, all of which are printed, from exec to the request at the UI. Exit code 1 when a bar
 * is missed.
 */
export async function benchSidecar(): Promise<void> {
  execFileSync(process.execPath, [join(root, 'build.ts'), 'sidecar'], { stdio: 'inherit' })
  const [ui, stuckUi] = [await startUi('healthy'), await startUi('stuck')]
  const free = createServer()
  const statusPort = await listen(free)
  free.close()
  const dir = mkdtempSync(join(tmpdir(), 'spark-nanny-bench-'))
  const stuckDir = join(dir, 'stuck')
  for (const root of [dir, stuckDir]) mkdirSync(join(root, verdictDir), { recursive: true })
  const policy = policyFor(ui.port, statusPort)
  const envOf = (of: DriverPolicy) => ({ [sidecarEnv.root]: dir, [sidecarEnv.policy]: encodePolicy(of) })

  const firstPolls: number[] = []
  const start = async (of = policy) => {
    const asked = new Promise<number>((resolve) => {
      ui.onPoll = () => resolve(performance.now())
    })
    const startedMs = performance.now()
    const argv = [...flagsOfImage(), join(root, 'dist/sidecar.cjs')]
    const child = spawn(process.execPath, argv, { env: envOf(of), stdio: 'ignore' })
    firstPolls.push((await asked) - startedMs)
    return child
  }
  for (let count = 1; count < starts; count += 1) {
    const child = await start()
    child.kill()
    await sleep(200)
  }
  ui.sent.polls = ui.sent.readings = 0
  const stuckArgv = [...flagsOfImage(), join(root, 'dist/sidecar.cjs')]
  const stuckEnv = {
    ...envOf({ ...policy, ui: { ...policy.ui, port: stuckUi.port }, statusPort: 0 }),
    [sidecarEnv.root]: stuckDir,
  }
  const besideStuck = spawn(process.execPath, stuckArgv, { env: stuckEnv, stdio: 'ignore' })
  const sidecar = await start()
  const steadySinceMs = performance.now()
  const pid = sidecar.pid ?? 0
  const bare = spawn(process.execPath, [
    ...flagsOfImage(),
    '-e',
    barePoller,
    String(ui.port),
    String(policy.intervalMs),
  ])
  const barePid = bare.pid ?? 0
  console.log(`flags ${flagsOfImage().join(' ')}; settling ${settleMs / 1000} s, measuring ${windowMs / 1000} s …`)
  await sleep(settleMs)
  const pollsBefore = ui.polls()
  const [sidecarNs, bareNs] = [cpuNs(pid), cpuNs(barePid)]
  const cpuPercent = await cpuPercentOver(pid, windowMs)
  const cpuOfBare = (cpuNs(pid) - sidecarNs) / (cpuNs(barePid) - bareNs)
  bare.kill()
  console.log(`${ui.polls() - pollsBefore} polls in the window; the same with the kubelet’s readiness probes …`)
  const kubelet = setInterval(() => {
    fetch(`http://127.0.0.1:${statusPort}/readyz`).then(
      (response) => response.body?.cancel(),
      (error: unknown) => console.error(`readyz: ${String(error)}`),
    )
  }, readinessPeriodMs)
  console.log(
    `${rounded(await cpuPercentOver(pid, probedMs), 3)} % with readiness asked every ${readinessPeriodMs / 1000} s`,
  )
  const perHour = 3_600_000 / (performance.now() - steadySinceMs)
  const bytesPerHour = { polls: Math.round(ui.sent.polls * perHour), readings: Math.round(ui.sent.readings * perHour) }
  const bytesOfPolls = computeBytesOfPolls(ui)
  const bytesOfPollsStuck = computeBytesOfPolls(stuckUi)
  besideStuck.kill()
  const steady = { anonMb: statusMb(pid, 'RssAnon'), rssMb: statusMb(pid, 'VmRSS') }
  clearInterval(kubelet)
  sidecar.kill()
  await once(sidecar, 'exit')
  console.log(`steady: ${steady.anonMb} MB anonymous, ${steady.rssMb} MB resident; soaking ${soakMs / 1000} s …`)
  const pollsBeforeSoak = ui.polls()
  const starting = firstPolls.toSorted((a, b) => a - b).map(Math.round)
  const soaking = await start({ ...policy, intervalMs: 1 })
  const soaked = await mostMemory(soaking.pid ?? 0, soakMs)
  soaking.kill()
  console.log(
    `soaked: ${soaked.anonMb} MB anonymous, ${soaked.rssMb} MB resident within ${ui.polls() - pollsBeforeSoak} polls`,
  )
  console.log(`first polls after ${starting.join(', ')} ms`)
  const result = {
    anonMb: Math.max(steady.anonMb, soaked.anonMb),
    rssMb: Math.max(steady.rssMb, soaked.rssMb),
    cpuPercent: rounded(cpuPercent, 3),
    cpuOfBare: rounded(cpuOfBare, 2),
    bytesPerHour,
    bytesOfPolls,
    bytesOfPollsStuck,
    firstPollMs: starting[Math.floor(starting.length / 2)] ?? Number.NaN,
  }
  ui.close()
  stuckUi.close()
  rmSync(dir, { recursive: true, force: true })
  for (const key of [
    'anonMb',
    'rssMb',
    'cpuPercent',
    'cpuOfBare',
    'bytesOfPolls',
    'bytesOfPollsStuck',
    'firstPollMs',
  ] as const) {
    const isHeld = result[key] <= bars[key]
    console.log(`${key} ${result[key]} (bar ${bars[key]}) ${isHeld ? 'ok' : 'MISSED'}`)
    if (!isHeld) process.exitCode = 1
  }
  console.log(JSON.stringify(result))
}

const computeBytesOfPolls = ({ sent }: BenchUi) => rounded((sent.polls + sent.readings) / sent.polls, 2)

function capture(name: string): string {
  return readFileSync(join(root, 'test/data/spark-ui/4.0.1', name), 'utf8')
}

/** Node's flags in the image's ENTRYPOINT: all between the binary and the bundle. */
function flagsOfImage(): readonly string[] {
  const entrypoint = /^ENTRYPOINT (\[.*\])$/m.exec(readFileSync(join(root, 'Dockerfile.sidecar'), 'utf8'))?.[1]
  const words: unknown = JSON.parse(entrypoint ?? '[]')
  if (!Array.isArray(words) || words.length < 2) throw new Error('Dockerfile.sidecar: no ENTRYPOINT in its JSON form')
  return words.slice(1, -1).map(String)
}

function policyFor(uiPort: number, statusPort: number): DriverPolicy {
  return {
    applicationId: 'spark-bench',
    ui: { scheme: 'http', port: uiPort },
    intervalMs: defaults.interval,
    ...toDeadlines(defaults),
    actOn: 'certain',
    onHung: { kind: 'observe', budget: null },
    statusPort,
    logLevel: 'info',
    settings: {},
  }
}

function listen(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

/** The maximum of each value, sampled once per second. */
async function mostMemory(pid: number, durationMs: number): Promise<{ anonMb: number; rssMb: number }> {
  let most = { anonMb: 0, rssMb: 0 }
  for (const untilMs = performance.now() + durationMs; performance.now() < untilMs; ) {
    await sleep(1_000)
    most = {
      anonMb: Math.max(most.anonMb, statusMb(pid, 'RssAnon')),
      rssMb: Math.max(most.rssMb, statusMb(pid, 'VmRSS')),
    }
  }
  return most
}
