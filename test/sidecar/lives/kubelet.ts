import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { anyDriver, endedByProbeExitCode, verdictFiles } from '../../../core/contract/pod-contract.ts'
import { passesReadiness, passesStartup } from '../../../sidecar/status.ts'
import { between, type Random } from '../../support/random.ts'
import { createDriverContainer, type DriverContainer } from './driver-container.ts'
import type { Life } from './life.ts'
import type { PodSetup } from './pod-setup.ts'
import type { SidecarProcess, SidecarWeather } from './sidecar-process.ts'
import type { VirtualTime } from './virtual-time.ts'

/** What happens to the kubelet and to the commands that it runs in the driver's container. */
export interface KubeletWeather {
  /** Until then no probe runs. */
  probesBlockedUntilMs: number
  /** So many of the next liveness probes time out. */
  timeouts: number
  /** Whether the probes cannot write their records as a whole. */
  recordsAreCut: boolean
}

/** Why the kubelet or a probe ends the driver's container. `restart before its start`: there was none to end yet. */
export type EndCause =
  | 'signal of the probe'
  | 'liveness'
  | 'restart of all containers'
  | 'restart before its start'
  | 'itself'

export interface KubeletOptions {
  readonly setup: PodSetup
  readonly time: VirtualTime
  readonly random: Random
  readonly weather: KubeletWeather & SidecarWeather
  readonly dir: string
  readonly bootedBeforeMs: number
  readonly startWallMs: number
  readonly drawLife: (index: number) => Life
  readonly startSidecar: () => SidecarProcess
  readonly trace: (text: string) => void
  /** Called when a driver is condemned, before it ends. */
  readonly onKill: (driver: DriverContainer, cause: EndCause) => void
  readonly onDriverStart: (
    driver: DriverContainer,
    after: { readonly cause: EndCause; readonly code: number } | null,
  ) => void
  readonly onPodEnd: () => void
}

export interface Kubelet {
  start(firstDriverAfterMs: number): void
  driver(): DriverContainer | null
  /** Whether the current driver is condemned, and will end within its grace period. */
  isEnding(): boolean
  sidecar(): SidecarProcess | null
  isReady(): boolean
  hasStarted(): boolean
  hasPodEnded(): boolean
  onSidecarExit(code: number): void
  /** Forgets the results of probes, as a kubelet that restarts. */
  restart(runsStartupAgain: boolean): void
}

const secondMs = 1_000
const [startupPeriodMs, livenessPeriodMs, readinessPeriodMs] = [secondMs, 10 * secondMs, 5 * secondMs]
const failureThreshold = 3
const [firstBackoffMs, longestBackoffMs, backoffResetMs] = [10 * secondMs, 300 * secondMs, 600 * secondMs]
const execTimeoutMs = 60 * secondMs

export function createKubelet(options: KubeletOptions): Kubelet {
  const { setup, time, random, weather, dir, trace } = options
  const path = (name: string) => join(dir, name)
  let driver: DriverContainer | null = null
  let index = 0
  /** Timers of an earlier container do nothing. */
  let generation = 0
  let ending: EndCause | null = null
  let startupPassed = false
  let livenessFailures = 0
  let readinessFailures = 0
  let ready = false
  let podEnded = false
  let sidecar: SidecarProcess | null = null
  let restartsAll = false
  let lastEnd: { readonly cause: EndCause; readonly code: number } | null = null
  const driverBackoff = createBackoff()
  const sidecarBackoff = createBackoff()

  const later = (ms: number, happen: () => void) => void time.at(time.nowMs() + ms, happen)
  /** Does something again and again until the container has ended. */
  const every = (periodMs: number, probe: () => number | undefined) => {
    const own = generation
    const run = () => {
      if (own !== generation || podEnded || ending !== null) return
      const blockedMs = weather.probesBlockedUntilMs - time.nowMs()
      if (blockedMs > 0) return later(blockedMs + between(random, 0, periodMs), run)
      const tookMs = probe() ?? 0
      later(Math.max(periodMs, tookMs), run)
    }
    later(between(random, 0, periodMs), run)
  }

  function startDriver(): void {
    if (podEnded) return
    const startMs = time.nowMs()
    const life = options.drawLife(index)
    const applicationId = `${setup.policy.applicationId}${index === 0 ? '' : `-${index + 1}`}`
    const { bootedBeforeMs } = options
    const { threadDumps, ownProcesses } = setup
    driver = createDriverContainer({ life, startMs, bootedBeforeMs, applicationId, threadDumps, ownProcesses })
    index += 1
    generation += 1
    ending = null
    startupPassed = setup.startupProbe === 'none'
    livenessFailures = readinessFailures = 0
    ready = false
    trace(`driver ${index} starts: ${life.story}, ticks ${driver.startTicks}`)
    options.onDriverStart(driver, lastEnd)
    const own = generation
    for (const phase of life.phases)
      if (phase.fromMs > 0) time.at(startMs + phase.fromMs, () => own === generation && trace(`driver: ${phase.name}`))
    if (life.exit !== null) {
      const { afterMs, code } = life.exit
      time.at(startMs + afterMs, () => {
        if (own === generation) containerEnded(code, ending ?? 'itself')
      })
    }
    every(startupPeriodMs, probeStartup)
    if (setup.liveness) every(livenessPeriodMs, () => (startupPassed ? probeLiveness() : undefined))
    every(readinessPeriodMs, probeReadiness)
  }

  function containerEnded(code: number, cause: EndCause): void {
    if (driver === null) return
    trace(`driver ${index} ended with ${code}, because of ${cause}`)
    const ranMs = time.nowMs() - driver.startMs
    driver = null
    generation += 1
    ending = null
    ready = false
    lastEnd = { cause, code }
    if (restartsAll) {
      startAll()
      return
    }
    if (setup.restarts(code)) {
      const own = generation
      later(driverBackoff.next(ranMs), () => own === generation && startDriver())
      return
    }
    podEnded = true
    sidecar?.kill()
    trace('the pod has ended')
    options.onPodEnd()
  }

  /** SIGTERM, and SIGKILL after the grace period. */
  function terminate(cause: EndCause): void {
    if (driver === null || ending !== null) return
    options.onKill(driver, cause)
    ending = cause
    const own = generation
    const obeys = driver.obeysSigterm(time.nowMs())
    const takesMs = obeys ? Math.min(setup.graceMs, between(random, 200, 5_000)) : setup.graceMs
    later(takesMs, () => own === generation && containerEnded(obeys ? 143 : 137, cause))
  }

  /** The script of admission/probe-script.ts. Returns whether the probe passes. */
  function runScript(probe: 'startup' | 'liveness'): boolean {
    if (driver === null) return true
    const record = driver.record(time.nowMs(), existsSync(path(verdictFiles.doubt)))
    const text = weather.recordsAreCut ? record.slice(0, Math.floor(record.length * random())) : record
    writeFileSync(path(verdictFiles.processes), text)
    const wallSeconds = (options.startWallMs + time.nowMs() + weather.wallSkewMs) / secondMs
    utimesSync(path(verdictFiles.processes), wallSeconds, wallSeconds)
    if (probe === 'startup') return !existsSync(path(verdictFiles.starting))
    return obeyVerdict(driver)
  }

  /** The part of the script that acts on the file `hung`. */
  function obeyVerdict(condemned: DriverContainer): boolean {
    const [about = '', signal = ''] = readText(path(verdictFiles.hung)).split('\n')
    if (about === '') return true
    if (about === anyDriver) return false
    if (!setup.ownProcesses || about !== condemned.startTicks) return true
    if (setup.signalsReach && (signal === 'ALRM' || signal === 'KILL')) {
      const own = generation
      options.onKill(condemned, 'signal of the probe')
      ending = 'signal of the probe'
      const code = signal === 'ALRM' ? endedByProbeExitCode : 137
      later(between(random, 100, 1_500), () => own === generation && containerEnded(code, 'signal of the probe'))
    }
    return false
  }

  function probeStartup(): undefined {
    if (startupPassed) return
    if (setup.startupProbe === 'exec') startupPassed = runScript('startup')
    else {
      if (sidecar === null || !isServing()) return
      startupPassed = passesStartup(sidecar.state())
      sidecar.noticeDriverProbe('/startedz', startupPassed)
    }
    if (startupPassed) trace('startup probe passes')
  }

  function probeLiveness(): number {
    // Three in a row would end the driver without any verdict, on a node that is overloaded for minutes.
    if (weather.timeouts > 0 && livenessFailures < failureThreshold - 1) {
      weather.timeouts -= 1
      countLiveness(false)
      return execTimeoutMs
    }
    countLiveness(runScript('liveness'))
    return 0
  }

  function countLiveness(passes: boolean): void {
    livenessFailures = passes ? 0 : livenessFailures + 1
    if (ending !== null || livenessFailures < failureThreshold) return
    trace('liveness failed three times')
    terminate('liveness')
  }

  const isServing = () => sidecar?.isRunning() === true && weather.frozenUntilMs <= time.nowMs()

  function probeReadiness(): undefined {
    if (!startupPassed) return
    // Whatever the handler of the other probes is, this one requests /readyz.
    const passes = isServing() && sidecar !== null && passesReadiness(sidecar.state())
    if (isServing()) sidecar?.noticeDriverProbe('/readyz', passes)
    readinessFailures = passes ? 0 : readinessFailures + 1
    const next = passes || (ready && readinessFailures < failureThreshold)
    if (next !== ready) trace(next ? 'ready' : 'not ready')
    ready = next
  }

  function restartAll(): void {
    restartsAll = true
    if (driver !== null) {
      terminate('restart of all containers')
      return
    }
    // A container that waits for its restart, that has ended or that has never started is started too.
    generation += 1
    if (index === 0) lastEnd = { cause: 'restart before its start', code: 88 }
    startAll()
  }

  function startAll(): void {
    restartsAll = false
    later(between(random, 300, 2_000), () => {
      if (podEnded) return
      sidecar = options.startSidecar()
      later(between(random, 300, 3_000), startDriver)
    })
  }

  return {
    start(firstDriverAfterMs) {
      sidecar = options.startSidecar()
      const own = generation
      later(firstDriverAfterMs, () => own === generation && startDriver())
    },
    driver: () => driver,
    isEnding: () => ending !== null,
    sidecar: () => sidecar,
    isReady: () => ready,
    hasStarted: () => startupPassed,
    hasPodEnded: () => podEnded,
    onSidecarExit(code) {
      const ranMs = time.nowMs() - (sidecar?.startedMs ?? 0)
      trace(`sidecar ended with ${code}`)
      sidecar = null
      if (podEnded) return
      if (code === 88 && setup.restartsAllAt88) {
        restartAll()
        return
      }
      later(sidecarBackoff.next(ranMs), () => {
        if (!podEnded && sidecar === null) sidecar = options.startSidecar()
      })
    },
    restart(runsStartupAgain) {
      livenessFailures = readinessFailures = 0
      if (runsStartupAgain && setup.startupProbe !== 'none') startupPassed = false
    },
  }
}

/** The kubelet's delay before it starts a container that has ended: none, 10 s, 20 s, … */
function createBackoff() {
  let delayMs = 0
  return {
    next(ranMs: number): number {
      const waitMs = ranMs >= backoffResetMs ? 0 : delayMs
      delayMs = Math.min(longestBackoffMs, Math.max(firstBackoffMs, 2 * waitMs))
      return 500 + waitMs
    },
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
