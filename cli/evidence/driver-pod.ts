import { sidecarContainerName } from '../../core/contract/pod-contract.ts'
import { listField, numberField, stringsField, textField, timeField, toRecord, toText } from '../../core/json.ts'
import { type Container, findDriverContainerIndex, type PodSpec } from '../../core/kubernetes/pod.ts'

/** The parts of a driver pod that show its state. */
export interface DriverPod {
  readonly name: string
  readonly namespace: string
  readonly uid: string | null
  readonly labels: Readonly<Record<string, string>>
  readonly createdMs: number | null
  /** Time when the pod was marked for deletion, in milliseconds since 1970. */
  readonly deletingMs: number | null
  readonly phase: string | null
  readonly reason: string | null
  readonly message: string | null
  readonly node: string | null
  readonly serviceAccount: string
  readonly priorityClass: string | null
  readonly conditions: readonly Condition[]
  readonly driver: DriverContainerState
  readonly others: readonly DriverContainerState[]
  /** Name of the ConfigMap behind spark-conf-volume-driver. */
  readonly confMap: string | null
  readonly hasSidecar: boolean
}

export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason: string | null
  readonly message: string | null
  readonly sinceMs: number | null
}

export interface DriverContainerState {
  readonly name: string
  /** Whether the container has to end before the driver starts. A native sidecar does not. */
  readonly isInit: boolean
  readonly image: string | null
  readonly args: readonly string[]
  readonly memoryLimit: string | null
  readonly memoryRequest: string | null
  readonly restarts: number
  readonly state: RunState
  /** How the previous run ended. */
  readonly last: ContainerTermination | null
}

export type RunState =
  | { readonly kind: 'none' }
  | { readonly kind: 'waiting'; readonly reason: string | null; readonly message: string | null }
  | { readonly kind: 'running'; readonly startedMs: number | null }
  | ({ readonly kind: 'terminated' } & ContainerTermination)

export interface ContainerTermination {
  readonly exitCode: number
  readonly signal: number | null
  readonly reason: string | null
  readonly message: string | null
  readonly finishedMs: number | null
}

/** Parses an API object. Returns undefined if it is not a pod. */
export function parseDriverPod(object: unknown): DriverPod | undefined {
  const { metadata, spec, status } = toRecord(object)
  const name = textField(metadata, 'name')
  const containers = listField(spec, 'containers')
  if (name === null || containers.length === 0) return undefined
  const driverIndex = findDriverContainerIndex({ ...toRecord(spec), containers: typed(containers) } as PodSpec) ?? 0
  const initContainers = listField(spec, 'initContainers')
  const statuses = [...listField(status, 'containerStatuses'), ...listField(status, 'initContainerStatuses')]
  const states = [...containers, ...initContainers].map((container, index) => ({
    ...parseContainer(container, statuses.find((entry) => entry.name === container.name) ?? {}),
    isInit: index >= containers.length && container.restartPolicy !== 'Always',
  }))
  const confVolume = listField(spec, 'volumes').find((volume) => volume.name === 'spark-conf-volume-driver')
  return {
    name,
    namespace: textField(metadata, 'namespace') ?? 'default',
    uid: textField(metadata, 'uid'),
    labels: stringsField(metadata, 'labels'),
    createdMs: timeField(metadata, 'creationTimestamp'),
    deletingMs: timeField(metadata, 'deletionTimestamp'),
    phase: textField(status, 'phase'),
    reason: textField(status, 'reason'),
    message: textField(status, 'message'),
    node: textField(spec, 'nodeName'),
    serviceAccount: textField(spec, 'serviceAccountName') ?? 'default',
    priorityClass: textField(spec, 'priorityClassName'),
    conditions: parseConditions(status),
    driver: states[driverIndex] ?? { ...parseContainer({}, {}), isInit: false },
    others: states.filter((_, index) => index !== driverIndex),
    confMap: textField(confVolume?.configMap, 'name'),
    hasSidecar: initContainers.some((container) => container.name === sidecarContainerName),
  }
}

export function parseConditions(status: unknown): readonly Condition[] {
  return listField(status, 'conditions').map((condition) => ({
    type: toText(condition.type),
    status: toText(condition.status),
    reason: textField(condition, 'reason'),
    message: textField(condition, 'message'),
    sinceMs: timeField(condition, 'lastTransitionTime'),
  }))
}

function parseContainer(
  container: Record<string, unknown>,
  status: Record<string, unknown>,
): Omit<DriverContainerState, 'isInit'> {
  const resources = toRecord(container.resources)
  const { args } = container
  return {
    name: toText(container.name ?? ''),
    image: textField(container, 'image'),
    args: Array.isArray(args) ? args.map(String) : [],
    memoryLimit: stringsField(resources, 'limits').memory ?? null,
    memoryRequest: stringsField(resources, 'requests').memory ?? null,
    restarts: numberField(status, 'restartCount') ?? 0,
    state: parseState(toRecord(status.state)),
    last: parseTermination(toRecord(status.lastState).terminated),
  }
}

function parseState({ waiting, running, terminated }: Record<string, unknown>): RunState {
  const end = parseTermination(terminated)
  if (end !== null) return { kind: 'terminated', ...end }
  if (running !== undefined) return { kind: 'running', startedMs: timeField(running, 'startedAt') }
  if (waiting === undefined) return { kind: 'none' }
  return { kind: 'waiting', reason: textField(waiting, 'reason'), message: textField(waiting, 'message') }
}

function parseTermination(terminated: unknown): ContainerTermination | null {
  const exitCode = numberField(terminated, 'exitCode')
  if (exitCode === null) return null
  return {
    exitCode,
    signal: numberField(terminated, 'signal'),
    reason: textField(terminated, 'reason'),
    message: textField(terminated, 'message'),
    finishedMs: timeField(terminated, 'finishedAt'),
  }
}

/** Ensures the types of the fields that {@link findDriverContainerIndex} reads. */
function typed(containers: readonly Record<string, unknown>[]): readonly Container[] {
  return containers.map(({ name, args, env }) => ({
    name: toText(name ?? ''),
    ...(Array.isArray(args) && { args: args.map(String) }),
    ...(Array.isArray(env) && { env: env.map((entry) => ({ name: String(toRecord(entry).name) })) }),
  }))
}
