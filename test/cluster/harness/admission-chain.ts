import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type AdmissionRequest, parseReview } from '../../../admission/admission-review.ts'
import { type Admission, admit } from '../../../admission/admit.ts'
import type { AdmissionContext } from '../../../admission/decide.ts'
import { createAuthority, issueServingCertificate } from '../../../certs/pki/issue-certificates.ts'
import type { Pod } from '../../../core/kubernetes/pod.ts'
import { createWebhookServer } from '../../../webhook/server/server.ts'
import type { Cluster } from './cluster.ts'

/** Pods with this label are sent to the webhooks below. The value identifies their admission context. */
export const caseLabel = 'nanny-test-case'

export interface AdmissionChain {
  /** The results of `admit` for the pods of one case, in the order of the requests. */
  admissions(id: string): readonly Admission[]
  stop(): Promise<void>
}

/**
 * The webhook's server in this process, called by the API server for labelled pods of namespaces labelled
 * `webhook: <name>`, and before or after it (label `mesh`) a mutating webhook that adds a container of its own.
 */
export async function startAdmissionChain(
  cluster: Cluster,
  name: string,
  contextOf: (id: string, request: AdmissionRequest) => AdmissionContext,
): Promise<AdmissionChain> {
  const made = new Map<string, Admission[]>()
  const authority = createAuthority(new Date())
  const leaf = issueServingCertificate(authority, [cluster.nodeAddress], new Date())
  const app = createWebhookServer({
    admit: async (request) => {
      const id = (request.object as Pod).metadata?.labels?.[caseLabel] ?? ''
      const admission = admit(request, contextOf(id, request))
      made.set(id, [...(made.get(id) ?? []), admission])
      return admission
    },
    certificate: { cert: leaf.certificatePem, key: leaf.privateKeyPem },
    unready: () => [],
    broken: () => [],
    onMalformedRequest: () => {},
  })
  app.post('/mesh', async (request) => {
    const review = parseReview(request.body)
    if (review.kind === 'problem') throw new Error(review.problem.field)
    return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: meshResponse(review.request) }
  })
  await app.ready()
  app.server.listen(0)
  await once(app.server, 'listening')
  const { port } = app.server.address() as AddressInfo
  const caBundle = Buffer.from(authority.certificatePem).toString('base64')
  const webhook = (webhookName: string, path: string, labels: object) => ({
    name: `${webhookName}.spark-nanny.io`,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    // Fail, so that a webhook that does not answer is noticed.
    failurePolicy: 'Fail',
    reinvocationPolicy: 'IfNeeded',
    namespaceSelector: { matchLabels: { webhook: name } },
    objectSelector: { matchExpressions: [{ key: caseLabel, operator: 'Exists' }], matchLabels: labels },
    clientConfig: { url: `https://${cluster.nodeAddress}:${port}${path}`, caBundle },
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
  })
  const configuration = `spark-nanny-${name}`
  await cluster.objects.create({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: configuration },
    webhooks: [
      webhook('mesh-before', '/mesh', { mesh: 'before' }),
      webhook('mutate', '/mutate', {}),
      webhook('mesh-after', '/mesh', { mesh: 'after' }),
    ],
  })
  return {
    admissions: (id) => made.get(id) ?? [],
    stop: async () => {
      await cluster.kubectl(['delete', 'mutatingwebhookconfiguration', configuration, '--ignore-not-found'])
      await app.close()
    },
  }
}

/** Inserts a container before the others, once, as service meshes do. */
function meshResponse({ uid, object }: AdmissionRequest): object {
  const { spec } = object as Pod
  if (spec.containers.some(({ name }) => name === 'mesh')) return { uid, allowed: true }
  const first = spec.containers[0]
  const container = {
    name: 'mesh',
    image: 'localhost/pause:1',
    ...(first?.resources && { resources: first.resources }),
    ...(first?.securityContext && { securityContext: first.securityContext }),
  }
  const patch = JSON.stringify([{ op: 'add', path: '/spec/containers/0', value: container }])
  return { uid, allowed: true, patchType: 'JSONPatch', patch: Buffer.from(patch).toString('base64') }
}
