import { toRecord } from '../core/json.ts'
import { type ApiResponse, isFromApiServer, type KubernetesApi } from './api.ts'

const deadlineMs = 10_000

/**
 * Whether it is the API server that says by a 404 that it has no such collection. Of what would be a custom resource it says
 * `404 page not found` in plain text (seen in 1.36), as any proxy may; then its discovery is asked. Where nobody may read
 * that, there is no more to be had than the 404, which is believed of what was never there.
 */
export async function isAbsent(
  api: KubernetesApi,
  path: string,
  answer: ApiResponse,
  wasThere: boolean,
): Promise<boolean> {
  if (isFromApiServer(answer)) return true
  const [, groupVersion, resource] = /^\/apis\/([^/]+\/[^/]+)\/([^/]+)$/.exec(path) ?? []
  if (groupVersion === undefined) return false
  const groups = await discovered(api, '/apis', 'APIGroupList')
  if (groups === 'refused') return !wasThere
  if (groups === undefined) return false
  const versions = recordsOf(groups.groups).flatMap((group) => recordsOf(group.versions))
  if (!versions.some((version) => version.groupVersion === groupVersion)) return true
  const resources = await discovered(api, `/apis/${groupVersion}`, 'APIResourceList')
  if (resources === 'refused') return !wasThere
  if (resources === undefined) return false
  return !recordsOf(resources.resources).some(({ name }) => name === resource)
}

/** Undefined: no answer of the API server. */
async function discovered(api: KubernetesApi, path: string, kind: string) {
  const answer = await api.request({ method: 'GET', path, deadlineMs })
  if (answer.kind === 'response' && answer.status === 403 && isFromApiServer(answer)) return 'refused'
  if (answer.kind === 'failed' || answer.status !== 200) return undefined
  const body = toRecord(answer.body)
  return body.kind === kind ? body : undefined
}

const recordsOf = (value: unknown) => (Array.isArray(value) ? value.map(toRecord) : [])
