import { isRecord, toRecord } from '../../core/json.ts'
import { parsePod } from '../../core/kubernetes/parse-objects.ts'
import type { Pod } from '../../core/kubernetes/pod.ts'
import { createConfLookup, type EffectiveConf } from '../spark-conf/effective-conf.ts'
import { driverMemory, executorMemory } from '../spark-conf/spark-memory.ts'
import type { Input } from '../static-checks/input.ts'
import { confVolumes } from './conf-volumes.ts'

type Role = 'driver' | 'executor'

/** Named by us, so that a dry run says what it is. */
const sidecarless = { 'spark-nanny.io/preflight': 'true' } as const

/**
 * The driver's pod as Spark would make it, as far as admission, scheduling and references depend on it
 * (BasicDriverFeatureStep and its neighbours; kubeflow's own webhook adds the fields of `spec.driver`). Undefined: its
 * memory cannot be worked out, or a part that the application gives has not the form of a pod's.
 */
export function driverPod(input: Input, namespace: string, name: string | null): Pod | undefined {
  const podName = createConfLookup(input.conf)('spark.kubernetes.driver.pod.name') ?? operatorPodName(input, name)
  const naming = podName === undefined ? { generateName: 'spark-nanny-preflight-' } : { name: podName }
  return sparkPod(input, 'driver', namespace, naming)
}

/** An executor's pod of the default resource profile. */
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
  const template = templateOf(input, role)
  const { volumes, mounts, env } = confVolumes(conf, role)
  const spec = specOf(input, role)
  const base = toRecord(parseArray(template.containers).find(isRecord))
  const limitCores = value(`spark.kubernetes.${role}.limit.cores`)
  const cores = value(`spark.kubernetes.${role}.request.cores`) ?? value(`spark.${role}.cores`) ?? '1'
  const volumeMounts = [...parseArray(base.volumeMounts), ...parseArray(spec.volumeMounts), ...mounts]
  const initContainers = [...parseArray(template.initContainers), ...parseArray(spec.initContainers)]
  const container = {
    ...base,
    name: role === 'driver' ? 'spark-kubernetes-driver' : 'spark-kubernetes-executor',
    image: findImage(conf, role) ?? 'spark-nanny.invalid/no-image-given:1',
    ...pullPolicy(value('spark.kubernetes.container.image.pullPolicy')),
    args: [role],
    ...(isRecord(spec.securityContext) && { securityContext: spec.securityContext }),
    env: [...parseArray(base.env), ...parseArray(spec.env), ...env],
    ...(Array.isArray(spec.envFrom) && { envFrom: spec.envFrom }),
    resources: {
      requests: { cpu: cores, memory: `${memory.totalMiB}Mi` },
      limits: { ...(limitCores !== undefined && { cpu: limitCores }), memory: `${memory.totalMiB}Mi` },
    },
    volumeMounts,
  }
  const account =
    value(`spark.kubernetes.authenticate.${role}.serviceAccountName`) ??
    value('spark.kubernetes.authenticate.serviceAccountName')
  const pullSecrets = value('spark.kubernetes.container.image.pullSecrets')
    ?.split(',')
    .map((name) => ({ name: name.trim() }))
  return parsePod({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...naming,
      namespace,
      labels: { ...family(conf, `spark.kubernetes.${role}.label.`), 'spark-role': role, ...sidecarless },
      annotations: family(conf, `spark.kubernetes.${role}.annotation.`),
    },
    spec: {
      ...template,
      ...passedOn(spec),
      containers: [container, ...parseArray(template.containers).slice(1), ...parseArray(spec.sidecars)],
      ...(initContainers.length > 0 && { initContainers }),
      restartPolicy: 'Never',
      ...(account !== undefined && { serviceAccountName: account }),
      ...(pullSecrets !== undefined && { imagePullSecrets: pullSecrets }),
      nodeSelector: {
        ...family(conf, 'spark.kubernetes.node.selector.'),
        ...family(conf, `spark.kubernetes.${role}.node.selector.`),
        ...toRecord(spec.nodeSelector),
      },
      volumes: [
        ...parseArray(template.volumes),
        ...usedVolumes(input, volumeMounts),
        ...volumes,
        { name: 'spark-local-dir-1', emptyDir: {} },
      ],
    },
  })
}

/** The image of a role; undefined: Spark refuses the submission. */
export function findImage(conf: EffectiveConf, role: Role): string | undefined {
  const value = createConfLookup(conf)
  return value(`spark.kubernetes.${role}.container.image`) ?? value('spark.kubernetes.container.image')
}

const pullPolicy = (text: string | undefined) => (text === undefined ? {} : { imagePullPolicy: text })

/** kubeflow's part of a role; Apache's operator has a pod template only. */
function specOf(input: Input, role: Role): Readonly<Record<string, unknown>> {
  return input.kind === 'application' && input.operator === 'kubeflow' ? podPart(input.object, 'spec', role) : {}
}

function templateOf(input: Input, role: Role): Readonly<Record<string, unknown>> {
  if (input.kind !== 'application') return {}
  if (input.operator === 'kubeflow') return podPart(input.object, 'spec', role, 'template', 'spec')
  return podPart(input.object, 'spec', `${role}Spec`, 'podTemplateSpec', 'spec')
}

/** Fields of kubeflow's part that go into the pod as they are. */
const passedFields = [
  'affinity',
  'tolerations',
  'hostNetwork',
  'schedulerName',
  'priorityClassName',
  'runtimeClassName',
] as const

function passedOn(spec: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const passed = passedFields.filter((field) => spec[field] !== undefined).map((field) => [field, spec[field]])
  return {
    ...Object.fromEntries(passed),
    ...(isRecord(spec.podSecurityContext) && { securityContext: spec.podSecurityContext }),
  }
}

/** Those of `spec.volumes` that the container mounts; Secrets and ConfigMaps that kubeflow mounts by their names. */
function usedVolumes(input: Input, volumeMounts: readonly unknown[]): readonly unknown[] {
  if (input.kind !== 'application') return []
  const mounted = new Set(volumeMounts.map((mount) => toRecord(mount).name))
  return parseArray(podPart(input.object, 'spec').volumes).filter((volume) => mounted.has(toRecord(volume).name))
}

function family({ entries }: EffectiveConf, prefix: string): Record<string, string> {
  return Object.fromEntries(
    [...entries].flatMap(([key, { value }]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : [],
    ),
  )
}

/** The value if it is a list, else an empty one. */
export function parseArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
/** A record's own record, or an empty one. */

export const podPart = (object: unknown, ...path: readonly string[]): Readonly<Record<string, unknown>> =>
  toRecord(path.reduce<unknown>((value, name) => (isRecord(value) ? value[name] : undefined), object))
