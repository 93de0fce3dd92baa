import { podPath } from '../../webhook/controller/pod-path.ts'
import { answerDetail, type KubernetesApi } from '../../webhook/kubernetes/api.ts'
import { isSameDecision, type Written, writeApplication } from './application-writer.ts'
import type { LiveApplication, LivePod } from './cluster-facts.ts'
import { livePod } from './live-objects.ts'
import type { Step } from './plan.ts'
import type { RecoverResult } from './result.ts'

const deadlineMs = 15_000

/**
 * Why nothing may be done any more: the driver's pod is not as it was when the plan was made. A driver that hung may be
 * back, or restarted in place, of which its application knows nothing.
 */
export async function podChange(
  api: KubernetesApi,
  namespace: string,
  known: LivePod,
): Promise<Extract<RecoverResult, { readonly kind: 'changed' | 'failed' }> | undefined> {
  const answer = await api.request({ method: 'GET', path: podPath({ namespace, name: known.name }), deadlineMs })
  if (answer.kind === 'answer' && answer.status === 404) return { kind: 'changed', detail: `pod ${known.name} is gone` }
  const now = answer.kind === 'answer' && answer.status === 200 ? livePod(answer.body) : undefined
  if (now === undefined) {
    return {
      kind: 'failed',
      detail: `pod ${known.name} could not be read, nothing was done: ${answerDetail(answer)}`,
      escalation: [],
    }
  }
  if (now.uid !== known.uid) return { kind: 'changed', detail: `pod ${known.name} is another one` }
  return now.resourceVersion === known.resourceVersion
    ? undefined
    : { kind: 'changed', detail: `pod ${known.name} is not as it was` }
}

/** Does the steps of a plan one after another, and stops at the first that is not done. */
export async function performSteps(
  api: KubernetesApi,
  application: LiveApplication,
  steps: readonly Step[],
): Promise<Written> {
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

/** With its own grace period. A pod that is gone already is as good as deleted. */
async function deletePod(
  api: KubernetesApi,
  application: LiveApplication,
  { pod, uid, resourceVersion }: Extract<Step, { readonly kind: 'delete-pod' }>,
): Promise<Written> {
  const answer = await api.request({
    method: 'DELETE',
    path: podPath({ namespace: application.namespace, name: pod }),
    body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } },
    deadlineMs,
  })
  if (answer.kind === 'answer') {
    const { status } = answer
    if ((status >= 200 && status < 300) || status === 404) return { kind: 'written', application }
    if (status === 409) return { kind: 'changed', detail: `pod ${pod}: ${answerDetail(answer)}` }
  }
  return { kind: 'failed', detail: `pod ${pod}: ${answerDetail(answer)}` }
}
