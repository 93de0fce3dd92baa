import { describeResponse, type KubernetesApi } from '../../kubernetes/api.ts'
import { apiDeadlineMs, type ReadOutcome, type WriteOutcome } from './secret.ts'
import { type CaBundle, parseTrust, type Trust } from './trust.ts'

export const configurationsPath = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
const formatConfigurationPath = (name: string) => `${configurationsPath}/${encodeURIComponent(name)}`

/** Reads the trusted authorities from the API, without any cache. */
export async function readTrust(api: KubernetesApi, name: string): Promise<ReadOutcome<Trust>> {
  const response = await api.request({ method: 'GET', path: formatConfigurationPath(name), deadlineMs: apiDeadlineMs })
  if (response.kind === 'response' && response.status === 404) return { kind: 'read', value: { kind: 'absent' } }
  if (response.kind === 'response' && response.status === 200) return { kind: 'read', value: parseTrust(response.body) }
  return { kind: 'failed', detail: `MutatingWebhookConfiguration ${name}: ${describeResponse(response)}` }
}

/**
 * Sets the caBundle of some webhooks, and changes nothing else. Writes nothing if the configuration has changed since it
 * was read: the resourceVersion in the patch is a precondition. A strategic merge patch finds webhooks by their names
 * (patchMergeKey in k8s.io/api/admissionregistration/v1).
 */
export async function writeCaBundles(
  api: KubernetesApi,
  name: string,
  caBundles: readonly CaBundle[],
  resourceVersion: string,
): Promise<WriteOutcome> {
  const response = await api.request({
    method: 'PATCH',
    path: `${formatConfigurationPath(name)}?fieldManager=spark-nanny`,
    contentType: 'application/strategic-merge-patch+json',
    body: {
      metadata: { resourceVersion },
      webhooks: caBundles.map((caBundle) => ({
        name: caBundle.name,
        clientConfig: { caBundle: Buffer.from(caBundle.pem).toString('base64') },
      })),
    },
    deadlineMs: apiDeadlineMs,
  })
  if (response.kind === 'response' && response.status === 200) return { kind: 'written' }
  if (response.kind === 'response' && (response.status === 409 || response.status === 404)) return { kind: 'conflict' }
  return { kind: 'failed', detail: `MutatingWebhookConfiguration ${name}: ${describeResponse(response)}` }
}
