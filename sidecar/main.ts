import { readFileSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { sidecarEnv, sidecarPort } from '../core/contract/pod-contract.ts'
import { type DriverPolicy, decodePolicy } from '../core/settings/driver-policy.ts'
import { parseProperties } from '../core/spark/properties.ts'
import manifest from '../package.json' with { type: 'json' }
import { createUiClient } from '../spark-ui/ui-client.ts'
import { createSystemClock } from './clock.ts'
import { readListeningPorts } from './listening-ports.ts'
import { createLog, writeToStdout } from './log.ts'
import { createMonitor, type Monitor } from './monitor.ts'
import { resolvePaths } from './paths.ts'
import { createPoller } from './poller.ts'
import type { SidecarState } from './status.ts'
import { serveStatus } from './status-server.ts'
import { openVerdictFiles, removeBadFiles } from './verdict-files.ts'

// First of all: a sidecar that is asked to end never has anything to finish.
process.on('SIGTERM', () => process.exit(0))
process.on('SIGINT', () => process.exit(0))

const { version } = manifest
const paths = resolvePaths(process.env[sidecarEnv.root])
const decoded = decodePolicy(process.env[sidecarEnv.policy])
const log = createLog('policy' in decoded ? decoded.policy.logLevel : 'info', writeToStdout, Date.now)

// After a bug nothing of ours can be trusted: take back what could kill, and let the kubelet start the sidecar anew.
const failed = (error: unknown) => {
  removeBadFiles(paths.verdictDir)
  log.error({ err: error instanceof Error ? { message: error.message, stack: error.stack } : String(error) }, 'a bug')
  process.exit(0)
}
process.on('uncaughtException', failed)
process.on('unhandledRejection', failed)

let startedzAsked = false
let state: () => SidecarState = () => ({ kind: 'idle', reason: 'starting' })
const serve = (port: number) => {
  if (port === 0) return
  const onStartedz = () => {
    startedzAsked = true
  }
  serveStatus({ port, version, log, state: () => state(), onStartedz })
}

if ('policy' in decoded) start(decoded.policy).catch(failed)
else idle(`${sidecarEnv.policy} ${decoded.problem}`, sidecarPort)

async function start(policy: DriverPolicy): Promise<void> {
  const watch = createWatchOf(policy)
  if (typeof watch === 'string') return idle(watch, policy.statusPort)
  state = () => ({ kind: 'monitoring', snapshot: watch.snapshot() })
  log.info(
    { version, onHung: policy.onHung, ui: policy.ui, applicationId: policy.applicationId },
    'watching the driver',
  )
  const firstStep = watch.step()
  serve(policy.statusPort)
  let delayMs = await firstStep
  while (delayMs !== null) {
    await sleep(delayMs)
    delayMs = await watch.step()
  }
}

/** The watch of this policy, or why there is none. */
function createWatchOf(policy: DriverPolicy): Monitor | string {
  const files = openVerdictFiles(paths.verdictDir)
  try {
    files.clear()
  } catch (error) {
    return `the verdict folder cannot be written: ${error instanceof Error ? error.message : String(error)}`
  }
  const poller = createPoller(policy, {
    uiClient: createUiClient(),
    readProperties,
    podAddresses,
    listeningPorts: () => readListeningPorts(paths.tcpTables),
    log,
  })
  return createMonitor(policy, {
    clock: createSystemClock(),
    poller,
    files,
    writeTerminationMessage: (text) => writeFileSync(paths.terminationMessage, text),
    exit: (code) => process.exit(code),
    startedzAsked: () => startedzAsked,
    log,
  })
}

/** Does nothing until it is ended: to exit would only have the kubelet start it again and again. */
function idle(reason: string, port: number): void {
  removeBadFiles(paths.verdictDir)
  state = () => ({ kind: 'idle', reason })
  log.error({ reason }, 'the driver is not watched')
  serve(port)
  setInterval(() => {}, 2 ** 30)
}

/** Null while the ConfigMap that Spark makes after the pod is not there. */
function readProperties(): ReadonlyMap<string, string> | null {
  try {
    return parseProperties(readFileSync(paths.sparkProperties, 'utf8'))
  } catch {
    return null
  }
}

function podAddresses(): readonly string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  return addresses.filter(({ internal, scopeid }) => !internal && !scopeid).map(({ address }) => address)
}
