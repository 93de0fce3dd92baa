import { describeResponse, type KubernetesApi } from '../../../../kubernetes/api.ts'
import { podPath } from '../../../../kubernetes/paths.ts'
import type { ApplicationFacts, LivePod } from '../facts/cluster-facts.ts'
import { parseLivePod } from '../facts/live-objects.ts'
import type { Step } from '../facts/recoveries.ts'
import { isSameDecision, type WriteOutcome, writeApplication } from './application-writer.ts'
import type { RecoverResult } from './result.ts'

const deadlineMs = 15_000

/**
 * Why nothing may be done any more: the driver's pod is not as it was when the plan was made. A driver that hung may be
 * back, or restarted in place, of which its application knows nothing. A pod that has ended cannot come back.
 */
export async function podChange(
  api: KubernetesApi,
  namespace: string,
  known: LivePod,
): Promise<Extract<RecoverResult, { readonly kind: 'changed' | 'failed' }> | undefined> {
  const { name, uid, resourceVersion } = known
  const answer = await api.request({ method: 'GET', path: podPath({ namespace, name }), deadlineMs })
  if (answer.kind === 'response' && answer.status === 404) return { kind: 'changed', detail: `pod ${name} is gone` }
  const now = answer.kind === 'response' && answer.status === 200 ? parseLivePod(answer.body) : undefined
  if (now === undefined) {
    const detail = `pod ${name} could not be read, nothing was done: ${describeResponse(answer)}`
    return { kind: 'failed', detail, escalation: [] }
  }
  if (now.uid !== uid) return { kind: 'changed', detail: `pod ${name} is another one` }
  if (now.resourceVersion === resourceVersion || (known.ended && now.ended)) return undefined
  return { kind: 'changed', detail: `pod ${name} is not as it was` }
}

/** Does the steps of a plan one after another, and stops at the first that is not done. */
export async function runSteps(
  api: KubernetesApi,
  application: ApplicationFacts,
  steps: readonly Step[],
): Promise<WriteOutcome> {
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

/** Its status is written for a while after it has ended. */
const maxTries = 3

/** With its own grace period, and only one that has ended. One that is gone already is as good as deleted. */
async function deletePod(
  api: KubernetesApi,
  application: ApplicationFacts,
  { pod, uid, resourceVersion }: Extract<Step, { readonly kind: 'delete-pod' }>,
): Promise<WriteOutcome> {
  const path = podPath({ namespace: application.namespace, name: pod })
  let version = resourceVersion
  for (let tries = 1; ; tries++) {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion: version } }
    const answer = await api.request({ method: 'DELETE', path, body, deadlineMs })
    const detail = `pod ${pod}: ${describeResponse(answer)}`
    if (answer.kind === 'failed') return { kind: 'failed', detail }
    const { status } = answer
    if ((status >= 200 && status < 300) || status === 404) return { kind: 'written', application }
    if (status !== 409) return { kind: 'failed', detail }
    const found = await api.request({ method: 'GET', path, deadlineMs })
    const now = found.kind === 'response' && found.status === 200 ? parseLivePod(found.body) : undefined
    if (now === undefined || now.uid !== uid || !now.ended || tries === maxTries) return { kind: 'changed', detail }
    version = now.resourceVersion
  }
}
