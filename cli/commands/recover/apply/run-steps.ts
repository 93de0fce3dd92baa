import { describeResponse, type KubernetesApi } from '../../../../kubernetes/api.ts'
import { podPath } from '../../../../kubernetes/paths.ts'
import type { ApplicationFacts, LivePod } from '../facts/cluster-facts.ts'
import { parseLivePod } from '../facts/live-objects.ts'
import type { Step } from '../facts/recoveries.ts'
import { type ApplicationWrite, isSameDecision, writeApplication } from './application-writer.ts'
import type { RecoverResult } from './result.ts'

const deadlineMs = 15_000

/**
 * Checks that the driver's pod is still as it was when the plan was made. A hung driver may have recovered or restarted
 * in place, which its application does not show. A pod that has ended cannot run again, so it may have changed.
 */
export async function findPodChange(
  api: KubernetesApi,
  namespace: string,
  known: LivePod,
): Promise<Extract<RecoverResult, { readonly kind: 'changed' | 'failed' }> | undefined> {
  const { name, uid, resourceVersion } = known
  const response = await api.request({ method: 'GET', path: podPath({ namespace, name }), deadlineMs })
  if (response.kind === 'response' && response.status === 404)
    return { kind: 'changed', detail: `pod ${name} no longer exists` }
  const now = response.kind === 'response' && response.status === 200 ? parseLivePod(response.body) : undefined
  if (now === undefined) {
    const detail = `pod ${name} could not be read, so nothing was changed: ${describeResponse(response)}`
    return { kind: 'failed', detail, escalation: [] }
  }
  if (now.uid !== uid) return { kind: 'changed', detail: `pod ${name} was replaced by another pod` }
  if (now.resourceVersion === resourceVersion || (known.ended && now.ended)) return undefined
  return { kind: 'changed', detail: `pod ${name} has changed` }
}

/** Runs the steps of a plan in order, and stops at the first that fails. */
export async function runSteps(
  api: KubernetesApi,
  application: ApplicationFacts,
  steps: readonly Step[],
): Promise<ApplicationWrite> {
  let current = application
  for (const step of steps) {
    const written =
      step.kind === 'delete-pod'
        ? await deletePod(api, current, step)
        : await writeApplication(api, current, () => ({ spec: step.spec }), isSameDecision)
    if (written.kind !== 'written') return written
    current = written.application
  }
  return { kind: 'written', application: current }
}

/** The kubelet updates the status for a while after the pod has ended, which causes conflicts. */
const maxAttempts = 3

/** Deletes a pod that has ended, with its own grace period. A pod that no longer exists counts as deleted. */
async function deletePod(
  api: KubernetesApi,
  application: ApplicationFacts,
  { pod, uid, resourceVersion }: Extract<Step, { readonly kind: 'delete-pod' }>,
): Promise<ApplicationWrite> {
  const path = podPath({ namespace: application.namespace, name: pod })
  let version = resourceVersion
  for (let attempt = 1; ; attempt += 1) {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion: version } }
    const response = await api.request({ method: 'DELETE', path, body, deadlineMs })
    const detail = `pod ${pod}: ${describeResponse(response)}`
    if (response.kind === 'failed') return { kind: 'failed', detail }
    const { status } = response
    if ((status >= 200 && status < 300) || status === 404) return { kind: 'written', application }
    if (status !== 409) return { kind: 'failed', detail }
    const found = await api.request({ method: 'GET', path, deadlineMs })
    const now = found.kind === 'response' && found.status === 200 ? parseLivePod(found.body) : undefined
    if (now === undefined || now.uid !== uid || !now.ended || attempt === maxAttempts)
      return { kind: 'changed', detail }
    version = now.resourceVersion
  }
}
