import { sidecarContainerName, sidecarEnv } from '../core/contract/pod-contract.ts'
import type { Container, EnvVar, Pod, Volume, VolumeMount } from '../core/kubernetes/pod.ts'
import { addItems, addMember, type Operation } from './json-patch.ts'
import type { DriverProbes } from './probes.ts'

/** The changes to a driver pod. Nothing in the pod is removed, and only restartPolicy is ever replaced. */
export interface PodEdits {
  readonly driverIndex: number
  readonly annotations: Readonly<Record<string, string>>
  readonly volumes: readonly Volume[]
  readonly sidecar: Container
  readonly driverMounts: readonly VolumeMount[]
  readonly driverEnv: readonly EnvVar[]
  /** After the first argument. */
  readonly driverArgs: readonly string[]
  readonly driverProbes: DriverProbes
  readonly restartPolicy: 'OnFailure' | null
}

/** The intended pod. It shares with `pod` every value that does not change. */
export function applyEdits(pod: Pod, edits: PodEdits): Pod {
  const { spec, metadata } = pod
  return {
    ...pod,
    metadata: { ...metadata, annotations: { ...metadata?.annotations, ...edits.annotations } },
    spec: {
      ...spec,
      volumes: [...(spec.volumes ?? []), ...edits.volumes],
      // Last, so that the sidecar's deadlines do not start while the user's init containers run.
      initContainers: [...(spec.initContainers ?? []), edits.sidecar],
      containers: spec.containers.map((container, index) =>
        index === edits.driverIndex ? editedDriver(container, edits) : container,
      ),
      ...(edits.restartPolicy !== null && { restartPolicy: edits.restartPolicy }),
    },
  }
}

function editedDriver(container: Container, edits: PodEdits): Container {
  const { env, volumeMounts } = container
  const args = editedArgs(container, edits)
  return {
    ...container,
    ...(args !== undefined && { args }),
    ...(edits.driverEnv.length > 0 && { env: [...(env ?? []), ...edits.driverEnv] }),
    volumeMounts: [...(volumeMounts ?? []), ...edits.driverMounts],
    ...edits.driverProbes,
  }
}

/** Undefined if the arguments do not change. */
function editedArgs(container: Container | undefined, { driverArgs }: PodEdits): readonly string[] | undefined {
  const args = container?.args ?? []
  return driverArgs.length === 0 ? undefined : [...args.slice(0, 1), ...driverArgs, ...args.slice(1)]
}

/**
 * The JSON Patch for the edits. It is written independently of {@link applyEdits}, so that `verifyPatch` finds a mistake in
 * either of them before the patch is sent.
 */
export function formatOperations(pod: Pod, edits: PodEdits): readonly Operation[] {
  const { spec, metadata } = pod
  const driver = spec.containers[edits.driverIndex]
  const args = editedArgs(driver, edits)
  const at = (field: string) => `/spec/containers/${edits.driverIndex}/${field}`
  const probes = Object.entries(edits.driverProbes).map(
    ([name, value]): Operation => ({ op: 'add', path: at(name), value }),
  )
  return [
    ...(metadata ? [] : [{ op: 'add', path: '/metadata', value: {} } as const]),
    ...addMember('/metadata/annotations', metadata?.annotations, edits.annotations),
    ...addItems('/spec/volumes', spec.volumes, edits.volumes),
    ...addItems('/spec/initContainers', spec.initContainers, [edits.sidecar]),
    ...(edits.restartPolicy === null
      ? []
      : [{ op: 'add', path: '/spec/restartPolicy', value: edits.restartPolicy } as const]),
    ...(args === undefined ? [] : [{ op: 'add', path: at('args'), value: args } as const]),
    ...addItems(at('env'), driver?.env, edits.driverEnv),
    ...addItems(at('volumeMounts'), driver?.volumeMounts, edits.driverMounts),
    ...probes,
  ]
}

/** A copy of the pod to which the operations can be applied. It shares every value that they do not touch. */
export function copyForPatch(pod: Pod, driverIndex: number): Pod {
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
 * Whether a pod has been injected, by this version or another. By what makes a sidecar ours, not by the annotation, which
 * outlives a copy of the pod's metadata.
 */
export function isInjected({ spec }: Pod): boolean {
  return (spec.initContainers ?? []).some(
    ({ name, env }) => name === sidecarContainerName && env?.some((variable) => variable.name === sidecarEnv.policy),
  )
}
