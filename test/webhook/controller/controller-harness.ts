import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { watchSparkApplications } from '../../../cluster/spark-applications.ts'
import { createBackgroundTasks } from '../../../core/background-tasks.ts'
import { type LeaseTiming, leaseTiming } from '../../../kubernetes/leader-election/lease.ts'
import type { ReflectorDeps } from '../../../kubernetes/reflector.ts'
import { type ControllerConfig, parseController } from '../../../webhook/config/controller-config.ts'
import { createControllerMetrics, registerReplicaGauges } from '../../../webhook/controller/metrics/metrics.ts'
import { startController } from '../../../webhook/controller/start.ts'
import { createMetrics } from '../../../webhook/server/metrics.ts'
import { type ApiFixture, createApiFixture, until } from '../../support/api-fixture.ts'
import { injectionKey, sidecarImage } from '../../support/driver-pods.ts'
import type { FakeObject } from '../../support/fake-api-server.ts'

export const pods = '/api/v1/pods'
export const events = '/api/v1/events'
export const applications = '/apis/sparkoperator.k8s.io/v1beta2/sparkapplications'

export interface ControllerHarness extends ApiFixture {
  /** Starts one replica; all replicas of a harness use the same API. */
  start(config?: Partial<ControllerConfig>, timing?: LeaseTiming, sleep?: ReflectorDeps['sleep']): Replica
  /** Sets the clock of all replicas, which continues from there. */
  setNow(ms: number): void
  /** Sets only the wall clock, as an administrator or NTP does. */
  setDate(ms: number): void
  /**
   * Shortens the silence after which a driver without a sidecar hangs, by the shortest deadline (10 s) and a monotonic clock that
   * is faster by this rate. To be called before controllers start.
   */
  shortenHangs(rate?: number): void
  /** All requests except lists, discovery, watches and the lease. */
  calls(): readonly string[]
  /** The Events, sorted by reason. */
  events(): readonly { readonly reason: string; readonly message: string; readonly of: string }[]
}

export interface Replica {
  suspension(namespace: string): string | null
  metrics(): Promise<string>
  stop(): Promise<void>
}

/** The default configuration. */
export const defaultConfig: ControllerConfig = (() => {
  const config = parseController((_name, fallback, _form, parse) => parse(fallback))
  assert.ok(config !== undefined)
  return config
})()

/** Real controllers against a fake API server. The namespace `spark` is protected, `other` is not. */
export async function createControllerHarness(t: TestContext): Promise<ControllerHarness> {
  const fixture = await createApiFixture(t)
  const { api, deps } = fixture
  api.define(pods, events, applications, '/api/v1/namespaces', '/apis/coordination.k8s.io/v1/leases')
  api.set('/api/v1/namespaces', { metadata: { name: 'spark', labels: { 'spark-nanny.io/inject': 'enabled' } } })
  api.set('/api/v1/namespaces', { metadata: { name: 'other' } })
  let offsetMs = 0
  /** The offset of the monotonic clock, which only grows. */
  let aheadMs = 0
  let monotonicRate = 1
  let chartSettings: Readonly<Record<string, string>> = {}
  const nowMs = () => Date.now() + offsetMs
  return {
    ...fixture,
    setNow: (ms) => {
      const nextMs = ms - Date.now()
      aheadMs += Math.max(0, nextMs - offsetMs)
      offsetMs = nextMs
    },
    shortenHangs: (rate = 10) => {
      monotonicRate = rate
      chartSettings = { 'unresponsive-deadline': '10s' }
    },
    setDate: (ms) => {
      offsetMs = ms - Date.now()
    },
    calls: () => api.requests.filter((line) => !/^GET ([^?]*\?limit=|\/apis$)|\/leases/.test(line)),
    events: () =>
      api
        .list(events)
        .map(({ reason, message, involvedObject }) => ({
          reason: String(reason),
          message: String(message),
          of: (involvedObject as { readonly name: string }).name,
        }))
        .toSorted((a, b) => (a.reason < b.reason ? -1 : 1)),
    start: (config = {}, timing, sleep = deps.sleep) => {
      const metrics = createMetrics('1.2.3')
      const loops = createBackgroundTasks(deps.log)
      const local = { ...deps, sleep, nowMs }
      const known = watchSparkApplications(local)
      known.reflectors.forEach((reflector, index) => {
        loops.start(`applications-${index}`, reflector.run)
      })
      const controller = startController({
        ...local,
        namespace: 'spark-nanny',
        version: '1.2.3',
        config: { ...defaultConfig, ...config },
        sidecarImage,
        injectionKeys: { all: () => [injectionKey], whenChanged: () => {} },
        chartSettings,
        applications: known,
        nativeSidecars: () => true,
        findNodeState: () => ({ kind: 'unknown' }),
        stale: () => ({}),
        monotonicMs: () => performance.now() * monotonicRate + aheadMs,
        leaseTiming: timing ?? { ...leaseTiming, renewDeadlineMs: leaseTiming.renewDeadlineMs * monotonicRate },
        metrics: createControllerMetrics(metrics.registry, nowMs),
        loops,
      })
      registerReplicaGauges(metrics.registry, { isLeader: controller.leads, stale: controller.stale })
      t.after(() => loops.stop())
      return { ...controller, metrics: () => metrics.render(), stop: () => loops.stop() }
    },
  }
}

/** Waits until the replica leads and has evaluated all drivers. */
export async function untilLeading(harness: ControllerHarness): Promise<void> {
  await until(() => harness.lines.some(({ line }) => line.event === 'leader-acquired'), 'a leader')
  await harness.deps.sleep(300, harness.signal)
}

/** The object with these fields changed. */
export const changed = (object: FakeObject, fields: object): FakeObject => ({ ...object, ...fields })
