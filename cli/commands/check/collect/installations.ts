import { toRecord, toStringOrEmpty } from '../../../../core/json.ts'
import type { KubernetesApi } from '../../../../kubernetes/api.ts'
import { collectAccess } from '../../../cluster/access-review.ts'
import { type ApiReading, mapApiReading, readable } from '../../../cluster/reading.ts'
import { getObject, listObjects } from '../../../cluster/requests.ts'
import type { Certificate, Installation } from '../evidence.ts'
import { groupByRelease, parseDeployment, parseWebhookPod, type WebhookDeployment } from '../installed-objects.ts'
import { parseLabelSelector } from '../label-selector.ts'
import { webhookAccess } from '../needed-access.ts'

export const installedSelector = 'app.kubernetes.io/name=spark-nanny'
/** The namespace that is searched if the caller may not list Deployments of all namespaces. */
const usualNamespace = 'spark-nanny'

export async function findDeployments(
  api: KubernetesApi,
  namespace: string | null,
): Promise<ApiReading<readonly WebhookDeployment[]>> {
  const selector = `${installedSelector},app.kubernetes.io/component=webhook`
  const listIn = (name: string) => listObjects(api, `/apis/apps/v1/namespaces/${name}/deployments`, selector)
  let found =
    namespace === null ? await listObjects(api, '/apis/apps/v1/deployments', selector) : await listIn(namespace)
  if (namespace === null && found.kind === 'unreadable' && found.status === 403) {
    // An empty result proves nothing: spark-nanny may be installed in another namespace.
    const usual = await listIn(usualNamespace)
    if (usual.kind === 'read' && usual.value.length > 0) found = usual
  }
  return mapApiReading(found, (objects) => groupByRelease(objects.map(parseDeployment)))
}

export async function collectInstallation(api: KubernetesApi, deployment: WebhookDeployment): Promise<Installation> {
  const { namespace, podLabels, serviceAccount } = deployment
  const instance = podLabels['app.kubernetes.io/instance']
  const selector =
    instance === undefined ? installedSelector : `${installedSelector},app.kubernetes.io/instance=${instance}`
  const [pods, budgets, certificate, access] = await Promise.all([
    listObjects(api, `/api/v1/namespaces/${namespace}/pods`, `${selector},app.kubernetes.io/component=webhook`),
    listObjects(api, `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`),
    collectCertificate(api, deployment),
    collectAccess(api, { kind: 'service-account', namespace, name: serviceAccount }, webhookAccess(deployment)),
  ])
  return {
    deployment,
    pods: mapApiReading(pods, (objects) => objects.map(parseWebhookPod)),
    budgets: mapApiReading(budgets, (objects) =>
      objects.map((object) => {
        const { metadata, spec } = toRecord(object)
        return {
          name: toStringOrEmpty(toRecord(metadata).name),
          selector: parseLabelSelector(toRecord(spec).selector),
        }
      }),
    ),
    certificate,
    access,
  }
}

async function collectCertificate(
  api: KubernetesApi,
  { namespace, secret }: WebhookDeployment,
): Promise<ApiReading<Certificate | null>> {
  if (secret === null) return readable(null)
  const object = await getObject(api, `/api/v1/namespaces/${namespace}/secrets/${encodeURIComponent(secret)}`)
  return mapApiReading(object, (found) =>
    found === null
      ? null
      : {
          secret,
          certificatePem: Buffer.from(toStringOrEmpty(toRecord(toRecord(found).data)['tls.crt']), 'base64').toString(
            'latin1',
          ),
        },
  )
}
