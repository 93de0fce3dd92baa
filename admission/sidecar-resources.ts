import { findBound, type NamespaceLimits, setsDefaults } from '../core/kubernetes/namespace-limits.ts'
import type { Pod, ResourceRequirements } from '../core/kubernetes/pod.ts'
import {
  computeQosClass,
  computeTotalMilli,
  type PodResources,
  parsePodResources,
  type QosClass,
  type ResourceAmounts,
  type ResourceName,
} from '../core/kubernetes/pod-resources.ts'
import { formatCpu, formatMemory, parseQuantityMilli } from '../core/kubernetes/quantity.ts'
import type { SettingValues } from '../core/settings/settings.ts'
import { checkQuota, type QuotaRefusal } from './quota-check.ts'
import { findTaskGroupRoom, type RequestRoom } from './task-group.ts'

export type SidecarResourcesPlan =
  | {
      readonly kind: 'resources'
      readonly resources: ResourceRequirements | undefined
      /** What the owner of the pod should know. */
      readonly warnings: readonly string[]
    }
  | ({ readonly kind: 'no-room' } & QuotaRefusal)

/** The amount of one resource, in thousandths. */
interface Amount {
  readonly requestMilli: number
  readonly limitMilli: number
}

/**
 * With less memory than this the sidecar may not start, and a sidecar that never starts blocks its driver's startup. (runc
 * rejects memory limits of a few MiB.) With less CPU it is throttled for so long that it polls too late to judge.
 */
const minLimitMilli: Readonly<Record<ResourceName, number>> = { cpu: 50, memory: 32 * 1024 ** 2 * 1000 }

/** A pod of QoS class Guaranteed with at least this much may have been sized to fill a node. */
const largePodMilli: Readonly<Record<ResourceName, number>> = { cpu: 3000, memory: 12 * 1024 ** 3 * 1000 }

/**
 * Requests and limits of the sidecar with which the pod keeps its QoS class and is not rejected because of the sidecar:
 * - In a pod with resources at pod level, the requests of its containers may not exceed them together, and no limit may alone.
 *   The sidecar requests only what the containers leave, and its limits keep it from taking the memory of the driver.
 * - In a pod of a YuniKorn task group, the sidecar requests only what the group's placeholder leaves.
 * - In a BestEffort pod the sidecar has none, or zeros if the namespace requires amounts.
 * - In a Guaranteed pod the limits equal the requests, which are what the sidecar needs: the pod may fill its node.
 * - The amounts stay within the namespace's LimitRanges. If a LimitRange or a ResourceQuota leaves no room, there is no
 *   sidecar.
 */
export function planSidecarResources(
  received: Pick<Pod, 'metadata' | 'spec'>,
  values: SettingValues,
  limits: NamespaceLimits | null,
): SidecarResourcesPlan {
  const pod = parsePodResources(received.spec)
  const chosen = chooseResources(pod, findTaskGroupRoom(received, pod), values, limits)
  if (chosen.kind === 'no-room' || limits === null) return chosen
  const refusal = checkQuota(pod, chosen.resources, limits)
  return refusal === undefined ? chosen : { kind: 'no-room', ...refusal }
}

function chooseResources(
  pod: PodResources,
  taskGroupRoom: RequestRoom | null,
  values: SettingValues,
  limits: NamespaceLimits | null,
): SidecarResourcesPlan {
  // A LimitRange would give the sidecar defaults for other resources, which could exceed the pod's own.
  if (pod.podLevel !== null && limits !== null && setsDefaults(limits)) {
    return noRoom('the pod has resources at pod level and the namespace a LimitRange')
  }
  if (pod.podLevel !== null) return planResources(choosePodLevelResources(pod, pod.podLevel, values))
  const qos = computeQosClass(pod)
  if (qos === 'BestEffort') {
    // Quotas and LimitRanges require amounts. Zeros satisfy them and do not change the QoS class.
    const needsAmounts = limits !== null && (limits.quotas.length > 0 || setsDefaults(limits))
    return planResources(needsAmounts ? { requests: zeros, limits: zeros } : undefined)
  }
  const fit = (name: ResourceName) => fitAmount(name, pod, qos, taskGroupRoom?.[name] ?? Infinity, values, limits)
  const [cpu, memory] = [fit('cpu'), fit('memory')]
  if (cpu === undefined || memory === undefined) {
    return noRoom(
      `no room for ${cpu === undefined ? 'cpu' : 'memory'}${taskGroupRoom === null ? '' : ' in its task group'}`,
    )
  }
  const resources = {
    requests: { cpu: cpu.request, memory: memory.request },
    limits: { cpu: cpu.limit, memory: memory.limit },
  }
  return planResources(resources, qos === 'Guaranteed' ? warnIfLarge(pod, resources.requests) : [])
}

const planResources = (
  resources: ResourceRequirements | undefined,
  warnings: readonly string[] = [],
): SidecarResourcesPlan => ({ kind: 'resources', resources, warnings })

function warnIfLarge(pod: PodResources, { cpu, memory }: Readonly<Record<ResourceName, string>>): readonly string[] {
  const isLarge = (['cpu', 'memory'] as const).some(
    (name) => computeTotalMilli(pod, 'requests', name) >= largePodMilli[name],
  )
  return isLarge
    ? [
        `the sidecar adds ${cpu} CPU and ${memory} memory to the requests of this Guaranteed pod: its node needs room for both`,
      ]
    : []
}

/**
 * Undefined if the pod has so little that a limit within it would keep the sidecar from starting. The sidecar has no amount of a
 * resource that the pod does not state: the API server would set the pod's request to it, and reject what the next webhook adds.
 */
function choosePodLevelResources(
  pod: PodResources,
  podLevel: ResourceAmounts,
  values: SettingValues,
): ResourceRequirements | undefined {
  const containersOnly = { ...pod, podLevel: null }
  const requests: Record<string, string> = {}
  const limits: Record<string, string> = {}
  for (const name of ['cpu', 'memory'] as const) {
    const podRequestMilli = podLevel.requests[name]
    if (podRequestMilli === undefined) continue
    const { requestMilli, limitMilli } = makeStartable(name, readAmount(name, values), 'Burstable')
    const boundedMilli = Math.min(limitMilli, podLevel.limits[name] ?? Infinity)
    if (boundedMilli < minLimitMilli[name]) return undefined
    const chosenMilli = Math.min(requestMilli, boundedMilli)
    const roomMilli = podRequestMilli - computeTotalMilli(containersOnly, 'requests', name)
    requests[name] = format[name](chosenMilli <= roomMilli ? chosenMilli : 0)
    limits[name] = format[name](boundedMilli)
  }
  return { requests, limits }
}

/** The amount of the settings. */
function readAmount(name: ResourceName, values: SettingValues): Amount {
  return {
    requestMilli: parseQuantityMilli(values[`sidecar-${name}-request`]) ?? 0,
    limitMilli: parseQuantityMilli(values[`sidecar-${name}-limit`]) ?? 0,
  }
}

/** One resource of the sidecar as Kubernetes quantities. Returns undefined if there is no room for it. */
function fitAmount(
  name: ResourceName,
  pod: PodResources,
  qos: QosClass,
  roomMilli: number,
  values: SettingValues,
  limits: NamespaceLimits | null,
): { readonly request: string; readonly limit: string } | undefined {
  const configured = readAmount(name, values)
  const wanted = makeStartable(name, configured, qos)
  const canRequestLess = qos !== 'Guaranteed' && wanted.requestMilli > roomMilli
  const fitted = clampToLimits(name, canRequestLess ? { ...wanted, requestMilli: 0 } : wanted, pod, limits)
  if (fitted === undefined || fitted.requestMilli > roomMilli) return undefined
  const { requestMilli, limitMilli } = fitted
  // An amount that does not change keeps the user's spelling.
  return {
    request: requestMilli === configured.requestMilli ? values[`sidecar-${name}-request`] : format[name](requestMilli),
    limit: limitMilli === configured.limitMilli ? values[`sidecar-${name}-limit`] : format[name](limitMilli),
  }
}

const zeros = { cpu: '0', memory: '0' } as const
const format = { cpu: formatCpu, memory: formatMemory } as const

/** The amount, raised until a container can start with it. The API server rejects a limit below the request. */
function makeStartable(name: ResourceName, { requestMilli, limitMilli }: Amount, qos: QosClass): Amount {
  if (qos === 'Guaranteed') {
    const raisedMilli = Math.max(requestMilli, minLimitMilli[name])
    return { requestMilli: raisedMilli, limitMilli: raisedMilli }
  }
  return { requestMilli, limitMilli: Math.max(limitMilli, requestMilli, minLimitMilli[name]) }
}

/** The amount moved into the bounds of the LimitRanges. Returns undefined if the sidecar could not start with it. */
function clampToLimits(
  name: ResourceName,
  { requestMilli, limitMilli }: Amount,
  podResources: PodResources,
  limits: NamespaceLimits | null,
): Amount | undefined {
  if (limits === null) return { requestMilli, limitMilli }
  const container = findBound(limits.container, name)
  const pod = findBound(limits.pod, name)
  const boundedLimitMilli = Math.min(
    Math.max(limitMilli, container.minMilli),
    container.maxMilli,
    pod.maxMilli - computeTotalMilli(podResources, 'limits', name),
  )
  // Rounded up: one byte less would exceed the ratio.
  const minByRatioMilli = Math.ceil(boundedLimitMilli / container.maxRatio / unitMilli[name]) * unitMilli[name]
  const minRequestMilli = Math.max(requestMilli, container.minMilli, minByRatioMilli)
  const boundedRequestMilli = Math.min(
    minRequestMilli,
    boundedLimitMilli,
    pod.maxMilli - computeTotalMilli(podResources, 'requests', name),
  )
  // Equal amounts hardly ever raise the ratio of the pod's limits to its requests.
  const useLimitAsRequest = requestMilli === limitMilli || pod.maxRatio < Infinity
  if (boundedLimitMilli < minLimitMilli[name]) return undefined
  return { requestMilli: useLimitAsRequest ? boundedLimitMilli : boundedRequestMilli, limitMilli: boundedLimitMilli }
}

/** The smallest unit in which an amount can be written. */
const unitMilli: Readonly<Record<ResourceName, number>> = { cpu: 1, memory: 1000 }

const noRoom = (detail: string): SidecarResourcesPlan => ({ kind: 'no-room', reason: 'limits-exceeded', detail })
