import pLimit from 'p-limit'
import { probeServer, type ServerProbe } from '../../../cluster/capability-probe.ts'
import { computeNodeCapabilities, type NodeCapabilities, projectNode } from '../../../cluster/nodes.ts'
import { isRecord, toRecord } from '../../../core/json.ts'
import type { Capabilities } from '../../../core/kubernetes/capabilities.ts'
import type { Pod } from '../../../core/kubernetes/pod.ts'
import { sparkApplicationApis } from '../../../core/spark/application.ts'
import type { ApiResponse, KubernetesApi } from '../../../kubernetes/api.ts'
import { collectAccess } from '../../cluster/access-review.ts'
import { type ApiReading, mapApiReading, unreadable } from '../../cluster/reading.ts'
import { getObject, listObjects, requestDeadlineMs } from '../../cluster/requests.ts'
import type { Input } from '../../static-checks/input.ts'
import { parseNodeRoom } from '../../workload/node-room.ts'
import { findReferences, referencePaths } from '../../workload/references.ts'
import type { Workload } from '../../workload/workload.ts'
import type { ClusterEvidence } from './evidence.ts'
import { preflightAccess } from './needed-access.ts'

/** Reads everything that the rules need, concurrently. Creates are dry runs, so nothing is stored. */
export async function collectCluster(api: KubernetesApi, input: Input, workload: Workload): Promise<ClusterEvidence> {
  const namespace = encodeURIComponent(workload.namespace)
  const inNamespace = `/api/v1/namespaces/${namespace}`
  const [
    namespaceObject,
    nodes,
    limitRanges,
    quotas,
    access,
    references,
    driver,
    executor,
    application,
    existing,
    proof,
  ] = await Promise.all([
    getObject(api, inNamespace),
    listObjects(api, '/api/v1/nodes'),
    listObjects(api, `${inNamespace}/limitranges`),
    listObjects(api, `${inNamespace}/resourcequotas`),
    reviewAccess(api, workload, input),
    pLimit(4).map(findReferences(input, workload), async (reference) => {
      const path = referencePaths[reference.kind](namespace, encodeURIComponent(reference.name))
      return { reference, object: await getObject(api, path) }
    }),
    dryRun(api, `${inNamespace}/pods`, workload.driver),
    dryRun(api, `${inNamespace}/pods`, workload.executor),
    applicationDryRun(api, input, namespace),
    existingApplication(api, input, workload),
    probeServer(api, workload.namespace),
  ])
  const bare = async (pod: Pod, response: ApiResponse) =>
    response.kind === 'response' && (response.status === 403 || response.status === 422)
      ? dryRun(api, `${inNamespace}/pods`, withoutAmounts(pod))
      : null
  const [bareDriver, bareExecutor] = await Promise.all([
    bare(workload.driver, driver),
    bare(workload.executor, executor),
  ])
  return {
    namespace: mapApiReading(namespaceObject, (object) =>
      object === null ? null : { labels: toRecord(toRecord(toRecord(object).metadata).labels) },
    ),
    nodes: mapApiReading(nodes, (objects) => objects.map(parseNodeRoom)),
    capabilities: computeCapabilities(nodes, proof),
    limitRanges,
    quotas,
    access,
    references,
    dryRuns: { driver, executor },
    bareDryRuns: { driver: bareDriver, executor: bareExecutor },
    application,
    existing,
  }
}

function withoutAmounts({ spec, ...pod }: Pod): object {
  const { serviceAccountName, ...rest } = toRecord(spec)
  return { ...pod, spec: { ...rest, containers: spec.containers.map(({ resources, ...container }) => container) } }
}

/** Assumes a capability that could not be probed, because the webhook probes it with its own permissions. */
function computeCapabilities(nodes: ApiReading<readonly unknown[]>, proof: ServerProbe): Capabilities {
  const known =
    nodes.kind === 'read'
      ? computeNodeCapabilities(nodes.value.flatMap((object) => projectNode(object) ?? []))
      : undefined
  const isPossible = (key: keyof NodeCapabilities) => proof[key] !== 'no' && known?.[key] !== false
  const nativeSidecars = isPossible('nativeSidecars')
  return {
    nativeSidecars,
    restartAllContainers: nativeSidecars && isPossible('restartAllContainers'),
    containerRestartRules: nativeSidecars && isPossible('containerRestartRules'),
    openShift: proof.openShift === 'yes',
  }
}

function reviewAccess(api: KubernetesApi, workload: Workload, input: Input): Promise<ClusterEvidence['access']> {
  const { namespace, serviceAccount: name } = workload
  if (name === null) return Promise.resolve(unreadable('the service account that the operator uses is unknown'))
  return collectAccess(api, { kind: 'service-account', namespace, name }, preflightAccess(namespace, input))
}

/** A dry run like that of `kubectl create --dry-run=server`, which rejects unknown fields. */
async function applicationDryRun(api: KubernetesApi, input: Input, namespace: string): Promise<ApiResponse | null> {
  const path = formatCollectionPath(input, namespace)
  if (path === null || input.kind !== 'application') return null
  const { status, ...object } = input.object
  return dryRun(api, path, withNamespace(object, decodeURIComponent(namespace)), '&fieldValidation=Strict')
}

async function existingApplication(
  api: KubernetesApi,
  input: Input,
  { namespace, name }: Workload,
): Promise<ApiReading<boolean>> {
  const path = formatCollectionPath(input, encodeURIComponent(namespace))
  if (path === null || name === null) return unreadable('the application has no name')
  return mapApiReading(await getObject(api, `${path}/${encodeURIComponent(name)}`), isRecord)
}

function formatCollectionPath(input: Input, namespace: string): string | null {
  if (input.kind !== 'application') return null
  const api = sparkApplicationApis.find(({ operator }) => operator === input.operator)
  return api === undefined ? null : `/apis/${api.group}/${api.version}/namespaces/${namespace}/sparkapplications`
}

const withNamespace = (object: Readonly<Record<string, unknown>>, namespace: string) => ({
  ...object,
  metadata: { ...toRecord(object.metadata), namespace },
})

const dryRun = (api: KubernetesApi, path: string, body: unknown, more = ''): Promise<ApiResponse> =>
  api.request({
    method: 'POST',
    path: `${path}?dryRun=All&fieldManager=spark-nanny${more}`,
    body,
    deadlineMs: requestDeadlineMs,
  })
