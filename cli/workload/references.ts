import { isRecord, toRecord } from '../../core/json.ts'
import type { Input } from '../static-checks/input.ts'
import { parseArray, podPart } from './spark-pods.ts'
import type { Workload } from './workload.ts'

/** Something of the cluster that a pod needs. */
export interface Reference {
  readonly kind: ReferenceKind
  readonly name: string
  /** A key that must be in it; null: none. */
  readonly key: string | null
  /** Who needs it: `driver: volume data`. */
  readonly where: string
}

/** Where each kind is found. */
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

/** All that the pods, and the operator, look for by name; what is optional is left out. */
export function findReferences(input: Input, workload: Workload): readonly Reference[] {
  const found: Reference[] = []
  const add = (kind: ReferenceKind, name: unknown, where: string, key: unknown = null) => {
    if (typeof name !== 'string' || name === '') return
    const reference = { kind, name, key: typeof key === 'string' ? key : null, where }
    if (!found.some((one) => one.kind === kind && one.name === name && one.key === reference.key)) found.push(reference)
  }
  if (workload.serviceAccount !== null) add('ServiceAccount', workload.serviceAccount, 'the driver’s service account')
  for (const role of ['driver', 'executor'] as const) ofPod(workload[role].spec, role, add)
  if (input.kind === 'application' && input.operator === 'kubeflow') ofKubeflow(input.object, add)
  return found
}

type Add = (kind: ReferenceKind, name: unknown, where: string, key?: unknown) => void

function ofPod(spec: Workload['driver']['spec'], role: string, add: Add): void {
  const fields = toRecord(spec)
  add('ServiceAccount', fields.serviceAccountName, `${role}: service account`)
  add('PriorityClass', fields.priorityClassName, `${role}: priority class`)
  add('RuntimeClass', fields.runtimeClassName, `${role}: runtime class`)
  for (const secret of parseArray(fields.imagePullSecrets))
    add('Secret', toRecord(secret).name, `${role}: image pull secret`)
  for (const volume of spec.volumes ?? []) {
    const where = `${role}: volume ${volume.name}`
    const { secret, configMap, persistentVolumeClaim, projected } = volume
    if (!isOptional(secret)) add('Secret', toRecord(secret).secretName, where)
    if (!isOptional(configMap)) add('ConfigMap', toRecord(configMap).name, where)
    add('PersistentVolumeClaim', toRecord(persistentVolumeClaim).claimName, where)
    for (const source of parseArray(toRecord(projected).sources)) {
      const sources = toRecord(source)
      if (!isOptional(sources.secret)) add('Secret', toRecord(sources.secret).name, where)
      if (!isOptional(sources.configMap)) add('ConfigMap', toRecord(sources.configMap).name, where)
    }
  }
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    for (const variable of container.env ?? []) {
      const { secretKeyRef, configMapKeyRef } = toRecord(variable.valueFrom)
      const where = `${role}: environment ${variable.name}`
      if (!isOptional(secretKeyRef)) add('Secret', toRecord(secretKeyRef).name, where, toRecord(secretKeyRef).key)
      if (!isOptional(configMapKeyRef))
        add('ConfigMap', toRecord(configMapKeyRef).name, where, toRecord(configMapKeyRef).key)
    }
    for (const source of parseArray(toRecord(container).envFrom)) {
      const { secretRef, configMapRef } = toRecord(source)
      if (!isOptional(secretRef)) add('Secret', toRecord(secretRef).name, `${role}: environment`)
      if (!isOptional(configMapRef)) add('ConfigMap', toRecord(configMapRef).name, `${role}: environment`)
    }
  }
}

/** What kubeflow's operator turns into volumes and environment. */
function ofKubeflow(object: Readonly<Record<string, unknown>>, add: Add): void {
  const spec = podPart(object, 'spec')
  add('ConfigMap', spec.sparkConfigMap, 'spec.sparkConfigMap')
  add('ConfigMap', spec.hadoopConfigMap, 'spec.hadoopConfigMap')
  for (const role of ['driver', 'executor']) {
    const own = podPart(spec, role)
    for (const secret of parseArray(own.secrets)) add('Secret', toRecord(secret).name, `spec.${role}.secrets`)
    for (const map of parseArray(own.configMaps)) add('ConfigMap', toRecord(map).name, `spec.${role}.configMaps`)
    for (const [name, reference] of Object.entries(toRecord(own.envSecretKeyRefs))) {
      add('Secret', toRecord(reference).name, `spec.${role}.envSecretKeyRefs.${name}`, toRecord(reference).key)
    }
  }
}

const isOptional = (source: unknown) => isRecord(source) && source.optional === true
