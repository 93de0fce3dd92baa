import { probeServer } from '../../../../cluster/capability-probe.ts'
import { createDryRunPod, formatDryRunPath } from '../../../../cluster/dry-run.ts'
import { projectNode } from '../../../../cluster/nodes.ts'
import { toRecord, toStringOrEmpty } from '../../../../core/json.ts'
import { describeResponse, type KubernetesApi } from '../../../../kubernetes/api.ts'
import { type ApiReading, mapApiReading, readable, unreadable } from '../../../cluster/reading.ts'
import { getObject, listObjects, requestDeadlineMs } from '../../../cluster/requests.ts'
import type { CheckedNode, ServerEvidence, ServerVersion } from '../evidence.ts'

/** Runs before all other requests, which are skipped if the API server does not respond. */
export async function collectVersion(api: KubernetesApi): Promise<ApiReading<ServerVersion>> {
  const response = await getObject(api, '/version')
  if (response.kind === 'unreadable') return response
  const version = toStringOrEmpty(toRecord(response.value).gitVersion)
  const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(version) ?? []
  if (major === undefined || minor === undefined)
    return unreadable('/version: the response does not contain a version', 200)
  return readable({ text: version, numbers: [Number(major), Number(minor)] })
}

export async function collectServer(
  api: KubernetesApi,
  url: string,
  version: ApiReading<ServerVersion>,
  dryRunNamespace: string,
): Promise<ServerEvidence> {
  const [admission, proof, nodes] = await Promise.all([
    getObject(api, '/apis/admissionregistration.k8s.io/v1'),
    probeServer(api, dryRunNamespace),
    listObjects(api, '/api/v1/nodes'),
  ])
  return {
    url,
    version,
    dryRunNamespace,
    dryRunProblem: proof.nativeSidecars === 'unknown' ? await dryRunProblem(api, dryRunNamespace) : null,
    proof,
    admission: mapApiReading(admission, (found) => found !== null),
    nodes: mapApiReading(nodes, (objects) => objects.flatMap(parseNode)),
  }
}

/** The API server's message; the result of the probe does not contain it. */
async function dryRunProblem(api: KubernetesApi, namespace: string): Promise<string> {
  const request = { method: 'POST', path: formatDryRunPath(namespace), body: createDryRunPod('none') } as const
  return describeResponse(await api.request({ ...request, deadlineMs: requestDeadlineMs }))
}

function parseNode(object: unknown): readonly CheckedNode[] {
  const known = projectNode(object)
  return known === undefined ? [] : [{ ...known, name: toStringOrEmpty(toRecord(toRecord(object).metadata).name) }]
}
