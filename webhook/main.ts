import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createBackgroundTasks } from '../core/background-tasks.ts'
import { parseLegacyFlags } from '../legacy/flags.ts'
import packageJson from '../package.json' with { type: 'json' }
import { createCertificateSource } from './certificate-source.ts'
import { connectCluster, createStaticCluster } from './cluster-connection.ts'
import { type Config, findChartProblems, parseConfig } from './config/config.ts'
import { createInjectionKeys } from './injection/keys.ts'
import { createLogging, type Logging } from './log.ts'
import { createAdmissionHandler } from './server/admission-handler.ts'
import { createAdmissionRecorder, createMalformedRequestRecorder } from './server/admission-log.ts'
import { createMetrics, createMetricsServer } from './server/metrics.ts'
import { createWebhookServer } from './server/server.ts'

const recordDelayMs = 20

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
async function serve(config: Config, { log, flush }: Logging): Promise<void> {
  const { version } = packageJson
  logStrayErrors(log)
  for (const { message } of findChartProblems(config)) log.warn({ event: 'invalid-setting', source: 'chart', message })

  const metrics = createMetrics(version)
  const loops = createBackgroundTasks(log)
  const deps = { log, nowMs: Date.now, monotonicMs: () => performance.now(), random: Math.random, sleep, version }
  const injectionKeys = createInjectionKeys()
  const cluster =
    config.kubernetes.kind === 'off'
      ? createStaticCluster(config.kubernetes.capabilities, metrics)
      : await connectCluster(config.kubernetes, config, process.env, { ...deps, injectionKeys }, metrics, loops)

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

  const metricsListener = createMetricsServer(metrics, () => performance.now())
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
