import { toRecord } from '../../../../core/json.ts'
import type { KubernetesApi } from '../../../../kubernetes/api.ts'
import { mapReading } from '../../../cluster/reading.ts'
import { getObject, listObjects } from '../../../cluster/requests.ts'
import type { FoundDriver } from '../../../diagnosis/find-driver.ts'
import { valueIn } from '../../../evidence/evidence.ts'
import { stringsField } from '../../../evidence/fields.ts'
import { parseNodeRoom } from '../../../workload/node-room.ts'
import type { ClusterFacts } from './cluster-facts.ts'
import { parseLiveApplication, parseLivePod } from './live-objects.ts'

/**
 * What a plan needs beside the evidence. `driver` is to be read before the evidence is: what changes in between is then
 * refused by its resourceVersion.
 */
export async function collectFacts(api: KubernetesApi, namespace: string, driver: FoundDriver): Promise<ClusterFacts> {
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
    namespaceAnnotations: mapReading(namespaceObject, (object) =>
      stringsField(toRecord(object).metadata, 'annotations'),
    ),
    nodes: mapReading(nodes, (objects) => objects.map(parseNodeRoom)),
    limitRanges,
    quotas,
  }
}
