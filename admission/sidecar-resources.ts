import { findBound, type NamespaceLimits, setsDefaults } from '../core/kubernetes/namespace-limits.ts'
import type { PodSpec, ResourceRequirements } from '../core/kubernetes/pod.ts'
import {
  computePodTotalMilli,
  computeQosClass,
  hasPodLevelResources,
  type ResourceName,
} from '../core/kubernetes/pod-resources.ts'
import { formatCpu, formatMemory, parseQuantityMilli } from '../core/kubernetes/quantity.ts'
import type { SettingValues } from '../core/settings/settings.ts'
import { checkQuota, type QuotaRefusal } from './quota-check.ts'

export type SidecarResourcesPlan =
  | { readonly kind: 'resources'; readonly resources: ResourceRequirements | undefined }
  | ({ readonly kind: 'no-room' } & QuotaRefusal)

interface Amount {
  readonly requestMilli: number
  readonly limitMilli: number
}

/**
 * With less than this the sidecar may not start, and a sidecar that never starts blocks its driver's startup. (runc rejects
 * memory limits of a few MiB.)
 */
const leastLimitMilli: Readonly<Record<ResourceName, number>> = { cpu: 10, memory: 32 * 1024 ** 2 * 1000 }

/**
 * Requests and limits of the sidecar such that the pod keeps its QoS class and is not rejected for the sidecar's sake:
 * - BestEffort pods, and pods with resources of their own at pod level (which container sums may not exceed), get none;
 * - Guaranteed pods get requests equal to limits;
 * - the namespace's LimitRanges bound them; if a LimitRange or a ResourceQuota leaves no room, there is no sidecar.
 */
export function planSidecarResources(
  spec: PodSpec,
  values: SettingValues,
  limits: NamespaceLimits | null,
): SidecarResourcesPlan {
  const chosen = chooseResources(spec, values, limits)
  if (chosen.kind === 'no-room' || limits === null) return chosen
  const refusal = checkQuota(spec, chosen.resources, limits)
  return refusal === undefined ? chosen : { kind: 'no-room', ...refusal }
}

function chooseResources(spec: PodSpec, values: SettingValues, limits: NamespaceLimits | null): SidecarResourcesPlan {
  if (hasPodLevelResources(spec)) {
    // A LimitRange would give the sidecar defaults, which could exceed the pod's own resources.
    return limits !== null && setsDefaults(limits)
      ? noRoom('the pod has resources at pod level and the namespace a LimitRange')
      : { kind: 'resources', resources: undefined }
  }
  const qos = computeQosClass(spec)
  if (qos === 'BestEffort') {
    // Quotas and LimitRanges require amounts. Zeros satisfy them and do not change the QoS class.
    const isAsked = limits !== null && (limits.quotas.length > 0 || setsDefaults(limits))
    return { kind: 'resources', resources: isAsked ? { requests: zeros, limits: zeros } : undefined }
  }
  const written = { cpu: writtenAmount(values, 'cpu'), memory: writtenAmount(values, 'memory') }
  const asked = (name: ResourceName) => sound(name, written[name], qos === 'Guaranteed')
  const cpu = clamp('cpu', asked('cpu'), spec, limits)
  const memory = clamp('memory', asked('memory'), spec, limits)
  if (cpu === undefined || memory === undefined) return noRoom(`of ${cpu === undefined ? 'cpu' : 'memory'}`)
  const spell = (name: ResourceName, side: 'request' | 'limit', amount: Amount) =>
    amount[`${side}Milli`] === written[name][`${side}Milli`]
      ? values[`sidecar-${name}-${side}`]
      : format[name](amount[`${side}Milli`])
  return {
    kind: 'resources',
    resources: {
      requests: { cpu: spell('cpu', 'request', cpu), memory: spell('memory', 'request', memory) },
      limits: { cpu: spell('cpu', 'limit', cpu), memory: spell('memory', 'limit', memory) },
    },
  }
}

const zeros = { cpu: '0', memory: '0' } as const
const format = { cpu: formatCpu, memory: formatMemory } as const

function writtenAmount(values: SettingValues, name: ResourceName): Amount {
  return {
    requestMilli: parseQuantityMilli(values[`sidecar-${name}-request`]) ?? 0,
    limitMilli: parseQuantityMilli(values[`sidecar-${name}-limit`]) ?? 0,
  }
}

/** An amount that a container can have. The API server rejects a limit below the request. */
function sound(name: ResourceName, { requestMilli, limitMilli }: Amount, guaranteed: boolean): Amount {
  const limit = Math.max(limitMilli, guaranteed ? 0 : requestMilli, leastLimitMilli[name])
  return { requestMilli: guaranteed ? limit : requestMilli, limitMilli: limit }
}

/** The amount moved into the bounds of the LimitRanges, or undefined if the sidecar could not start with it. */
function clamp(
  name: ResourceName,
  { requestMilli, limitMilli }: Amount,
  spec: PodSpec,
  limits: NamespaceLimits | null,
): Amount | undefined {
  if (limits === null) return { requestMilli, limitMilli }
  const container = findBound(limits.container, name)
  const pod = findBound(limits.pod, name)
  const limit = Math.min(
    Math.max(limitMilli, container.minMilli),
    container.maxMilli,
    pod.maxMilli - computePodTotalMilli(spec, 'limits', name),
  )
  // Rounded up: one byte less would exceed the ratio.
  const leastOfLimit = Math.ceil(limit / container.maxRatio / unitMilli[name]) * unitMilli[name]
  const least = Math.max(requestMilli, container.minMilli, leastOfLimit)
  const request = Math.min(least, limit, pod.maxMilli - computePodTotalMilli(spec, 'requests', name))
  // Equal amounts hardly ever raise the ratio of the pod's limits to its requests.
  const equal = requestMilli === limitMilli || pod.maxRatio < Infinity
  return limit < leastLimitMilli[name] ? undefined : { requestMilli: equal ? limit : request, limitMilli: limit }
}

/** The smallest unit in which an amount can be written. */
const unitMilli: Readonly<Record<ResourceName, number>> = { cpu: 1, memory: 1000 }

const noRoom = (detail: string): SidecarResourcesPlan => ({ kind: 'no-room', reason: 'limits-exceeded', detail })
