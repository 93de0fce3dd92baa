import { toRecord } from '../../../../core/json.ts'
import type { Cluster } from '../../harness/cluster.ts'
import { waitFor } from '../../harness/processes.ts'

const name = 'sparkapplications.sparkoperator.k8s.io'

/** The CRD of kubeflow's spark-operator, with any field allowed. */
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name,
    annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubeflow/spark-operator/pull/1298' },
  },
  spec: {
    group: 'sparkoperator.k8s.io',
    scope: 'Namespaced',
    names: { kind: 'SparkApplication', singular: 'sparkapplication', plural: 'sparkapplications' },
    versions: [
      {
        name: 'v1beta2',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
}

/** Defines SparkApplications if the API does not serve them. Returns a function that removes the definition. */
export async function defineSparkApplications(cluster: Cluster): Promise<() => Promise<void>> {
  if ((await cluster.kubectl(['get', 'crd', name, '--ignore-not-found', '-o', 'name'])) !== '') return async () => {}
  await cluster.kubectl(['create', '-f', '-'], JSON.stringify(definition))
  await waitFor({ what: `${name} is served`, timeoutMs: 30_000 }, async () => {
    const { status } = toRecord(JSON.parse(await cluster.kubectl(['get', 'crd', name, '-o', 'json'])))
    return /"type":"Established"/.test(JSON.stringify(status)) ? true : undefined
  })
  return async () => {
    await cluster.kubectl(['delete', 'crd', name, '--ignore-not-found'])
  }
}
