import type { Cluster } from './cluster.ts'

interface SparkApplicationCrd {
  readonly group: string
  readonly version: string
  readonly annotations?: Readonly<Record<string, string>>
}

const plural = 'sparkapplications'

/** Installs an operator's CRD SparkApplication with a schema that accepts everything. It is not deleted after a test. */
export const installSparkApplicationCrd = async (
  cluster: Cluster,
  { group, version, annotations = {} }: SparkApplicationCrd,
): Promise<void> => {
  const crd = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, annotations },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: 'SparkApplication', plural, singular: 'sparkapplication' },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  }
  await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(crd))
  await cluster.kubectl(['wait', '--for=condition=Established', `crd/${plural}.${group}`, '--timeout=30s'])
}
