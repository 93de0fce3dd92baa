import { isRecord, toList, toRecord, toText } from '../../core/json.ts'
import { parsePod } from '../../core/kubernetes/parse-objects.ts'
import type { Pod } from '../../core/kubernetes/pod.ts'
import { createConfLookup, type EffectiveConf } from '../spark-conf/effective-conf.ts'
import { driverMemory, executorMemory } from '../spark-conf/spark-memory.ts'
import type { Input } from '../static-checks/input.ts'
import { type ConfVolumes, confVolumes } from './conf-volumes.ts'

type Role = 'driver' | 'executor'

/** Marks the pods of a dry run. */
const preflightLabels = { 'spark-nanny.io/preflight': 'true' } as const

/**
 * The driver's pod as Spark would create it, with the fields that matter for admission, scheduling and references
 * (BasicDriverFeatureStep and the other feature steps; kubeflow's webhook adds the fields of `spec.driver`). Undefined if
 * a memory size is invalid or a part of the pod in the application is malformed.
 */
export function driverPod(input: Input, namespace: string, name: string | null): Pod | undefined {
  const podName = createConfLookup(input.conf)('spark.kubernetes.driver.pod.name') ?? operatorPodName(input, name)
  const naming = podName === undefined ? { generateName: 'spark-nanny-preflight-' } : { name: podName }
  return sparkPod(input, 'driver', namespace, naming)
}

/** The pod of an executor with the default resource profile. */
export function executorPod(input: Input, namespace: string): Pod | undefined {
  return sparkPod(input, 'executor', namespace, { generateName: 'spark-nanny-preflight-exec-' })
}

function operatorPodName(input: Input, name: string | null): string | undefined {
  return input.kind === 'application' && input.operator === 'kubeflow' && name !== null ? `${name}-driver` : undefined
}

function sparkPod(
  input: Input,
  role: Role,
  namespace: string,
  naming: Readonly<Record<string, string>>,
): Pod | undefined {
  const { conf } = input
  const value = createConfLookup(conf)
  const memory = (role === 'driver' ? driverMemory : executorMemory)(value, conf.language)
  if (memory === undefined) return undefined
  const parts: PodParts = {
    role,
    args: role === 'driver' ? driverArguments(input) : [role],
    conf,
    template: readPodTemplate(input, role),
    spec: readKubeflowFields(input, role),
    fromConf: confVolumes(conf, role),
  }
  const container = sparkContainer(parts, memory.totalMiB)
  const { template, spec } = parts
  return parsePod({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...naming, namespace, ...labelsAndAnnotations(conf, role) },
    spec: {
      ...template,
      ...copyFields(spec),
      containers: [container, ...toList(template.containers).slice(1), ...toList(spec.sidecars)],
      ...initContainers(parts),
      restartPolicy: 'Never',
      ...account(conf, role),
      nodeSelector: {
        ...readFamily(conf, 'spark.kubernetes.node.selector.'),
        ...readFamily(conf, `spark.kubernetes.${role}.node.selector.`),
        ...toRecord(spec.nodeSelector),
      },
      volumes: volumes(input, parts, container.volumeMounts),
    },
  })
}

/** Where the fields of a pod come from. Each later source adds to the earlier ones. */
interface PodParts {
  readonly role: Role
  /** The arguments of Spark's entrypoint. */
  readonly args: readonly string[]
  readonly conf: EffectiveConf
  /** The `spec` of the pod template. */
  readonly template: Readonly<Record<string, unknown>>
  /** kubeflow's `spec.driver` or `spec.executor`. */
  readonly spec: Readonly<Record<string, unknown>>
  readonly fromConf: ConfVolumes
}

function sparkContainer({ role, args, conf, template, spec, fromConf }: PodParts, memoryMiB: number) {
  const value = createConfLookup(conf)
  const base = toRecord(toList(template.containers).find(isRecord))
  return {
    ...base,
    name: role === 'driver' ? 'spark-kubernetes-driver' : 'spark-kubernetes-executor',
    image: findImage(conf, role) ?? 'spark-nanny.invalid/no-image-given:1',
    ...pullPolicy(value('spark.kubernetes.container.image.pullPolicy')),
    args,
    ...(isRecord(spec.securityContext) && { securityContext: spec.securityContext }),
    env: [...toList(base.env), ...toList(spec.env), ...fromConf.env],
    ...(Array.isArray(spec.envFrom) && { envFrom: spec.envFrom }),
    resources: resources(conf, role, memoryMiB, spec.memoryLimit),
    volumeMounts: [...toList(base.volumeMounts), ...toList(spec.volumeMounts), ...fromConf.mounts],
  }
}

/** As DriverCommandFeatureStep writes them. A file of settings does not name the program, so any jar will do. */
function driverArguments(input: Input): readonly string[] {
  const spec = input.kind === 'application' ? podPart(input.object, 'spec') : {}
  const mainFile = input.kind === 'conf' ? input.mainFile : (spec.mainApplicationFile ?? spec.jars ?? spec.pyFiles)
  const mainClass = typeof spec.mainClass === 'string' ? ['--class', spec.mainClass] : []
  const program = typeof mainFile === 'string' ? mainFile : 'local:///opt/spark/app.jar'
  return ['driver', '--properties-file', '/opt/spark/conf/spark.properties', ...mainClass, program]
}

/** kubeflow's webhook replaces the limit by `memoryLimit`, which may have Java's units (addMemoryLimit). */
function resources(conf: EffectiveConf, role: Role, memoryMiB: number, memoryLimit: unknown) {
  const value = createConfLookup(conf)
  const cpu = value(`spark.kubernetes.${role}.request.cores`) ?? value(`spark.${role}.cores`) ?? '1'
  const cpuLimit = value(`spark.kubernetes.${role}.limit.cores`)
  const memory = `${memoryMiB}Mi`
  const limit =
    typeof memoryLimit === 'string'
      ? memoryLimit.replace(/([kmgtp])b?$/i, (_all, unit: string) => `${toBinaryUnit(unit)}`)
      : memory
  return { requests: { cpu, memory }, limits: { ...(cpuLimit !== undefined && { cpu: cpuLimit }), memory: limit } }
}

const toBinaryUnit = (unit: string) => `${unit === 'k' ? 'K' : unit.toUpperCase()}i`

function labelsAndAnnotations(conf: EffectiveConf, role: Role) {
  return {
    labels: {
      ...readFamily(conf, `spark.kubernetes.${role}.label.`),
      'spark-role': role,
      'spark-app-selector': 'spark-preflight',
      ...preflightLabels,
    },
    annotations: readFamily(conf, `spark.kubernetes.${role}.annotation.`),
  }
}

function initContainers({ template, spec }: PodParts) {
  const containers = [...toList(template.initContainers), ...toList(spec.initContainers)]
  return containers.length > 0 && { initContainers: containers }
}

/** The service account and the secrets with which the kubelet pulls images. */
function account(conf: EffectiveConf, role: Role) {
  const value = createConfLookup(conf)
  const serviceAccountName =
    value(`spark.kubernetes.authenticate.${role}.serviceAccountName`) ??
    value('spark.kubernetes.authenticate.serviceAccountName')
  const pullSecrets = value('spark.kubernetes.container.image.pullSecrets')?.split(',')
  return {
    ...(serviceAccountName !== undefined && { serviceAccountName }),
    ...(pullSecrets !== undefined && { imagePullSecrets: pullSecrets.map((name) => ({ name: name.trim() })) }),
  }
}

function volumes(input: Input, { template, fromConf }: PodParts, volumeMounts: readonly unknown[]) {
  const given = [...toList(template.volumes), ...usedVolumes(input, volumeMounts), ...fromConf.volumes]
  // Spark only adds a volume for its local files if none is configured (LocalDirsFeatureStep).
  const hasLocal = given.some((volume) => toText(toRecord(volume).name ?? '').startsWith('spark-local-dir-'))
  return hasLocal ? given : [...given, { name: 'spark-local-dir-1', emptyDir: {} }]
}

/** The image of a role. Undefined if none is set, in which case Spark rejects the submission. */
export function findImage(conf: EffectiveConf, role: Role): string | undefined {
  const value = createConfLookup(conf)
  return value(`spark.kubernetes.${role}.container.image`) ?? value('spark.kubernetes.container.image')
}

const pullPolicy = (text: string | undefined) => (text === undefined ? {} : { imagePullPolicy: text })

/** kubeflow's fields for a role. Apache's operator has only a pod template. */
function readKubeflowFields(input: Input, role: Role): Readonly<Record<string, unknown>> {
  if (input.kind !== 'application' || input.operator !== 'kubeflow') return {}
  const fields = podPart(input.object, 'spec', role)
  if (!Array.isArray(fields.volumeMounts)) return fields
  // The operator's webhook leaves out a mount of a volume that is not in spec.volumes (addVolumes).
  const names = new Set(toList(podPart(input.object, 'spec').volumes).map((volume) => toRecord(volume).name))
  return { ...fields, volumeMounts: fields.volumeMounts.filter((mount) => names.has(toRecord(mount).name)) }
}

function readPodTemplate(input: Input, role: Role): Readonly<Record<string, unknown>> {
  if (input.kind !== 'application') return {}
  if (input.operator === 'kubeflow') return podPart(input.object, 'spec', role, 'template', 'spec')
  return podPart(input.object, 'spec', `${role}Spec`, 'podTemplateSpec', 'spec')
}

/** Fields of `spec.driver` and `spec.executor` that kubeflow copies into the pod. */
const passedFields = [
  'affinity',
  'tolerations',
  'hostNetwork',
  'schedulerName',
  'priorityClassName',
  'runtimeClassName',
] as const

function copyFields(spec: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const passed = passedFields.filter((field) => spec[field] !== undefined).map((field) => [field, spec[field]])
  return {
    ...Object.fromEntries(passed),
    ...(isRecord(spec.podSecurityContext) && { securityContext: spec.podSecurityContext }),
  }
}

/** The volumes of `spec.volumes` that the container mounts. */
function usedVolumes(input: Input, volumeMounts: readonly unknown[]): readonly unknown[] {
  if (input.kind !== 'application') return []
  const mounted = new Set(volumeMounts.map((mount) => toRecord(mount).name))
  return toList(podPart(input.object, 'spec').volumes).filter((volume) => mounted.has(toRecord(volume).name))
}

function readFamily({ entries }: EffectiveConf, prefix: string): Record<string, string> {
  return Object.fromEntries(
    [...entries].flatMap(([key, { value }]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : [],
    ),
  )
}

/** The object at a path inside an object. Empty if there is none. */
export const podPart = (object: unknown, ...path: readonly string[]): Readonly<Record<string, unknown>> =>
  toRecord(path.reduce<unknown>((value, name) => (isRecord(value) ? value[name] : undefined), object))
