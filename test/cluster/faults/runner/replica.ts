import { watchSparkApplications } from '../../../../cluster/spark-applications.ts'
import { createBackgroundTasks } from '../../../../core/background-tasks.ts'
import { createClient } from '../../../../kubernetes/client.ts'
import type { ControllerConfig } from '../../../../webhook/config/controller-config.ts'
import { createControllerMetrics } from '../../../../webhook/controller/metrics/metrics.ts'
import { startController } from '../../../../webhook/controller/start.ts'
import { createMetrics } from '../../../../webhook/server/metrics.ts'
import { seeded } from '../../../support/random.ts'
import { createRecordingLog } from '../../../support/recording-log.ts'
import type { FaultyProxy } from '../proxy/proxy.ts'
import { ownSidecarImage } from '../scenarios/driver-pod.ts'
import type { ScriptedUis } from '../scenarios/scripted-ui.ts'
import { type FastClock, speedUp } from './fast-clock.ts'

export interface ReplicaOptions {
  readonly name: string
  readonly seed: number
  readonly namespace: string
  readonly proxy: FaultyProxy
  readonly clock: FastClock
  readonly config: ControllerConfig
  readonly uis: ScriptedUis
}

/** A controller as one replica runs it, on a fast clock. */
export interface Replica {
  readonly name: string
  readonly lines: ReturnType<typeof createRecordingLog>['lines']
  metrics(): Promise<string>
  /** Number of pending sleeps. */
  sleeping(): number
  stop(): Promise<void>
}

/** A lease lasts 2.4 real seconds, in the real lease's proportions, because the machine may be slow. */
const realLease = { durationMs: 2_400, renewDeadlineMs: 1_600, retryMs: 300 }

export function startReplica({ name, seed, namespace, proxy, clock, config, uis }: ReplicaOptions): Replica {
  const { log, lines } = createRecordingLog()
  const client = createClient(proxy.access)
  const { speed } = clock
  const api = speedUp(client, clock, {
    // A real write may take 4 s of the 5 s margin of a lease. Here the margin is 0.8 s (2.4 − 1.6), so a write may take
    // 0.7 s: 0.7 / 4 = 0.175.
    realMs: (path, deadlineMs) => (path.includes('/leases') ? deadlineMs / speed : deadlineMs * 0.175),
    watchIdleMs: 4_000,
  })
  let sleeping = 0
  const sleep = async (ms: number, signal: AbortSignal) => {
    sleeping += 1
    await clock.sleep(ms, signal)
    sleeping -= 1
  }
  const deps = { api, log, sleep, random: seeded(seed, name, 'jitter'), nowMs: clock.nowMs }
  const loops = createBackgroundTasks(log)
  const applications = watchSparkApplications(deps)
  applications.reflectors.forEach((reflector, index) => {
    loops.start(`applications-${index}`, reflector.run)
  })
  const metrics = createMetrics('1.2.3')
  startController({
    ...deps,
    namespace,
    version: '1.2.3',
    config: { ...config, podName: name },
    sidecarImage: ownSidecarImage,
    injectionKeys: { all: () => [], whenChanged: () => {} },
    chartSettings: {},
    applications,
    findNodeState: () => ({ kind: 'unknown' }),
    nativeSidecars: () => true,
    stale: () => ({}),
    monotonicMs: clock.monotonicMs,
    metrics: createControllerMetrics(metrics.registry, clock.monotonicMs),
    loops,
    uiClient: uis.prober(name),
    sendUiRequest: uis.sendUiRequest,
    leaseTiming: {
      durationMs: realLease.durationMs * speed,
      renewDeadlineMs: realLease.renewDeadlineMs * speed,
      retryMs: realLease.retryMs * speed,
    },
  })
  return {
    name,
    lines,
    metrics: () => metrics.render(),
    sleeping: () => sleeping,
    stop: async () => {
      await loops.stop()
      client.close()
    },
  }
}
