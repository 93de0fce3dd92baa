import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from './cluster.ts'
import { getPod, type PodRef } from './pods.ts'
import { type Submission, submit } from './submit.ts'

const [group, version, plural] = ['sparkoperator.k8s.io', 'v1beta2', 'sparkapplications']

/** The kubeflow operator's kind, with a schema that takes anything; left in place, as a CRD is. */
export const installSparkApplications = async (cluster: Cluster): Promise<void> => {
  const crd = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      // The group is a protected one; kubeflow's own CRD bears this too.
      annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubeflow/spark-operator/pull/1298' },
    },
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

export interface Owner extends PodRef {
  /** The uids of the driver pods, in their order. */
  readonly uids: readonly string[]
  readonly stop: () => Promise<void>
}

/**
 * A SparkApplication of restartPolicy Always, and what stands for its operator: whenever the driver's pod is gone it is
 * submitted again, with the operator's label and under the same name.
 */
export const ownApplication = async (cluster: Cluster, submission: Submission): Promise<Owner> => {
  const { name, namespace } = submission
  await cluster.objects.create({
    apiVersion: `${group}/${version}`,
    kind: 'SparkApplication',
    metadata: { name, namespace },
    spec: { restartPolicy: { type: 'Always' } },
  } as object)
  const ref: PodRef = { namespace, pod: `${name}-driver` }
  const label = `spark.kubernetes.driver.label.${group}/app-name`
  const conf = { ...submission.conf, [label]: name }
  const uids: string[] = []
  let stopped = false
  const run = async () => {
    while (!stopped) {
      const pod = await getPod(cluster, ref)
      if (pod === undefined) {
        await submit(cluster, { ...submission, conf })
        uids.push((await getPod(cluster, ref))?.metadata?.uid ?? '')
      }
      await sleep(500)
    }
  }
  const running = run()
  return {
    ...ref,
    uids,
    stop: async () => {
      stopped = true
      await running
    },
  }
}
