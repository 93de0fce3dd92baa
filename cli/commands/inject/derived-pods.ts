import { isRecord, toRecord, toText } from '../../../core/json.ts'
import { parseSparkApplication, type SparkApplication, sparkApplicationApis } from '../../../core/spark/application.ts'
import type { KubernetesObject } from '../../manifests/manifests.ts'
import { createLiveOrigin } from '../../spark-conf/application-conf.ts'
import { toApplicationInput } from '../../static-checks/input.ts'
import { computeWorkload } from '../../workload/workload.ts'

/** The pod that a controller or an operator creates from an object. */
export interface DerivedPod {
  readonly pod: object
  /** The object, as the explanation names it. */
  readonly from: string
  readonly application: SparkApplication | null
}

/**
 * The pod of a Deployment, Job and the like, or the driver pod of a SparkApplication. Undefined for other objects, and for an
 * application from which no pod can be computed.
 */
export function derivePod(object: KubernetesObject, namespace: string): DerivedPod | undefined {
  const kind = toText(object.kind)
  if (kind === 'SparkApplication' || kind === 'ScheduledSparkApplication') return deriveDriver(object, namespace)
  const spec = toRecord(object.spec)
  const template = toRecord(kind === 'CronJob' ? toRecord(toRecord(spec.jobTemplate).spec).template : spec.template)
  if (!controllers.includes(kind) || !isRecord(template.spec)) return undefined
  const { name, namespace: own } = toRecord(object.metadata)
  // A CronJob creates Jobs, and these create the pods.
  const owner =
    kind === 'CronJob'
      ? { apiVersion: 'batch/v1', kind: 'Job', name: toText(name ?? ''), uid: unknownUid }
      : { apiVersion: toText(object.apiVersion), kind, name: toText(name ?? ''), uid: unknownUid }
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...toRecord(template.metadata), name, namespace: own ?? namespace, ownerReferences: [owner] },
    spec: { restartPolicy: 'Always', ...template.spec },
  }
  return { pod, from: describe(kind, pod.metadata), application: null }
}

const controllers = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job', 'CronJob']

/** Only the API server knows it. */
const unknownUid = 'unknown'

const describe = (kind: string, { name, namespace }: Readonly<Record<string, unknown>>) =>
  `${kind} ${toText(namespace)}/${toText(name ?? '(no name yet)')}`

/** Stands for the id that Spark chooses when the application is submitted. */
export const unknownSparkId = `spark-${'0'.repeat(32)}`

function deriveDriver(written: KubernetesObject, namespace: string): DerivedPod | undefined {
  const [group] = toText(written.apiVersion).split('/')
  const api = sparkApplicationApis.find((one) => one.group === group)
  if (api === undefined) return undefined
  const input = toApplicationInput(written, api.operator, undefined, createLiveOrigin('the file'))
  const workload = computeWorkload(input, undefined, namespace)
  const application = parseSparkApplication(input.object)
  if (workload === undefined || application === undefined) return undefined
  const { driver } = workload
  const [container, ...others] = driver.spec.containers
  const volumes = [
    ...(driver.spec.volumes ?? []),
    { name: 'spark-conf-volume-driver', configMap: { name: 'spark-conf' } },
  ]
  const env = [...(container?.env ?? []), { name: 'SPARK_APPLICATION_ID', value: unknownSparkId }]
  const pod = {
    ...driver,
    metadata: {
      ...driver.metadata,
      labels: { ...driver.metadata?.labels, 'spark-app-selector': unknownSparkId, [api.nameLabel]: application.name },
      ownerReferences: [
        { apiVersion: toText(written.apiVersion), kind: 'SparkApplication', name: application.name, uid: unknownUid },
      ],
    },
    spec: {
      ...driver.spec,
      volumes,
      containers: container === undefined ? others : [{ ...container, env }, ...others],
    },
  }
  const from = describe(toText(written.kind), { name: application.name, namespace: workload.namespace })
  return { pod, from, application }
}
