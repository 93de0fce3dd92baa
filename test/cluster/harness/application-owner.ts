import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from './cluster.ts'
import { getPod, type PodRef } from './pods.ts'
import { type Submission, submit } from './submit.ts'

const [group, version, plural] = ['sparkoperator.k8s.io', 'v1beta2', 'sparkapplications']

/** The CRD of kubeflow's operator with a schema that accepts everything. It is not deleted after a test. */
export const installSparkApplications = async (cluster: Cluster): Promise<void> => {
  const crd = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      // The API group is protected. Kubeflow's own CRD has this annotation too.
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
  /** The uids of the driver pods, in order of creation. */
  readonly uids: readonly string[]
  readonly stop: () => Promise<void>
}

/**
 * A SparkApplication with restartPolicy Always and a fake operator: whenever the driver's pod is gone, the operator
 * submits the application again with its label and under the same name. With `replacesFailed` it also deletes a pod that
 * has failed, as kubeflow's operator does before it submits again.
 */
export const ownApplication = async (
  cluster: Cluster,
  submission: Submission,
  replacesFailed = false,
): Promise<Owner> => {
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
      if (replacesFailed && pod?.status?.phase === 'Failed') {
        await cluster.kubectl(['-n', namespace, 'delete', 'pod', ref.pod, '--wait=true', '--ignore-not-found'])
      } else await sleep(500)
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
