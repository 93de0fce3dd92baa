import { findBound, type NamespaceLimits, setsDefaults } from '../core/kubernetes/namespace-limits.ts'
import type { PodSpec, ResourceRequirements } from '../core/kubernetes/pod.ts'
import {
  computeQosClass,
  computeTotalMilli,
  type PodResources,
  parsePodResources,
  type QosClass,
  type ResourceName,
} from '../core/kubernetes/pod-resources.ts'
import { formatCpu, formatMemory, parseQuantityMilli } from '../core/kubernetes/quantity.ts'
import type { SettingValues } from '../core/settings/settings.ts'
import { checkQuota, type QuotaRefusal } from './quota-check.ts'

export type SidecarResourcesPlan =
  | { readonly kind: 'resources'; readonly resources: ResourceRequirements | undefined }
  | ({ readonly kind: 'no-room' } & QuotaRefusal)

/** The amount of one resource, in thousandths. */
interface Amount {
  readonly requestMilli: number
  readonly limitMilli: number
}

/**
 * With less than this the sidecar may not start, and a sidecar that never starts blocks its driver's startup. (runc rejects
 * memory limits of a few MiB.)
 */
const minLimitMilli: Readonly<Record<ResourceName, number>> = { cpu: 10, memory: 32 * 1024 ** 2 * 1000 }

/**
 * Requests and limits of the sidecar with which the pod keeps its QoS class and is not rejected because of the sidecar:
 * - In a pod with resources at pod level, which the sums of its containers may not exceed, the sidecar has none.
 * - In a BestEffort pod the sidecar has none, or zeros if the namespace requires amounts.
 * - In a Guaranteed pod the requests equal the limits.
 * - The amounts stay within the namespace's LimitRanges. If a LimitRange or a ResourceQuota leaves no room, there is no
 *   sidecar.
 */
export function planSidecarResources(
  spec: PodSpec,
  values: SettingValues,
  limits: NamespaceLimits | null,
): SidecarResourcesPlan {
  const pod = parsePodResources(spec)
  const chosen = chooseResources(pod, values, limits)
  if (chosen.kind === 'no-room' || limits === null) return chosen
  const refusal = checkQuota(pod, chosen.resources, limits)
  return refusal === undefined ? chosen : { kind: 'no-room', ...refusal }
}

function chooseResources(
  pod: PodResources,
  values: SettingValues,
  limits: NamespaceLimits | null,
): SidecarResourcesPlan {
  if (pod.podLevel !== null) {
    // A LimitRange would give the sidecar defaults, which could exceed the pod's own resources.
    return limits !== null && setsDefaults(limits)
      ? noRoom('the pod has resources at pod level and the namespace a LimitRange')
      : { kind: 'resources', resources: undefined }
  }
  const qos = computeQosClass(pod)
  if (qos === 'BestEffort') {
    // Quotas and LimitRanges require amounts. Zeros satisfy them and do not change the QoS class.
    const needsAmounts = limits !== null && (limits.quotas.length > 0 || setsDefaults(limits))
    return { kind: 'resources', resources: needsAmounts ? { requests: zeros, limits: zeros } : undefined }
  }
  const cpu = fitAmount('cpu', pod, qos, values, limits)
  const memory = fitAmount('memory', pod, qos, values, limits)
  if (cpu === undefined || memory === undefined) return noRoom(`no room for ${cpu === undefined ? 'cpu' : 'memory'}`)
  return {
    kind: 'resources',
    resources: {
      requests: { cpu: cpu.request, memory: memory.request },
      limits: { cpu: cpu.limit, memory: memory.limit },
    },
  }
}

/** One resource of the sidecar as Kubernetes quantities. Returns undefined if the namespace leaves no room for it. */
function fitAmount(
  name: ResourceName,
  pod: PodResources,
  qos: QosClass,
  values: SettingValues,
  limits: NamespaceLimits | null,
): { readonly request: string; readonly limit: string } | undefined {
  const request = values[`sidecar-${name}-request`]
  const limit = values[`sidecar-${name}-limit`]
  const configured: Amount = {
    requestMilli: parseQuantityMilli(request) ?? 0,
    limitMilli: parseQuantityMilli(limit) ?? 0,
  }
  const fitted = clampToLimits(name, makeStartable(name, configured, qos), pod, limits)
  if (fitted === undefined) return undefined
  const { requestMilli, limitMilli } = fitted
  // An amount that does not change keeps the user's spelling.
  return {
    request: requestMilli === configured.requestMilli ? request : format[name](requestMilli),
    limit: limitMilli === configured.limitMilli ? limit : format[name](limitMilli),
  }
}

const zeros = { cpu: '0', memory: '0' } as const
const format = { cpu: formatCpu, memory: formatMemory } as const

/** The amount, raised until a container can start with it. The API server rejects a limit below the request. */
function makeStartable(name: ResourceName, { requestMilli, limitMilli }: Amount, qos: QosClass): Amount {
  const isGuaranteed = qos === 'Guaranteed'
  const raisedLimitMilli = Math.max(limitMilli, isGuaranteed ? 0 : requestMilli, minLimitMilli[name])
  return { requestMilli: isGuaranteed ? raisedLimitMilli : requestMilli, limitMilli: raisedLimitMilli }
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
