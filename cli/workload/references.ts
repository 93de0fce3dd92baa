import { isRecord, toList, toRecord } from '../../core/json.ts'
import type { Container, PodSpec } from '../../core/kubernetes/pod.ts'
import type { Input } from '../static-checks/input.ts'
import { podPart } from './spark-pods.ts'
import type { Workload } from './workload.ts'

/** An object of the cluster that a pod needs. */
export interface Reference {
  readonly kind: ReferenceKind
  readonly name: string
  /** A key that the object must contain. Null if any content will do. */
  readonly key: string | null
  /** The part of the pod that refers to the object: `driver: volume data`. */
  readonly where: string
}

/** The path of an object of each kind. */
export const referencePaths = {
  Secret: (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/secrets/${name}`,
  ConfigMap: (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/configmaps/${name}`,
  PersistentVolumeClaim: (namespace: string, name: string) =>
    `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${name}`,
  ServiceAccount: (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`,
  PriorityClass: (_namespace: string, name: string) => `/apis/scheduling.k8s.io/v1/priorityclasses/${name}`,
  RuntimeClass: (_namespace: string, name: string) => `/apis/node.k8s.io/v1/runtimeclasses/${name}`,
} as const satisfies Record<string, (namespace: string, name: string) => string>

export type ReferenceKind = keyof typeof referencePaths

/** All objects that the pods and the operator refer to by name, except optional ones. */
export function findReferences(input: Input, workload: Workload): readonly Reference[] {
  const found: Reference[] = []
  const add: Add = (kind, name, where, key = null) => {
    if (typeof name !== 'string' || name === '') return
    const reference = { kind, name, key: typeof key === 'string' ? key : null, where }
    if (!found.some((one) => one.kind === kind && one.name === name && one.key === reference.key)) found.push(reference)
  }
  if (workload.serviceAccount !== null) add('ServiceAccount', workload.serviceAccount, 'the driver’s service account')
  for (const role of ['driver', 'executor'] as const) {
    const { spec } = workload[role]
    addPodFields(spec, role, add)
    for (const volume of spec.volumes ?? []) addVolume(volume, `${role}: volume ${volume.name}`, add)
    for (const container of [...(spec.initContainers ?? []), ...spec.containers]) addEnvironment(container, role, add)
  }
  if (input.kind === 'application' && input.operator === 'kubeflow') addKubeflowFields(input.object, add)
  return found
}

type Add = (kind: ReferenceKind, name: unknown, where: string, key?: unknown) => void

function addPodFields(spec: PodSpec, role: string, add: Add): void {
  const fields = toRecord(spec)
  add('ServiceAccount', fields.serviceAccountName, `${role}: service account`)
  add('PriorityClass', fields.priorityClassName, `${role}: priority class`)
  add('RuntimeClass', fields.runtimeClassName, `${role}: runtime class`)
  for (const secret of toList(fields.imagePullSecrets)) {
    add('Secret', toRecord(secret).name, `${role}: image pull secret`)
  }
}

function addVolume(volume: NonNullable<PodSpec['volumes']>[number], where: string, add: Add): void {
  const { secret, configMap, persistentVolumeClaim, projected } = volume
  if (!isOptional(secret)) add('Secret', toRecord(secret).secretName, where)
  if (!isOptional(configMap)) add('ConfigMap', toRecord(configMap).name, where)
  add('PersistentVolumeClaim', toRecord(persistentVolumeClaim).claimName, where)
  for (const source of toList(toRecord(projected).sources).map(toRecord)) {
    if (!isOptional(source.secret)) add('Secret', toRecord(source.secret).name, where)
    if (!isOptional(source.configMap)) add('ConfigMap', toRecord(source.configMap).name, where)
  }
}

function addEnvironment(container: Container, role: string, add: Add): void {
  for (const { name, valueFrom } of container.env ?? []) {
    const { secretKeyRef, configMapKeyRef } = toRecord(valueFrom)
    const where = `${role}: environment ${name}`
    if (!isOptional(secretKeyRef)) add('Secret', toRecord(secretKeyRef).name, where, toRecord(secretKeyRef).key)
    if (!isOptional(configMapKeyRef)) {
      add('ConfigMap', toRecord(configMapKeyRef).name, where, toRecord(configMapKeyRef).key)
    }
  }
  for (const source of toList(toRecord(container).envFrom)) {
    const { secretRef, configMapRef } = toRecord(source)
    if (!isOptional(secretRef)) add('Secret', toRecord(secretRef).name, `${role}: environment`)
    if (!isOptional(configMapRef)) add('ConfigMap', toRecord(configMapRef).name, `${role}: environment`)
  }
}

/** The fields from which kubeflow's operator creates volumes and environment variables. */
function addKubeflowFields(object: Readonly<Record<string, unknown>>, add: Add): void {
  const spec = podPart(object, 'spec')
  add('ConfigMap', spec.sparkConfigMap, 'spec.sparkConfigMap')
  add('ConfigMap', spec.hadoopConfigMap, 'spec.hadoopConfigMap')
  for (const role of ['driver', 'executor']) {
    const own = podPart(spec, role)
    for (const secret of toList(own.secrets)) add('Secret', toRecord(secret).name, `spec.${role}.secrets`)
    for (const map of toList(own.configMaps)) add('ConfigMap', toRecord(map).name, `spec.${role}.configMaps`)
    for (const [name, reference] of Object.entries(toRecord(own.envSecretKeyRefs))) {
      add('Secret', toRecord(reference).name, `spec.${role}.envSecretKeyRefs.${name}`, toRecord(reference).key)
    }
  }
}

const isOptional = (source: unknown) => isRecord(source) && source.optional === true
