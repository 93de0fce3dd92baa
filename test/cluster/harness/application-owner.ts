import { setTimeout as sleep } from 'node:timers/promises'
import {
  type KubeflowState,
  type KubeflowStep,
  newKubeflowApplication,
  reconcileKubeflow,
} from '../../support/owners/kubeflow-operator.ts'
import type { Cluster } from './cluster.ts'
import { getPod, type PodRef } from './pods.ts'
import { installSparkApplicationCrd } from './spark-application-crd.ts'
import { type Submission, submit } from './submit.ts'

const [group, version, plural] = ['sparkoperator.k8s.io', 'v1beta2', 'sparkapplications']

export const installSparkApplications = (cluster: Cluster): Promise<void> =>
  installSparkApplicationCrd(cluster, {
    group,
    version,
    // The API group is protected. Kubeflow's own CRD has this annotation too.
    annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubeflow/spark-operator/pull/1298' },
  })

export interface Owner extends PodRef {
  /** The uids of the driver pods, in order of creation. */
  readonly uids: readonly string[]
  /** The states of the application so far, without repetitions. */
  readonly states: () => readonly KubeflowState[]
  /** How often the application was reconciled with the driver's pod as it was then. */
  readonly reconciliations: () => number
  readonly stop: () => Promise<void>
}

export interface OwnerOptions {
  readonly restartPolicy?: 'Never' | 'Always'
  /**
   * The time between two reconciliations. The real operator reconciles when a phase changes, also that of an executor, which
   * can happen at any moment: with a short time, the owner sees every moment.
   */
  readonly reconcileEveryMs?: number
}

/**
 * A SparkApplication and an owner that follows kubeflow's operator: it reads the state of the driver as GetDriverState does,
 * deletes the pod of a driver that has ended, submits the application again under the same name, and writes the status.
 */
export const ownApplication = async (
  cluster: Cluster,
  submission: Submission,
  { restartPolicy = 'Always', reconcileEveryMs = 500 }: OwnerOptions = {},
): Promise<Owner> => {
  const { name, namespace } = submission
  await cluster.objects.create({
    apiVersion: `${group}/${version}`,
    kind: 'SparkApplication',
    metadata: { name, namespace },
    spec: { restartPolicy: { type: restartPolicy } },
  } as object)
  const ref: PodRef = { namespace, pod: `${name}-driver` }
  const label = `spark.kubernetes.driver.label.${group}/app-name`
  const conf = { ...submission.conf, [label]: name }
  const uids: string[] = []
  let application = newKubeflowApplication
  let reconciliations = 0
  let stopped = false
  const act = async (action: KubeflowStep['action']) => {
    if (action === 'delete-driver') {
      await cluster.kubectl(['-n', namespace, 'delete', 'pod', ref.pod, '--wait=false', '--ignore-not-found'])
    }
    if (action !== 'submit') return
    await submit(cluster, { ...submission, conf })
    uids.push((await getPod(cluster, ref))?.metadata?.uid ?? '')
  }
  const writeStatus = async () => {
    const status = {
      applicationState: { state: application.state },
      executionAttempts: application.attempts,
      driverInfo: { podName: ref.pod },
    }
    const patch = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })]
    await cluster.kubectl(['-n', namespace, 'patch', `${plural}.${group}`, name, ...patch])
  }
  const run = async () => {
    while (!stopped) {
      const pod = (await getPod(cluster, ref)) ?? null
      const step = reconcileKubeflow(application, pod, { restartPolicy, onFailureRetries: 0 })
      const hasChanged = step.application.state !== application.state
      reconciliations += 1
      await act(step.action)
      application = step.application
      if (hasChanged) await writeStatus()
      await sleep(reconcileEveryMs)
    }
  }
  const running = run()
  return {
    ...ref,
    uids,
    states: () => application.history,
    reconciliations: () => reconciliations,
    stop: async () => {
      stopped = true
      await running
    },
  }
}
