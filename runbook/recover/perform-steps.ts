import { podPath } from '../../webhook/controller/pod-path.ts'
import { answerDetail, type KubernetesApi } from '../../webhook/kubernetes/api.ts'
import { isSameDecision, type Written, writeApplication } from './application-writer.ts'
import type { LiveApplication } from './cluster-facts.ts'
import type { Step } from './plan.ts'

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
    deadlineMs: 15_000,
  })
  if (answer.kind === 'answer') {
    const { status } = answer
    if ((status >= 200 && status < 300) || status === 404) return { kind: 'written', application }
    if (status === 409) return { kind: 'changed', detail: `pod ${pod}: ${answerDetail(answer)}` }
  }
  return { kind: 'failed', detail: `pod ${pod}: ${answerDetail(answer)}` }
}
