import type { KubernetesApi } from '../../../../kubernetes/api.ts'
import { createClusterReader } from '../../../cluster/cluster-reader.ts'
import { proxyPath } from '../../../diagnosis/collect-ui.ts'
import { readUiPort } from '../../../diagnosis/collection-plan.ts'
import { findByApplication } from '../../../diagnosis/find-driver.ts'
import { type DriverPod, parseDriverPod } from '../../../evidence/driver-pod.ts'
import type { EvidenceReading } from '../../../evidence/evidence.ts'
import type { CliIo } from '../../../io/cli-io.ts'
import type { ApplicationFacts } from '../facts/cluster-facts.ts'
import { computeProgress, type DriverProgress, isFinal, type UiState } from './driver-progress.ts'

const pollIntervalMs = 2_000
const requestMs = 20_000

/** Polls the next driver until its progress is final, or for `waitMs`. Calls `report` after each poll. */
export async function watchDriver(
  api: KubernetesApi,
  { namespace, name }: Pick<ApplicationFacts, 'namespace' | 'name'>,
  podBefore: string | null,
  waitMs: number,
  io: Pick<CliIo, 'nowMs' | 'sleep'>,
  report: (progress: DriverProgress) => void,
): Promise<{ readonly progress: DriverProgress; readonly pod: string | null }> {
  const untilMs = io.nowMs() + waitMs
  for (;;) {
    const found = await findByApplication(createClusterReader(api, io.nowMs() + requestMs, io.nowMs), namespace, name)
    const pod = found.pod.kind === 'read' ? parseDriverPod(found.pod.value) : undefined
    const unread = found.pod.kind === 'unreadable' ? found.pod.why : null
    const isNew = pod !== undefined && pod.uid !== podBefore && pod.driver.state.kind === 'running'
    const progress: DriverProgress =
      unread === null
        ? computeProgress(podBefore, pod, isNew ? await checkUi(api, pod, found.pod, io) : 'not-yet')
        : { kind: 'no-pod', detail: `its pods could not be read: ${unread}` }
    report(progress)
    if (isFinal(progress) || io.nowMs() >= untilMs) return { progress, pod: pod?.name ?? null }
    await io.sleep(pollIntervalMs)
  }
}

/** The sidecar is ready if the UI responds. Without a sidecar, the UI is requested through the API server. */
async function checkUi(
  api: KubernetesApi,
  pod: DriverPod,
  raw: EvidenceReading<unknown>,
  { nowMs }: Pick<CliIo, 'nowMs'>,
): Promise<UiState> {
  if (pod.hasSidecar) {
    const isReady = pod.conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
    return isReady ? 'yes' : 'not-yet'
  }
  const reader = createClusterReader(api, nowMs() + requestMs, nowMs)
  const response = await reader.ask(proxyPath(pod, readUiPort(raw), '/api/v1/applications'), 5_000)
  if (response.kind === 'response' && response.status === 200) {
    return Array.isArray(response.body) && response.body.length > 0 ? 'yes' : 'not-yet'
  }
  return response.kind === 'response' && (response.status === 401 || response.status === 403) ? 'unknown' : 'not-yet'
}
