import { findBound, type NamespaceLimits } from '../core/kubernetes/namespace-limits.ts'
import type { ResourceRequirements } from '../core/kubernetes/pod.ts'
import {
  computeTotalMilli,
  type PodResources,
  parseResourceAmounts,
  type ResourceAmounts,
  type ResourceSide,
  withSidecar,
} from '../core/kubernetes/pod-resources.ts'

export interface QuotaRefusal {
  readonly reason: 'quota-exceeded' | 'limits-exceeded'
  readonly detail: string
}

/**
 * Why the API server would reject the pod with a sidecar of these resources, although it accepts the pod without it. The API
 * server first gives the sidecar the defaults of the LimitRanges, for every resource. Then it checks the container, the pod
 * and the quotas. Returns undefined if it accepts the pod.
 */
export function checkQuota(
  pod: PodResources,
  resources: ResourceRequirements | undefined,
  limits: NamespaceLimits,
): QuotaRefusal | undefined {
  const sidecar = applyDefaults(resources, limits)
  const injected = withSidecar(pod, sidecar)
  return (
    checkContainerBounds(sidecar, limits) ??
    checkPodBounds(pod, injected, limits) ??
    checkQuotaRoom(pod, injected, sidecar, limits)
  )
}

function applyDefaults(resources: ResourceRequirements | undefined, { defaults }: NamespaceLimits): ResourceAmounts {
  return parseResourceAmounts({
    requests: { ...defaults?.requests, ...resources?.limits, ...resources?.requests },
    limits: { ...defaults?.limits, ...resources?.limits },
  })
}

function checkContainerBounds(sidecar: ResourceAmounts, limits: NamespaceLimits): QuotaRefusal | undefined {
  const amount: ReadAmount = (side, name) => sidecar[side][name]
  const exceeded = Object.keys(limits.container).find((name) => !isWithin(limits.container, name, amount))
  return exceeded === undefined ? undefined : { reason: 'limits-exceeded', detail: `of ${exceeded}` }
}

function checkPodBounds(pod: PodResources, injected: PodResources, limits: NamespaceLimits): QuotaRefusal | undefined {
  const isPodWithin = (resources: PodResources, name: string) =>
    isWithin(limits.pod, name, (side) => computeTotalMilli(resources, side, name))
  const exceeded = Object.keys(limits.pod).find((name) => isPodWithin(pod, name) && !isPodWithin(injected, name))
  return exceeded === undefined ? undefined : { reason: 'limits-exceeded', detail: `of ${exceeded}` }
}

function checkQuotaRoom(
  pod: PodResources,
  injected: PodResources,
  sidecar: ResourceAmounts,
  limits: NamespaceLimits,
): QuotaRefusal | undefined {
  for (const { name, room } of limits.quotas) {
    for (const { side, resource, leftMilli } of room) {
      if (!sidecar[side][resource]) continue
      const withoutMilli = computeTotalMilli(pod, side, resource)
      const withMilli = computeTotalMilli(injected, side, resource) + (pod.overhead[resource] ?? 0)
      if (withoutMilli <= leftMilli && withMilli > leftMilli) {
        return { reason: 'quota-exceeded', detail: `${name}: ${side}.${resource}` }
      }
    }
  }
  return undefined
}

/** Undefined if the amount is not stated. */
type ReadAmount = (side: ResourceSide, name: string) => number | undefined

/** As `minConstraint`, `maxConstraint` and `limitRequestRatioConstraint` of plugin/pkg/admission/limitranger. */
function isWithin(bounds: NamespaceLimits['container'], name: string, amount: ReadAmount): boolean {
  const { minMilli, maxMilli, maxRatio } = findBound(bounds, name)
  const request = amount('requests', name)
  const limit = amount('limits', name)
  if (minMilli > 0 && (request === undefined || request < minMilli || (limit ?? minMilli) < minMilli)) return false
  if (maxMilli < Infinity && (limit === undefined || limit > maxMilli || (request ?? 0) > maxMilli)) return false
  return maxRatio === Infinity || (!!request && !!limit && limit / request <= maxRatio)
}
