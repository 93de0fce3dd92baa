import { createBlackBox } from '../../../sidecar/black-box.ts'
import { openBlackBoxFiles } from '../../../sidecar/black-box-files.ts'
import { createSidecarLog } from '../../../sidecar/log.ts'
import { createMonitor, type Monitor } from '../../../sidecar/monitor.ts'
import { createPoller } from '../../../sidecar/poller.ts'
import { createProbeWitness, type ProbeWitness } from '../../../sidecar/probe-requests.ts'
import { writeSharedFile } from '../../../sidecar/shared-file.ts'
import type { SidecarState } from '../../../sidecar/status.ts'
import { openVerdictFiles, removeBadFiles, type VerdictFiles } from '../../../sidecar/verdict-files.ts'
import { createUiClient } from '../../../spark-ui/ui-client.ts'
import type { DriverContainer } from './driver-container.ts'
import { createNetwork } from './network.ts'
import type { PodSetup } from './pod-setup.ts'
import type { VirtualTime } from './virtual-time.ts'

/** What happens to the process of the sidecar, apart from its own work. Times are of virtual time. */
export interface SidecarWeather {
  /** Until then the process does not run. */
  frozenUntilMs: number
  /** By how much each of its timers and reads is late. */
  lagMs: () => number
  /** By how much the wall clock of the node has been stepped. */
  wallSkewMs: number
  /** Whether each write of a file fails. */
  volumeIsFull: boolean
}

export interface SidecarProcessOptions {
  readonly setup: PodSetup
  readonly time: VirtualTime
  readonly weather: SidecarWeather
  readonly dir: string
  readonly bootedBeforeMs: number
  readonly startWallMs: number
  /** The container of the driver; null while none runs. */
  readonly driver: () => DriverContainer | null
  readonly trace: (text: string) => void
  /** Called after each round of the monitor. */
  readonly onStep: (sidecar: SidecarProcess) => void
  readonly onHungFile: (text: string | null) => void
  readonly onExit: (code: number) => void
  readonly onBug: (text: string) => void
}

/** One run of the sidecar's container: the program of sidecar/main.ts with a simulated network and simulated clocks. */
export interface SidecarProcess {
  readonly startedMs: number
  isRunning(): boolean
  state(): SidecarState
  /** The kubelet has requested /startedz or /readyz, and has received 200 if the probe passes. */
  noticeDriverProbe: ProbeWitness['onRequest']
  /** Ends it as SIGKILL does. */
  kill(): void
}

export function startSidecar(options: SidecarProcessOptions): SidecarProcess {
  const { setup, time, weather, dir, bootedBeforeMs, startWallMs, trace } = options
  let isRunning = true
  const probeWitness = createProbeWitness(time.nowMs)
  let state: SidecarState = { kind: 'idle', reason: 'starting' }

  const end = (code: number) => {
    if (!isRunning) return
    isRunning = false
    options.onExit(code)
  }
  /** Sleeps like a timer of this process, which fires when the process runs. */
  const sleep = (ms: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = () => {
      if (!isRunning) return
      if (weather.frozenUntilMs > time.nowMs()) {
        time.at(weather.frozenUntilMs, wake)
        return
      }
      resolve()
      time.settle()
    }
    time.at(time.nowMs() + ms + weather.lagMs(), wake)
    return promise
  }
  const log = createSidecarLog(
    'info',
    (line) => trace(`sidecar: ${shorten(line)}`),
    () => time.nowMs(),
  )
  const process: SidecarProcess = {
    startedMs: time.nowMs(),
    isRunning: () => isRunning,
    state: () => state,
    noticeDriverProbe: probeWitness.onRequest,
    kill: () => end(137),
  }

  function openMonitor(): Monitor | string {
    const files = openVerdictFiles(dir, (...file) => {
      if (weather.volumeIsFull) throw new Error('ENOSPC: no space left on device')
      writeSharedFile(...file)
    })
    try {
      files.clear()
    } catch (error) {
      return `the verdict directory cannot be written: ${error}`
    }
    const network = { time, driver: options.driver, sleep }
    const blackBox = createBlackBox({
      uiClient: createUiClient(createNetwork(network, 'alone')),
      files: openBlackBoxFiles(dir),
      timeoutMs: setup.policy.timeoutMs,
      log,
    })
    const poller = createPoller(setup.policy, {
      uiClient: createUiClient(createNetwork(network, 'after a poll')),
      readProperties: () => null,
      podAddresses: () => [],
      listeningPorts: () => new Set(),
      log,
    })
    return createMonitor(setup.policy, {
      clock: {
        monotonicMs: () => time.nowMs() + bootedBeforeMs,
        wallMs: () => startWallMs + time.nowMs() + weather.wallSkewMs,
      },
      poller,
      blackBox,
      files: observeHungFile(files, options.onHungFile),
      writeTerminationMessage: (text) => {
        if (text !== '') trace(`termination message: ${text}`)
      },
      exit: end,
      probeWitness,
      uptimeMs: () => time.nowMs() + bootedBeforeMs,
      log,
    })
  }

  async function run(): Promise<void> {
    const monitor = openMonitor()
    if (typeof monitor === 'string') {
      removeBadFiles(dir)
      state = { kind: 'idle', reason: monitor }
      trace(`sidecar: idle, ${monitor}`)
      return
    }
    for (;;) {
      const delayMs = await monitor.step()
      if (!isRunning) return
      state = { kind: 'monitoring', snapshot: monitor.snapshot() }
      options.onStep(process)
      if (delayMs === null) throw new Error('the monitor ended without an exit')
      await sleep(delayMs)
    }
  }

  time.settle()
  run().catch((error: unknown) => {
    if (!isRunning) return
    options.onBug(`the sidecar ended by a bug: ${error instanceof Error ? error.stack : error}`)
    removeBadFiles(dir)
    end(0)
  })
  return process
}

function observeHungFile(files: VerdictFiles, onHungFile: (text: string | null) => void): VerdictFiles {
  let before: string | null = null
  return {
    ...files,
    write(contents) {
      files.write(contents)
      if (contents.hung !== before) onHungFile(contents.hung)
      before = contents.hung
    },
  }
}

/** A line of the sidecar's log without what is the same in every line. */
function shorten(line: string): string {
  const { pid: _pid, hostname: _hostname, name: _name, time: _time, ...rest } = JSON.parse(line)
  return JSON.stringify(rest)
}
