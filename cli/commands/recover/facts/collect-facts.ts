import { stringsField, toRecord } from '../../../../core/json.ts'
import type { KubernetesApi } from '../../../../kubernetes/api.ts'
import { mapApiReading } from '../../../cluster/reading.ts'
import { getObject, listObjects } from '../../../cluster/requests.ts'
import type { FoundDriver } from '../../../diagnosis/find-driver.ts'
import { valueIn } from '../../../evidence/evidence.ts'
import { parseNodeRoom } from '../../../workload/node-room.ts'
import type { ClusterFacts } from './cluster-facts.ts'
import { parseLiveApplication, parseLivePod } from './live-objects.ts'

/**
 * Reads what a plan needs in addition to the evidence. `driver` must be read before the evidence, so that the API server
 * rejects a change of an object that has changed in between, by its resourceVersion.
 */
export async function collectClusterFacts(
  api: KubernetesApi,
  namespace: string,
  driver: FoundDriver,
): Promise<ClusterFacts> {
  const inNamespace = `/api/v1/namespaces/${encodeURIComponent(namespace)}`
  const [namespaceObject, nodes, limitRanges, quotas] = await Promise.all([
    getObject(api, inNamespace),
    listObjects(api, '/api/v1/nodes'),
    listObjects(api, `${inNamespace}/limitranges`),
    listObjects(api, `${inNamespace}/resourcequotas`),
  ])
  return {
    application: parseLiveApplication(valueIn(driver.application)) ?? null,
    pod: parseLivePod(valueIn(driver.pod)) ?? null,
    namespaceAnnotations: mapApiReading(namespaceObject, (object) =>
      stringsField(toRecord(object).metadata, 'annotations'),
    ),
    nodes: mapApiReading(nodes, (objects) => objects.map(parseNodeRoom)),
    limitRanges,
    quotas,
  }
}
