import { setTimeout as delay } from 'node:timers/promises'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { watchNodes } from '../../cluster/nodes.ts'
import { watchSparkApplications } from '../../cluster/spark-applications.ts'
import { type BackgroundTasks, createBackgroundTasks } from '../../core/background-tasks.ts'
import type { Log } from '../../core/log.ts'
import { createClient } from '../../kubernetes/client.ts'
import { loadAccess } from '../../kubernetes/in-cluster-access.ts'
import { clientBounds } from '../client-bounds.ts'
import { createControllerMetrics, createControllerRegistry } from '../controller/metrics/metrics.ts'
import { type StartedController, startController } from '../controller/start.ts'
import { createWebhookLog } from '../log.ts'
import { createLogRelay } from './log-relay.ts'
import type { ControllerFacts, FromController, ThreadData, ToController } from './messages.ts'

const reportIntervalMs = 1_000

/** What arrives before the controller is started is kept here. */
interface ThreadFacts {
  readonly current: () => ControllerFacts
  readonly keyListeners: (() => void)[]
  update(facts: ControllerFacts): void
}

function createFacts(): ThreadFacts {
  let facts: ControllerFacts = { nativeSidecars: false, injectionKeys: [] }
  const keyListeners: (() => void)[] = []
  return {
    current: () => facts,
    keyListeners,
    update: (next) => {
      facts = next
      for (const changed of keyListeners) changed()
    },
  }
}

/** The entry of the controller's thread. */
async function run(port: MessagePort, data: ThreadData): Promise<void> {
  const send = (message: FromController) => port.postMessage(message)
  const relay = createLogRelay((text, dropped) => send({ kind: 'log', text, dropped }))
  const log = createWebhookLog(data.logLevel, data.version, { write: relay.write })
  process.on('unhandledRejection', (error) => log.error({ event: 'unhandled-rejection', err: error }))
  const facts = createFacts()
  const loops = createBackgroundTasks(log)
  const registry = createControllerRegistry()
  let stopping: Promise<void> | undefined
  const handle = async (message: ToController): Promise<void> => {
    switch (message.kind) {
      case 'facts':
        return facts.update(message.facts)
      case 'render':
        return send({ kind: 'metrics', id: message.id, text: await registry.metrics() })
      case 'log-written':
        return relay.written()
      case 'stop':
        stopping ??= stop()
        return stopping
    }
  }
  const stop = async () => {
    await loops.stop()
    relay.flush()
    send({ kind: 'stopped' })
  }
  port.on('message', (message: ToController) => {
    handle(message).catch((error: unknown) => log.error({ event: 'thread-message-failed', err: error }))
  })
  try {
    const controller = await start(
      data,
      log,
      facts,
      loops,
      createControllerMetrics(registry, () => performance.now()),
    )
    setInterval(() => {
      const ended = loops.ended()
      if (ended.length === 0) return report(send, controller)
      // The supervisor starts another thread, with all loops.
      log.fatal({ event: 'controller-loops-ended', loops: ended })
      relay.flush()
      process.exit(1)
    }, reportIntervalMs)
    report(send, controller)
  } catch (error) {
    log.error({ event: 'controller-start-failed', err: error })
    relay.flush()
    process.exit(1)
  }
}

async function start(
  { kubernetes, sidecarImage, chartSettings, version, env }: ThreadData,
  log: Log,
  facts: ThreadFacts,
  loops: BackgroundTasks,
  metrics: ReturnType<typeof createControllerMetrics>,
): Promise<StartedController> {
  const api = createClient(await loadAccess(env, kubernetes.serviceAccountDir), clientBounds)
  const clocks = { nowMs: Date.now, monotonicMs: () => performance.now() }
  const deps = { api, log, sleep, random: Math.random, ...clocks, scope: kubernetes.scope ?? null }
  const applications = watchSparkApplications(deps)
  const nodes = watchNodes(deps)
  applications.reflectors.forEach((reflector, index) => {
    loops.start(`spark-applications-${index + 1}`, reflector.run)
  })
  loops.start('nodes', nodes.run)
  return startController({
    ...deps,
    namespace: kubernetes.namespace,
    version,
    config: kubernetes.controller,
    sidecarImage,
    injectionKeys: {
      all: () => facts.current().injectionKeys.map((key) => Buffer.from(key)),
      whenChanged: (changed) => void facts.keyListeners.push(changed),
    },
    chartSettings,
    applications,
    nativeSidecars: () => facts.current().nativeSidecars,
    findNodeState: (name) => {
      const node = nodes.objects.get('', name)
      if (node !== undefined) return { kind: 'known', node }
      return { kind: nodes.synced() && !nodes.stale() ? 'gone' : 'unknown' }
    },
    stale: () => ({
      'spark-applications': applications.reflectors.some((reflector) => reflector.stale()),
      nodes: nodes.stale(),
    }),
    metrics,
    loops,
  })
}

function report(send: (message: FromController) => void, { leads, stale, suspensions }: StartedController): void {
  const { heapUsed, external } = process.memoryUsage()
  const memoryBytes = heapUsed + external
  send({ kind: 'report', report: { isLeader: leads(), stale: stale(), suspensions: suspensions(), memoryBytes } })
}

/** Also resolves on abort. */
async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal, ref: false }).catch(() => {})
}

if (parentPort !== null) void run(parentPort, workerData)
