import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type BackgroundTasks, createBackgroundTasks } from '../core/background-tasks.ts'
import { parseLegacyFlags } from '../legacy/flags.ts'
import packageJson from '../package.json' with { type: 'json' }
import { createCertificateSource } from './certificate-source.ts'
import { type ClusterConnection, connectCluster, createStaticCluster } from './cluster-connection.ts'
import { type Config, findChartProblems, parseConfig } from './config/config.ts'
import { createThreadMetrics } from './controller/metrics/metrics.ts'
import type { ThreadData } from './controller-thread/messages.ts'
import { failureCauses } from './controller-thread/supervision.ts'
import { type ControllerLink, chooseHeapMebibytes, createControllerSupervisor } from './controller-thread/supervisor.ts'
import { createInjectionKeys, type InjectionKeys } from './injection/keys.ts'
import { createLogging, type Logging } from './log.ts'
import { createAdmissionHandler } from './server/admission-handler.ts'
import { createAdmissionRecorder, createMalformedRequestRecorder } from './server/admission-log.ts'
import { createMetrics, createMetricsServer, type Metrics } from './server/metrics.ts'
import { createWebhookServer } from './server/server.ts'

const recordDelayMs = 20
const clocks = { nowMs: Date.now, monotonicMs: () => performance.now() }

const flags = parseLegacyFlags(process.argv.slice(2))
const parsed = 'problems' in flags ? flags : parseConfig({ ...process.env, ...flags.env })
if ('problems' in parsed) {
  for (const { key, value, form } of parsed.problems) {
    console.error(
      value === undefined && form === 'set'
        ? `${key}: is required`
        : `${key}: ${value === undefined ? 'is not set' : JSON.stringify(value)}; it must be ${form}`,
    )
  }
  process.exitCode = 2
} else {
  const logging = createLogging(parsed.config.logLevel, packageJson.version)
  // No top-level await: the bundle is CommonJS, because an `import` of node:http would load more modules into memory.
  serve(parsed.config, logging).catch((error: unknown) => {
    logging.log.fatal({ event: 'startup-failed', err: error })
    logging.flush()
    process.exit(1)
  })
}

/** Serves admission requests until SIGTERM or SIGINT. */
async function serve(config: Config, logging: Logging): Promise<void> {
  const { log, flush } = logging
  const { version } = packageJson
  logStrayErrors(log)
  for (const { message } of findChartProblems(config)) log.warn({ event: 'invalid-setting', source: 'chart', message })

  const metrics = createMetrics(version)
  const loops = createBackgroundTasks(log)
  const deps = { log, ...clocks, random: Math.random, sleep }
  const injectionKeys = createInjectionKeys()
  const { cluster, renderController } = await connect(config, logging, metrics, loops, injectionKeys)

  let closing = false
  const recorder = createAdmissionRecorder(metrics, log, (flushRecords) => void setTimeout(flushRecords, recordDelayMs))
  const admit = createAdmissionHandler({
    fixed: {
      version,
      sidecar: config.sidecar,
      servicesAdmitted: config.servicesAdmitted,
      chartSettings: config.chartSettings,
    },
    lookups: cluster.lookups,
    recorder,
    nowMs: () => performance.now(),
  })
  const app = createWebhookServer({
    admit,
    certificate: null,
    broken: loops.ended,
    unready: () => [...certificates.unready(), ...cluster.unready(), ...(closing ? ['closing'] : [])],
    onMalformedRequest: createMalformedRequestRecorder(metrics, log, deps.monotonicMs),
  })
  const certificates = createCertificateSource(
    config.certificates,
    config.kubernetes.kind === 'on' ? config.kubernetes.namespace : null,
    cluster.api,
    {
      ...deps,
      metrics,
      elapsedMs: () => performance.now(),
      serve: ({ context }) => {
        app.server.setSecureContext(context)
        injectionKeys.usePrivateKey(String(context.key))
      },
    },
  )
  await certificates.prepare()
  for (const [name, run] of Object.entries(certificates.loops)) loops.start(name, run)

  const render = async () => `${await metrics.render()}${await renderController()}`
  const metricsListener = createMetricsServer({ ...metrics, render }, () => performance.now())
  await listen(metricsListener, config.metricsPort)
  await app.ready()
  await listen(app.server, config.port)
  const port = (app.server.address() as AddressInfo).port
  const metricsPort = (metricsListener.address() as AddressInfo).port
  log.info({ event: 'listening', port, metricsPort })
  flush()

  const signal = await waitForTermination()
  closing = true
  log.info({ event: 'closing', signal, drainMs: config.drainMs })
  await delay(config.drainMs)
  metricsListener.close()
  // Releases the lease, so that another replica leads immediately.
  await Promise.race([Promise.all([app.close(), loops.stop()]), delay(5_000)])
  cluster.close()
  recorder.flush()
  log.info({ event: 'closed' })
  flush()
  process.exit(0)
}

/** Connects to the Kubernetes API, and starts the controller in its thread. Without an API there is nothing to control. */
async function connect(
  config: Config,
  logging: Logging,
  metrics: Metrics,
  loops: BackgroundTasks,
  injectionKeys: InjectionKeys,
): Promise<{ readonly cluster: ClusterConnection; renderController(): Promise<string> }> {
  const { kubernetes } = config
  if (kubernetes.kind === 'off') {
    return { cluster: createStaticCluster(kubernetes.capabilities, metrics), renderController: async () => '' }
  }
  const controller = createController(config, kubernetes, logging, metrics)
  const deps = { log: logging.log, ...clocks, random: Math.random, sleep, injectionKeys }
  const cluster = await connectCluster(kubernetes, config, process.env, deps, controller, metrics, loops)
  return { cluster, renderController: controller.metrics }
}

/** The program of the thread, beside this one: the same in the repository and in the image. */
function findThreadFile(program: string): string {
  return join(dirname(program), program.endsWith('.ts') ? 'controller-thread/thread.ts' : 'webhook-controller.cjs')
}

function createController(
  { sidecar, chartSettings, logLevel }: Config,
  kubernetes: ThreadData['kubernetes'],
  { log, write }: Logging,
  metrics: Metrics,
): ControllerLink {
  const { KUBECONFIG, KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT } = process.env
  const env = { KUBECONFIG, KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT }
  const { version } = packageJson
  return createControllerSupervisor({
    file: findThreadFile(process.argv[1] ?? ''),
    data: { kubernetes, sidecarImage: sidecar.image, chartSettings, logLevel, version, env },
    maxHeapMebibytes: chooseHeapMebibytes(process.constrainedMemory()),
    metrics: createThreadMetrics(metrics.registry, failureCauses),
    log,
    writeLog: write,
    sleep,
    random: Math.random,
    monotonicMs: () => performance.now(),
  })
}

/**
 * The net below all other handlers: admission must continue after any other failure. A loop that ended is reported by
 * /healthz.
 */
function logStrayErrors(log: Logging['log']): void {
  process.on('unhandledRejection', (error) => log.error({ event: 'unhandled-rejection', err: error }))
  process.on('uncaughtException', (error) => log.error({ event: 'uncaught-exception', err: error }))
}

/** Listens on all addresses, IPv4 and IPv6. */
async function listen(server: import('node:net').Server, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ port, exclusive: true }, resolve)
  await promise
  server.off('error', reject)
}

/** Resolves to the name of the signal. */
function waitForTermination(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name))
  return promise
}

/** Also resolves on abort. */
async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal, ref: false }).catch(() => {})
}
