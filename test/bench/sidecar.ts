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
import { sidecarEnv, verdictDir } from '../../core/contract/pod-contract.ts'
import { type DriverPolicy, encodePolicy } from '../../core/settings/driver-policy.ts'
import { resolveSettings } from '../../core/settings/settings.ts'
import { toDeadlines } from '../../core/verdict/deadlines.ts'

const { values: defaults } = resolveSettings({})

import { cpuPercentOver, rounded, statusMb } from './process-figures.ts'

const root = join(import.meta.dirname, '../..')
const bars = { anonMb: 16, rssMb: 60, cpuPercent: 0.2, firstPollMs: 300 }
const starts = 5
const settleMs = 15_000
const windowMs = 60_000
const probedMs = 30_000
/** A second sidecar polls without a pause: some thousands of polls, which take hours at the default interval. */
const soakMs = 20_000
/** The period of the kubelet's readiness probe, as the webhook injects it. */
const readinessPeriodMs = 2_000

/**
 * Measures and prints; the last line is JSON `{anonMb, rssMb, cpuPercent, firstPollMs}`. anonMb is RssAnon and rssMb is
 * VmRSS of /proc/PID/status: the greater of after 105 s of polls at the default interval and of the most within some
 * thousands of polls without a pause. cpuPercent is user and system time of 60 s at the default interval. firstPollMs is
 * the median of 5 starts, all of which are printed, from exec to the request at the UI. Exit code 1 when a bar is missed.
 */
export async function benchSidecar(): Promise<void> {
  execFileSync(process.execPath, [join(root, 'build.ts'), 'sidecar'], { stdio: 'inherit' })
  let polls = 0
  let onPoll = () => {}
  const ui = createServer((_request, response) => {
    polls += 1
    onPoll()
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify([{ id: 'spark-bench', name: 'bench', attempts: [{ completed: false }] }]))
  })
  const uiPort = await listen(ui)
  const free = createServer()
  const statusPort = await listen(free)
  free.close()
  const dir = mkdtempSync(join(tmpdir(), 'spark-nanny-bench-'))
  mkdirSync(join(dir, verdictDir), { recursive: true })
  const policy = policyFor(uiPort, statusPort)
  const envOf = (of: DriverPolicy) => ({ [sidecarEnv.root]: dir, [sidecarEnv.policy]: encodePolicy(of) })

  const firstPolls: number[] = []
  const start = async (of = policy) => {
    const asked = new Promise<number>((resolve) => {
      onPoll = () => resolve(performance.now())
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
  const sidecar = await start()
  const pid = sidecar.pid ?? 0
  console.log(`flags ${flagsOfImage().join(' ')}; settling ${settleMs / 1000} s, measuring ${windowMs / 1000} s …`)
  await sleep(settleMs)
  const pollsBefore = polls
  const cpuPercent = await cpuPercentOver(pid, windowMs)
  console.log(`${polls - pollsBefore} polls in the window; the same with the kubelet’s readiness probes …`)
  const kubelet = setInterval(() => {
    fetch(`http://127.0.0.1:${statusPort}/readyz`).then(
      (response) => response.body?.cancel(),
      (error: unknown) => console.error(`readyz: ${String(error)}`),
    )
  }, readinessPeriodMs)
  console.log(
    `${rounded(await cpuPercentOver(pid, probedMs), 3)} % with readiness asked every ${readinessPeriodMs / 1000} s`,
  )
  const steady = { anonMb: statusMb(pid, 'RssAnon'), rssMb: statusMb(pid, 'VmRSS') }
  clearInterval(kubelet)
  sidecar.kill()
  await once(sidecar, 'exit')
  console.log(`steady: ${steady.anonMb} MB anonymous, ${steady.rssMb} MB resident; soaking ${soakMs / 1000} s …`)
  const pollsBeforeSoak = polls
  const starting = firstPolls.toSorted((a, b) => a - b).map(Math.round)
  const soaking = await start({ ...policy, intervalMs: 1 })
  const soaked = await mostMemory(soaking.pid ?? 0, soakMs)
  soaking.kill()
  console.log(
    `soaked: ${soaked.anonMb} MB anonymous, ${soaked.rssMb} MB resident within ${polls - pollsBeforeSoak} polls`,
  )
  console.log(`first polls after ${starting.join(', ')} ms`)
  const result = {
    anonMb: Math.max(steady.anonMb, soaked.anonMb),
    rssMb: Math.max(steady.rssMb, soaked.rssMb),
    cpuPercent: rounded(cpuPercent, 3),
    firstPollMs: starting[Math.floor(starting.length / 2)] ?? Number.NaN,
  }
  ui.closeAllConnections()
  ui.close()
  rmSync(dir, { recursive: true, force: true })
  for (const key of ['anonMb', 'rssMb', 'cpuPercent', 'firstPollMs'] as const) {
    const isHeld = result[key] <= bars[key]
    console.log(`${key} ${result[key]} (bar ${bars[key]}) ${isHeld ? 'ok' : 'MISSED'}`)
    if (!isHeld) process.exitCode = 1
  }
  console.log(JSON.stringify(result))
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
