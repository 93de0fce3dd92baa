import type { TestContext } from 'node:test'
import { metricsText } from '../../sidecar/metrics.ts'
import { createControllerMetrics } from '../../webhook/controller/metrics.ts'
import { createMetrics } from '../../webhook/metrics.ts'
import { alive, watchRig } from '../sidecar/watch-rig.ts'

/** Labels that Prometheus or its operator puts on every series of a target. */
export const targetLabels: readonly string[] = ['cluster', 'job', 'instance', 'namespace', 'pod']

/** What others tell: the name, its labels, by source. */
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

/** The names of the series that our processes tell today, as their /metrics would. */
export async function ownMetrics(t: TestContext): Promise<ReadonlySet<string>> {
  const rig = watchRig(t)
  await rig.step(alive)
  const sidecar = metricsText({ kind: 'watching', snapshot: rig.snapshot() }, '1.2.3')
  const metrics = createMetrics('1.2.3')
  // Some are not there until they are known.
  metrics.certificateExpiry(Date.UTC(2027, 0, 31))
  metrics.authorityExpiry(Date.UTC(2027, 0, 31))
  metrics.certificateSourceHealthy(true)
  createControllerMetrics(metrics.registry, () => 0)
  const webhook = await metrics.render()
  return new Set([...seriesOf(sidecar), ...seriesOf(webhook)])
}

/** Series of a /metrics text, by its TYPE lines. */
export function seriesOf(text: string): readonly string[] {
  return [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
    type === 'histogram' ? histogramSeries(name) : [name],
  )
}

export const histogramSeries = (name: string): readonly string[] => [`${name}_bucket`, `${name}_sum`, `${name}_count`]
