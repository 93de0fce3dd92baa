import { setTimeout as sleep } from 'node:timers/promises'
import { ApiException } from '@kubernetes/client-node'
import { driverMemory } from '../../../cli/spark-conf/spark-memory.ts'
import { isRecord, toRecord } from '../../../core/json.ts'
import type { Cluster } from './cluster.ts'
import { createPlainDriver, type PlainDriver } from './plain-drivers.ts'
import { containerStatus, getPod, type PodRef } from './pods.ts'

const kind = 'sparkapplications.sparkoperator.k8s.io'

export interface SpecOwner extends PodRef {
  /** The uids of the driver pods, in order of creation. */
  readonly uids: readonly string[]
  readonly application: () => Promise<Record<string, unknown>>
  readonly stop: () => Promise<void>
}

/**
 * A SparkApplication and a fake of kubeflow's operator: it submits once, and again after each change of the spec when
 * the driver's pod is gone. The state and its message follow the pod. Nothing is retried.
 */
export const ownBySpec = async (
  cluster: Cluster,
  namespace: string,
  driver: PlainDriver,
  memory: string,
): Promise<SpecOwner> => {
  const { name } = driver
  await cluster.objects.create({
    apiVersion: 'sparkoperator.k8s.io/v1beta2',
    kind: 'SparkApplication',
    metadata: { name, namespace },
    spec: { type: 'Java', restartPolicy: { type: 'Never' }, driver: { memory } },
  } as object)
  const ref: PodRef = { namespace, pod: name }
  const uids: string[] = []
  const application = async () =>
    toRecord(JSON.parse(await cluster.kubectl(['-n', namespace, 'get', kind, name, '-o', 'json'])))
  const setState = (state: string, errorMessage = '') =>
    cluster.kubectl([
      ...['-n', namespace, 'patch', kind, name, '--subresource=status', '--type=merge', '-p'],
      JSON.stringify({ status: { applicationState: { state, errorMessage }, driverInfo: { podName: name } } }),
    ])
  const submit = async (heap: string) => {
    const conf: Readonly<Record<string, string>> = { 'spark.driver.memory': heap }
    const totalMiB = driverMemory((key) => conf[key], 'jvm')?.totalMiB
    try {
      await createPlainDriver(cluster, namespace, { ...driver, driverMemory: heap, memoryLimit: `${totalMiB}Mi` })
      uids.push((await getPod(cluster, ref))?.metadata?.uid ?? '')
      await setState('SUBMITTED')
    } catch (error) {
      if (!(error instanceof ApiException) || error.code !== 409) throw error
      await setState('FAILED', `failed to run spark-submit: ${toRecord(JSON.parse(String(error.body))).message}`)
    }
  }
  const follow = async () => {
    const pod = await getPod(cluster, ref)
    if (pod?.metadata?.uid === undefined || !uids.includes(pod.metadata.uid)) return
    const exitCode = containerStatus(pod)?.state?.terminated?.exitCode
    if (exitCode === 0) await setState('COMPLETED')
    else if (exitCode !== undefined) await setState('FAILED', `driver container failed with ExitCode: ${exitCode}`)
    else if (pod.status?.phase === 'Running') await setState('RUNNING')
  }
  let stopped = false
  const run = async () => {
    let submitted = ''
    while (!stopped) {
      const { spec } = await application()
      const text = JSON.stringify(spec)
      if (text === submitted) await follow()
      else if (submitted !== '' && (await getPod(cluster, ref)) !== undefined) {
        await setState('INVALIDATING')
        await cluster.kubectl(['-n', namespace, 'delete', 'pod', name, '--wait=true', '--ignore-not-found'])
      } else {
        submitted = text
        const heap = isRecord(spec) ? toRecord(spec.driver).memory : undefined
        await submit(String(heap))
      }
      await sleep(500)
    }
  }
  const running = run()
  return {
    ...ref,
    uids,
    application,
    stop: async () => {
      stopped = true
      await running
    },
  }
}
