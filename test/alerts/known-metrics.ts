import type { TestContext } from 'node:test'
import { formatMetrics } from '../../sidecar/metrics.ts'
import {
  createControllerMetrics,
  createThreadMetrics,
  registerReplicaGauges,
} from '../../webhook/controller/metrics/metrics.ts'
import { createMetrics } from '../../webhook/server/metrics.ts'
import { alive, createMonitorHarness, timeout } from '../sidecar/monitor-harness.ts'

/** Labels that Prometheus or its operator puts on every series of a target. */
export const targetLabels: readonly string[] = ['cluster', 'job', 'instance', 'namespace', 'pod']

/** Metrics of other programs, with their labels, by source. */
export const foreign: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  // https://prometheus.io/docs/concepts/jobs_instances/
  'Prometheus itself': { up: [] },
  // https://github.com/kubernetes/kube-state-metrics/blob/main/docs/metrics/workload/pod-metrics.md
  'kube-state-metrics': {
    kube_pod_container_resource_limits: ['namespace', 'pod', 'uid', 'container', 'node', 'resource', 'unit'],
    kube_pod_container_resource_requests: ['namespace', 'pod', 'uid', 'container', 'node', 'resource', 'unit'],
    kube_pod_container_status_last_terminated_reason: ['namespace', 'pod', 'uid', 'container', 'reason'],
    kube_pod_container_status_restarts_total: ['namespace', 'pod', 'uid', 'container'],
    kube_pod_container_status_running: ['namespace', 'pod', 'uid', 'container'],
    kube_pod_container_status_terminated_reason: ['namespace', 'pod', 'uid', 'container', 'reason'],
    kube_pod_container_status_waiting: ['namespace', 'pod', 'uid', 'container'],
    kube_pod_status_phase: ['namespace', 'pod', 'uid', 'phase'],
    kube_pod_status_ready: ['namespace', 'pod', 'uid', 'condition'],
  },
  // https://kubernetes.io/docs/reference/instrumentation/metrics/
  'the API server': {
    apiserver_admission_webhook_admission_duration_seconds_bucket: ['name', 'operation', 'rejected', 'type', 'le'],
    apiserver_admission_webhook_fail_open_count: ['name', 'type'],
  },
  // https://kubernetes.io/docs/reference/instrumentation/metrics/, of the kubelet's /metrics/cadvisor
  'the kubelet’s cAdvisor': {
    container_memory_working_set_bytes: ['namespace', 'pod', 'container', 'id', 'image', 'name'],
  },
}

/** The /metrics texts of spark-nanny's processes after each kind of event has occurred. */
export interface OwnTexts {
  readonly webhook: string
  /** Of a driver that was restarted in place and runs again. */
  readonly sidecar: string
}

export async function ownTexts(t: TestContext): Promise<OwnTexts> {
  const hung = createMonitorHarness(t)
  await hung.step(alive)
  for (let polls = 0; polls < 20 && hung.environment.exits.length === 0; polls += 1) await hung.step(timeout)
  const harness = createMonitorHarness(t, {}, hung.dir, hung.environment.nowMs)
  for (const sample of [alive, timeout, alive]) await harness.step(sample)
  const sidecar = formatMetrics({ kind: 'monitoring', snapshot: harness.snapshot() }, '1.2.3')
  const metrics = createMetrics('1.2.3')
  // Some are not there until they are known.
  metrics.setCertificateExpiry(Date.UTC(2027, 0, 31))
  metrics.setAuthorityExpiry(Date.UTC(2027, 0, 31))
  metrics.setCertificateSourceHealthy(true)
  metrics.countAdmission({ kind: 'inject', reason: 'injected', problems: [] }, 'Pod', 0.001)
  metrics.countAdmission({ kind: 'skip', reason: 'internal-error', problems: [] }, 'Pod', 0.001)
  const controller = createControllerMetrics(metrics.registry, () => 0)
  controller.registerGauges({
    isLeader: () => true,
    counts: () => ({
      drivers: [
        { labels: { namespace: 'etl', state: 'ready' }, value: 3 },
        { labels: { namespace: 'etl', state: 'not-ready' }, value: 1 },
      ],
      unprotected: [{ labels: { namespace: 'etl', reason: 'not-injected' }, value: 1 }],
      outdated: [{ labels: { namespace: 'etl' }, value: 1 }],
      stuck: [{ labels: { namespace: 'etl', reason: 'pending' }, value: 1 }],
      startupBlocked: [{ labels: { namespace: 'etl' }, value: 1 }],
    }),
    quarantined: () => new Map([['etl', 1]]),
    breakers: () => ({ 'unhealthy-share': ['etl'], 'sidecar-image': [] }),
    budgetUse: () => new Map([['etl', 3]]),
  })
  registerReplicaGauges(metrics.registry, { isLeader: () => true, stale: () => ({ pods: false }) })
  const thread = createThreadMetrics(metrics.registry, ['crashed'])
  thread.setUp(true)
  controller.recordAction('delete-pod', 'ok')
  controller.recordKill('nightly')
  controller.recordPoll('nightly', 0.1)
  for (const cause of ['error', 'oom-killed'] as const) controller.recordTermination('etl', 'nightly', cause)
  controller.recordRecovery(25)
  controller.recordExhaustedBudget('namespace')
  return { webhook: await metrics.render(), sidecar }
}

/** The names of the series in the /metrics texts of spark-nanny's processes. */
export async function ownMetrics(t: TestContext): Promise<ReadonlySet<string>> {
  const { webhook, sidecar } = await ownTexts(t)
  return new Set([...seriesOf(sidecar), ...seriesOf(webhook)])
}

/** Series of a /metrics text, by its TYPE lines. */
export function seriesOf(text: string): readonly string[] {
  return [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
    type === 'histogram' ? histogramSeries(name) : [name],
  )
}

export const histogramSeries = (name: string): readonly string[] => [`${name}_bucket`, `${name}_sum`, `${name}_count`]
