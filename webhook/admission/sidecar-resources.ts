import type { PodSpec, ResourceRequirements } from '../../core/pod.ts'
import type { SettingValues } from '../../core/settings.ts'
import { isBounded, type NamespaceLimits } from './namespace-limits.ts'
import { podTotalMilli, qosClass, type ResourceName } from './pod-resources.ts'
import { formatCpu, formatMemory, parseQuantityMilli } from './quantity.ts'

export type SidecarResources =
  | { readonly kind: 'resources'; readonly resources: ResourceRequirements | undefined }
  | { readonly kind: 'no-room'; readonly reason: 'quota-too-tight' | 'limits-too-tight'; readonly detail: string }

interface Amount {
  readonly requestMilli: number
  readonly limitMilli: number
}

/**
 * With less than this a sidecar may not come up at all, and one that has never run holds its driver back. (runc refuses
 * memory limits of a few MiB.)
 */
const leastLimitMilli: Readonly<Record<ResourceName, number>> = { cpu: 10, memory: 32 * 1024 ** 2 * 1000 }

/**
 * Requests and limits of the sidecar such that the pod keeps its QoS class and is not rejected for the sidecar's sake:
 * - BestEffort pods, and pods with resources of their own at pod level (which container sums may not exceed), get none;
 * - Guaranteed pods get requests equal to limits;
 * - the namespace's LimitRanges clamp; where they, or the ResourceQuotas, leave no room there is no sidecar.
 */
export function sidecarResources(
  spec: PodSpec,
  values: SettingValues,
  limits: NamespaceLimits | null,
): SidecarResources {
  const qos = qosClass(spec)
  if (spec.resources) {
    // A LimitRange would give the bare sidecar defaults, and these could exceed what the pod states for itself.
    return limits !== null && isBounded(limits.container)
      ? noRoom('limits-too-tight', 'the pod has resources at pod level and the namespace a LimitRange')
      : { kind: 'resources', resources: undefined }
  }
  if (qos === 'BestEffort') return { kind: 'resources', resources: undefined }
  const written = { cpu: writtenAmount(values, 'cpu'), memory: writtenAmount(values, 'memory') }
  const asked = (name: ResourceName) => sound(name, written[name], qos === 'Guaranteed')
  const cpu = clamp('cpu', asked('cpu'), spec, limits)
  const memory = clamp('memory', asked('memory'), spec, limits)
  const narrow = cpu === undefined ? 'cpu' : memory === undefined ? 'memory' : undefined
  if (cpu === undefined || memory === undefined) return noRoom('limits-too-tight', `of ${narrow}`)
  const tight = tightQuota(spec, { cpu, memory }, limits)
  if (tight !== undefined) return noRoom('quota-too-tight', tight)
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

const format = { cpu: formatCpu, memory: formatMemory } as const

function writtenAmount(values: SettingValues, name: ResourceName): Amount {
  return {
    requestMilli: parseQuantityMilli(values[`sidecar-${name}-request`]) ?? 0,
    limitMilli: parseQuantityMilli(values[`sidecar-${name}-limit`]) ?? 0,
  }
}

/** An amount that a container can have: a limit below the request would have the pod rejected. */
function sound(name: ResourceName, { requestMilli, limitMilli }: Amount, guaranteed: boolean): Amount {
  const limit = Math.max(limitMilli, guaranteed ? 0 : requestMilli, leastLimitMilli[name])
  return { requestMilli: guaranteed ? limit : requestMilli, limitMilli: limit }
}

/** The amount within the bounds of the LimitRanges, or undefined when there is no such amount. */
function clamp(
  name: ResourceName,
  { requestMilli, limitMilli }: Amount,
  spec: PodSpec,
  limits: NamespaceLimits | null,
): Amount | undefined {
  if (limits === null) return { requestMilli, limitMilli }
  const container = limits.container[name]
  const pod = limits.pod[name]
  const equal = requestMilli === limitMilli
  const limit = Math.min(
    Math.max(limitMilli, container.minMilli),
    container.maxMilli,
    pod.maxMilli - podTotalMilli(spec, 'limits', name),
  )
  const least = Math.max(requestMilli, container.minMilli, Math.ceil(limit / container.maxRatio))
  const request = Math.min(least, limit, pod.maxMilli - podTotalMilli(spec, 'requests', name))
  // Equal amounts never raise the ratio of the pod's limits to its requests.
  const amount = { requestMilli: equal || pod.maxRatio < Infinity ? limit : request, limitMilli: limit }
  const fits =
    amount.limitMilli >= leastLimitMilli[name] &&
    amount.requestMilli >= container.minMilli &&
    amount.limitMilli <= amount.requestMilli * container.maxRatio &&
    amount.requestMilli <= pod.maxMilli - podTotalMilli(spec, 'requests', name)
  return fits ? amount : undefined
}

/** The quota that the pod fits in without the sidecar but not with it. */
function tightQuota(
  spec: PodSpec,
  amounts: Readonly<Record<ResourceName, Amount>>,
  limits: NamespaceLimits | null,
): string | undefined {
  for (const { name, room } of limits?.quotas ?? []) {
    for (const { side, resource, leftMilli } of room) {
      const pod = podTotalMilli(spec, side, resource)
      const sidecar = amounts[resource][side === 'requests' ? 'requestMilli' : 'limitMilli']
      if (pod <= leftMilli && pod + sidecar > leftMilli) return `${name}: ${side}.${resource}`
    }
  }
  return undefined
}

const noRoom = (reason: 'quota-too-tight' | 'limits-too-tight', detail: string): SidecarResources => ({
  kind: 'no-room',
  reason,
  detail,
})
