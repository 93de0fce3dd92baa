import type { V1Container, V1OwnerReference, V1Pod, V1Volume } from '@kubernetes/client-node'
import type { Cluster } from './cluster.ts'
import { driverServiceAccount } from './namespaces.ts'
import { driverContainer, type PodRef } from './pods.ts'
import { sparkTag } from './spark/image.ts'
import type { Mode } from './submit.ts'

/** A driver created directly as a pod: seconds faster than by SparkSubmit, and with any errors that a test needs. */
export interface PlainDriver {
  readonly name: string
  readonly mode?: Mode
  readonly args?: readonly (string | number)[]
  /** Spark settings in addition to `local[1]` and options for a quick start. */
  readonly conf?: Readonly<Record<string, string>>
  readonly mainClass?: string
  readonly jar?: string
  /** Instead of the image's entrypoint and its arguments. */
  readonly command?: readonly string[]
  /** Instead of the image's entrypoint, with the same arguments. */
  readonly entrypoint?: readonly string[]
  readonly container?: Partial<V1Container>
  readonly serviceAccount?: string
  readonly volumes?: readonly V1Volume[]
  readonly initContainers?: readonly V1Container[]
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly V1OwnerReference[]
  readonly propertiesFile?: string
  readonly driverMemory?: string
  readonly memoryLimit?: string
  readonly cpu?: string
}

/** Settings of a driver that creates executors in its namespace. */
export const onKubernetes = (namespace: string, name: string): Record<string, string> => ({
  'spark.master': 'k8s://https://kubernetes.default.svc',
  'spark.kubernetes.namespace': namespace,
  'spark.kubernetes.driver.pod.name': name,
  'spark.kubernetes.container.image': sparkTag,
  'spark.kubernetes.executor.request.cores': '50m',
  'spark.executor.instances': '1',
})

export const createPlainDriver = async (cluster: Cluster, namespace: string, driver: PlainDriver): Promise<PodRef> => {
  await cluster.core.createNamespacedPod({ namespace, body: podOf(driver) })
  return { namespace, pod: driver.name }
}

const podOf = (driver: PlainDriver): V1Pod => {
  const { name, command, entrypoint, container = {}, volumes = [], cpu = '50m', memoryLimit = '800Mi' } = driver
  return {
    metadata: {
      name,
      labels: { 'spark-role': 'driver', 'spark-app-name': name, ...driver.labels },
      annotations: { ...driver.annotations },
      ...(driver.ownerReferences !== undefined && { ownerReferences: [...driver.ownerReferences] }),
    },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 1,
      serviceAccountName: driver.serviceAccount ?? driverServiceAccount,
      volumes: [...volumes],
      initContainers: [...(driver.initContainers ?? [])],
      containers: [
        {
          name: driverContainer,
          image: sparkTag,
          imagePullPolicy: 'Never',
          ...(entrypoint !== undefined && { command: [...entrypoint] }),
          ...(command === undefined ? { args: argsOf(driver) } : { command: [...command] }),
          ports: [{ name: 'spark-ui', containerPort: 4040 }],
          resources: { requests: { cpu, memory: '200Mi' }, limits: { memory: memoryLimit } },
          ...container,
          env: [
            { name: 'SPARK_DRIVER_BIND_ADDRESS', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
            ...(container.env ?? []),
          ],
        },
      ],
    },
  }
}

const argsOf = (driver: PlainDriver) => {
  const { mode = 'pi', args = [], conf = {}, mainClass = 'App', jar, driverMemory = '512m', propertiesFile } = driver
  const settings: Record<string, string> = {
    'spark.master': 'local[1]',
    'spark.driver.extraJavaOptions': '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC',
    ...conf,
  }
  return [
    'driver',
    ...(propertiesFile === undefined ? [] : ['--properties-file', propertiesFile]),
    ...['--driver-memory', driverMemory],
    ...Object.entries(settings).flatMap(([key, value]) => ['--conf', `${key}=${value}`]),
    ...['--class', mainClass, jar ?? 'local:///opt/spark/app/app.jar', mode, ...args.map(String)],
  ]
}
