import { readFileSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { sidecarEnv, sidecarPort } from '../core/contract/pod-contract.ts'
import { type DriverPolicy, decodePolicy } from '../core/settings/driver-policy.ts'
import manifest from '../package.json' with { type: 'json' }
import { createUiClient } from '../spark-ui/ui-client.ts'
import { type BlackBox, createBlackBox } from './black-box.ts'
import { openBlackBoxFiles } from './black-box-files.ts'
import { createSystemClock } from './clock.ts'
import { readListeningPorts } from './listening-ports.ts'
import { createSidecarLog, writeToStdout } from './log.ts'
import { createMonitor, type Monitor } from './monitor.ts'
import { resolvePaths } from './paths.ts'
import { createPoller } from './poller.ts'
import { createProbeWitness } from './probe-requests.ts'
import { readPropertiesFiles } from './properties-files.ts'
import type { SidecarState } from './status.ts'
import { serveStatus } from './status-server.ts'
import { openVerdictFiles, removeBadFiles } from './verdict-files.ts'

// Installed before all else: a sidecar that receives a signal has nothing to finish.
process.on('SIGTERM', () => process.exit(0))
process.on('SIGINT', () => process.exit(0))

const { version } = manifest
const paths = resolvePaths(process.env[sidecarEnv.root])
const decoded = decodePolicy(process.env[sidecarEnv.policy])
const log = createSidecarLog('policy' in decoded ? decoded.policy.logLevel : 'info', writeToStdout, Date.now)

// After an internal error the sidecar cannot trust its own state: remove the files that can stop or block the driver, and
// let the kubelet restart the sidecar.
const exitAfterError = (error: unknown) => {
  removeBadFiles(paths.verdictDir)
  log.error(
    { err: error instanceof Error ? { message: error.message, stack: error.stack } : String(error) },
    'internal error',
  )
  process.exit(0)
}
process.on('uncaughtException', exitAfterError)
process.on('unhandledRejection', exitAfterError)

const probeWitness = createProbeWitness(() => performance.now())
let blackBox: BlackBox | null = null
let state: () => SidecarState = () => ({ kind: 'idle', reason: 'starting' })
const serve = (port: number, probeKey: string | null) => {
  if (port === 0) return
  const onDriverProbe = probeWitness.onRequest
  serveStatus({ port, version, log, state: () => state(), onDriverProbe, probeKey, blackBox: () => blackBox })
}

if ('policy' in decoded) start(decoded.policy).catch(exitAfterError)
else idle(`${sidecarEnv.policy} ${decoded.problem}`, sidecarPort)

async function start(policy: DriverPolicy): Promise<void> {
  const monitor = openMonitor(policy)
  if (typeof monitor === 'string') return idle(monitor, policy.statusPort)
  state = () => ({ kind: 'monitoring', snapshot: monitor.snapshot() })
  log.info(
    { version, onHung: policy.onHung, ui: policy.ui, applicationId: policy.applicationId },
    'monitoring the driver',
  )
  const firstStep = monitor.step()
  serve(policy.statusPort, policy.probeKey ?? null)
  let delayMs = await firstStep
  while (delayMs !== null) {
    await sleep(delayMs)
    delayMs = await monitor.step()
  }
}

/** Returns the monitor, or the reason why the driver cannot be monitored. */
function openMonitor(policy: DriverPolicy): Monitor | string {
  const files = openVerdictFiles(paths.verdictDir)
  try {
    files.clear()
  } catch (error) {
    return `the verdict directory cannot be written: ${error instanceof Error ? error.message : String(error)}`
  }
  const uiClient = createUiClient()
  const box = createBlackBox({
    uiClient,
    files: openBlackBoxFiles(paths.verdictDir),
    timeoutMs: policy.timeoutMs,
    log,
  })
  blackBox = box
  const poller = createPoller(policy, {
    uiClient,
    readProperties: () => readPropertiesFiles(paths.sparkConfDir, policy.propertiesFiles ?? ['spark.properties']),
    podAddresses,
    listeningPorts: () => readListeningPorts(paths.tcpTables),
    log,
  })
  return createMonitor(policy, {
    clock: createSystemClock(),
    poller,
    blackBox: box,
    files,
    writeTerminationMessage: (text) => writeFileSync(paths.terminationMessage, text),
    exit: (code) => process.exit(code),
    probeWitness,
    uptimeMs: createUptimeClock(),
    log,
  })
}

/** Does nothing until the sidecar is stopped: if it exited, the kubelet would restart it again and again. */
function idle(reason: string, port: number): void {
  removeBadFiles(paths.verdictDir)
  state = () => ({ kind: 'idle', reason })
  log.error({ reason }, 'the driver is not monitored')
  serve(port, null)
  setInterval(() => {}, 2 ** 30)
}

/**
 * The time since the node booted, by the same clock as the start times of processes: the start of this process (field 22 of
 * /proc/self/stat, in ticks of 10 ms) plus its age. lxcfs replaces /proc/uptime by the uptime of the container.
 */
function createUptimeClock(): () => number | null {
  let startedMs = Number.NaN
  try {
    const stat = readFileSync(paths.selfStat, 'latin1')
    startedMs = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) * 10
  } catch {
    // Not Linux.
  }
  return () => (Number.isFinite(startedMs) ? startedMs + performance.now() : null)
}

function podAddresses(): readonly string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  return addresses.filter(({ internal, scopeid }) => !internal && !scopeid).map(({ address }) => address)
}
