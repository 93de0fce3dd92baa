import { toRecord, toRecords } from '../core/json.ts'
import { type ApiResponse, isFromApiServer, type KubernetesApi } from './api.ts'

const deadlineMs = 10_000

/**
 * Whether a 404 means that the API has no such collection. For a custom resource without a CRD the API server sends
 * `404 page not found` as plain text (seen in 1.36), as a proxy may too; then discovery decides. If reading discovery is
 * forbidden, the 404 is accepted unless the collection had objects.
 */
export async function isCollectionAbsent(
  api: KubernetesApi,
  path: string,
  notFound: ApiResponse,
  hadObjects: boolean,
): Promise<boolean> {
  if (isFromApiServer(notFound)) return true
  const [, groupVersion, resource] = /^\/apis\/([^/]+\/[^/]+)\/(?:namespaces\/[^/]+\/)?([^/]+)$/.exec(path) ?? []
  if (groupVersion === undefined) return false
  const groups = await discover(api, '/apis', 'APIGroupList')
  if (groups === 'forbidden') return !hadObjects
  if (groups === undefined) return false
  const versions = toRecords(groups.groups).flatMap((group) => toRecords(group.versions))
  if (!versions.some((version) => version.groupVersion === groupVersion)) return true
  const resources = await discover(api, `/apis/${groupVersion}`, 'APIResourceList')
  if (resources === 'forbidden') return !hadObjects
  if (resources === undefined) return false
  return !toRecords(resources.resources).some(({ name }) => name === resource)
}

/**
 * Reads a discovery document. Returns 'forbidden' if the API server itself refuses with 403. Returns undefined if the
 * request fails, the status is another one, or the body is not of the expected kind.
 */
async function discover(api: KubernetesApi, path: string, kind: string) {
  const response = await api.request({ method: 'GET', path, deadlineMs })
  if (response.kind === 'response' && response.status === 403 && isFromApiServer(response)) return 'forbidden'
  if (response.kind === 'failed' || response.status !== 200) return undefined
  const body = toRecord(response.body)
  return body.kind === kind ? body : undefined
}
