import { type restartByExitCodeFields, sidecarContainerName, sidecarEnv } from '../core/contract/pod-contract.ts'
import type { Container, EnvVar, Pod, Volume, VolumeMount } from '../core/kubernetes/pod.ts'
import { addItems, addMembers, applyOperations, type Operation } from './json-patch.ts'
import type { DriverProbes } from './probes.ts'

/** The changes to a driver pod. Nothing in the pod is removed, and only restartPolicy is ever replaced. */
export interface PodEdits {
  readonly driverIndex: number
  readonly annotations: Readonly<Record<string, string>>
  readonly volumes: readonly Volume[]
  readonly sidecar: Container
  readonly driverMounts: readonly VolumeMount[]
  readonly driverEnv: readonly EnvVar[]
  readonly driverArgs: { readonly at: number; readonly args: readonly string[] }
  readonly driverProbes: DriverProbes
  /** Null if the driver container keeps the restartPolicy that it has. */
  readonly driverRestart: typeof restartByExitCodeFields | null
  readonly restartPolicy: 'OnFailure' | null
  /** Requests of the pod as a whole, by resource. They state what the API server would set without the sidecar. */
  readonly podRequests: Readonly<Record<string, string>>
}

/** The JSON Patch for the edits, and the pod that it produces. */
export interface EditedPod {
  readonly pod: Pod
  readonly operations: readonly Operation[]
}

/** Returns undefined if the operations cannot be applied to the pod. */
export function applyEdits(pod: Pod, edits: PodEdits): EditedPod | undefined {
  const operations = formatOperations(pod, edits)
  const edited = applyOperations(copyForPatch(pod, edits.driverIndex), operations)
  return edited === undefined ? undefined : { pod: edited, operations }
}

function formatOperations({ spec, metadata }: Pod, edits: PodEdits): readonly Operation[] {
  const driver = spec.containers[edits.driverIndex]
  const at = (field: string) => `/spec/containers/${edits.driverIndex}/${field}`
  const add = (path: string, value: unknown): Operation => ({ op: 'add', path, value })
  const args = driver?.args ?? []
  return [
    ...(metadata ? [] : [add('/metadata', {})]),
    ...addMembers('/metadata/annotations', metadata?.annotations, edits.annotations),
    ...addItems('/spec/volumes', spec.volumes, edits.volumes),
    // Last, so that the sidecar's deadlines do not start while the user's init containers run.
    ...addItems('/spec/initContainers', spec.initContainers, [edits.sidecar]),
    ...(edits.restartPolicy === null ? [] : [add('/spec/restartPolicy', edits.restartPolicy)]),
    ...(Object.keys(edits.podRequests).length === 0
      ? []
      : addMembers('/spec/resources/requests', spec.resources?.requests, edits.podRequests)),
    ...(edits.driverArgs.args.length === 0
      ? []
      : [add(at('args'), args.toSpliced(edits.driverArgs.at, 0, ...edits.driverArgs.args))]),
    ...addItems(at('env'), driver?.env, edits.driverEnv),
    ...addItems(at('volumeMounts'), driver?.volumeMounts, edits.driverMounts),
    ...Object.entries(edits.driverProbes).map(([name, probe]) => add(at(name), probe)),
    ...Object.entries(edits.driverRestart ?? {}).map(([name, value]) => add(at(name), value)),
  ]
}

/** A copy of the pod to which the operations can be applied. It shares every value that they do not touch. */
function copyForPatch(pod: Pod, driverIndex: number): Pod {
  const { metadata, spec } = pod
  return {
    ...pod,
    ...(metadata && {
      metadata: { ...metadata, ...(metadata.annotations && { annotations: { ...metadata.annotations } }) },
    }),
    spec: {
      ...spec,
      ...(spec.volumes && { volumes: [...spec.volumes] }),
      ...(spec.initContainers && { initContainers: [...spec.initContainers] }),
      ...(spec.resources && {
        resources: { ...spec.resources, ...(spec.resources.requests && { requests: { ...spec.resources.requests } }) },
      }),
      containers: spec.containers.map((container, index) =>
        index !== driverIndex
          ? container
          : {
              ...container,
              ...(container.env && { env: [...container.env] }),
              ...(container.volumeMounts && { volumeMounts: [...container.volumeMounts] }),
            },
      ),
    },
  }
}

/**
 * Whether a pod was injected by any version of spark-nanny. The annotation does not decide, because a copy of the pod's
 * metadata keeps it.
 */
export function isInjected({ spec }: Pod): boolean {
  return (spec.initContainers ?? []).some(
    ({ name, env }) => name === sidecarContainerName && env?.some((variable) => variable.name === sidecarEnv.policy),
  )
}
