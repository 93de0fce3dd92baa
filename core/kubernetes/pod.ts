/** The fields of Kubernetes objects that spark-nanny uses. All other fields of an object are kept unchanged. */

export interface ObjectMeta {
  readonly name?: string
  readonly generateName?: string
  readonly namespace?: string
  readonly uid?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly OwnerReference[]
  readonly deletionTimestamp?: string
}

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
}

export interface Pod {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata?: ObjectMeta
  readonly spec: PodSpec
}

export interface PodSpec {
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly volumes?: readonly Volume[]
  readonly restartPolicy?: string
  readonly hostNetwork?: boolean
  readonly hostPID?: boolean
  readonly shareProcessNamespace?: boolean
  readonly terminationGracePeriodSeconds?: number
  readonly os?: { readonly name: string }
  readonly nodeSelector?: Readonly<Record<string, string>>
  readonly resources?: ResourceRequirements
  /** What the RuntimeClass adds to the resources of the pod. */
  readonly overhead?: Readonly<Record<string, string>>
  readonly securityContext?: { readonly runAsUser?: number; readonly runAsNonRoot?: boolean }
}

export interface Container {
  readonly name: string
  readonly image?: string
  readonly imagePullPolicy?: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly EnvVar[]
  readonly envFrom?: readonly unknown[]
  readonly ports?: readonly ContainerPort[]
  readonly resources?: ResourceRequirements
  readonly restartPolicy?: string
  readonly restartPolicyRules?: readonly unknown[]
  readonly securityContext?: object
  readonly terminationMessagePath?: string
  readonly terminationMessagePolicy?: string
  readonly volumeMounts?: readonly VolumeMount[]
  readonly startupProbe?: Probe
  readonly livenessProbe?: Probe
  readonly readinessProbe?: Probe
}

export interface EnvVar {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: object
}

export interface ContainerPort {
  readonly name?: string
  readonly containerPort: number
  readonly protocol?: string
}

export interface ResourceRequirements {
  readonly requests?: Readonly<Record<string, string>>
  readonly limits?: Readonly<Record<string, string>>
}

export interface Volume {
  readonly name: string
  readonly [source: string]: unknown
}

export interface VolumeMount {
  readonly name: string
  readonly mountPath: string
  readonly readOnly?: boolean
  readonly subPath?: string
  readonly subPathExpr?: string
}

export interface Probe {
  readonly exec?: { readonly command: readonly string[] }
  readonly httpGet?: { readonly path: string; readonly port: number; readonly scheme?: string }
  readonly periodSeconds?: number
  readonly timeoutSeconds?: number
  readonly failureThreshold?: number
  readonly initialDelaySeconds?: number
}

export interface Service {
  readonly metadata?: ObjectMeta
  readonly spec: {
    readonly selector?: Readonly<Record<string, string>>
    readonly clusterIP?: string
    readonly publishNotReadyAddresses?: boolean
  }
}

/** Spark sets the label `spark-role` of each of its pods to `driver` or `executor`. */
export function isDriverPod(pod: Pod): boolean {
  return pod.metadata?.labels?.['spark-role'] === 'driver'
}

/** The application id of this driver, from the label that Spark sets on each of its pods. */
export function findApplicationId(pod: Pod): string | undefined {
  return pod.metadata?.labels?.['spark-app-selector']
}

/**
 * Finds the container that runs the driver by Spark's name for it. A pod template may rename it
 * (`spark.kubernetes.driver.podTemplateContainerName`): then by the first argument `driver` or the bind address, which Spark
 * always sets. Else it is the only container.
 */
export function findDriverContainerIndex(spec: PodSpec): number | undefined {
  const isDriver: readonly ((container: Container) => boolean)[] = [
    (container) => container.name === 'spark-kubernetes-driver',
    (container) => container.args?.[0] === 'driver',
    (container) => container.env?.some(({ name }) => name === 'SPARK_DRIVER_BIND_ADDRESS') === true,
    () => spec.containers.length === 1,
  ]
  for (const test of isDriver) {
    const index = spec.containers.findIndex(test)
    if (index >= 0) return index
  }
  return undefined
}
