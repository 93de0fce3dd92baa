import { findBound, type NamespaceLimits } from '../core/kubernetes/namespace-limits.ts'
import type { Container, PodSpec, ResourceRequirements } from '../core/kubernetes/pod.ts'
import { computePodTotalMilli, parseAmountMilli, type ResourceSide } from '../core/kubernetes/pod-resources.ts'

export interface QuotaRefusal {
  readonly reason: 'quota-exceeded' | 'limits-exceeded'
  readonly detail: string
}

/**
 * Why the API server would reject the pod with a sidecar of these resources that it takes without: the LimitRanges give
 * the sidecar their defaults first, of any resource, and then container, pod and quotas are looked at.
 */
export function checkQuota(
  spec: PodSpec,
  resources: ResourceRequirements | undefined,
  limits: NamespaceLimits,
): QuotaRefusal | undefined {
  const { defaults } = limits
  const sidecar: Container = {
    name: 'sidecar',
    restartPolicy: 'Always',
    resources: {
      requests: { ...defaults?.requests, ...resources?.limits, ...resources?.requests },
      limits: { ...defaults?.limits, ...resources?.limits },
    },
  }
  const injected = { ...spec, initContainers: [...(spec.initContainers ?? []), sidecar] }
  const ofContainer = (side: ResourceSide, name: string) => parseAmountMilli(sidecar.resources, side, name)
  const ofPod = (pod: PodSpec) => (side: ResourceSide, name: string) => computePodTotalMilli(pod, side, name)
  const container = Object.keys(limits.container).find((name) => !isWithin(limits.container, name, ofContainer))
  if (container !== undefined) return { reason: 'limits-exceeded', detail: `of ${container}` }
  const pod = Object.keys(limits.pod).find(
    (name) => isWithin(limits.pod, name, ofPod(spec)) && !isWithin(limits.pod, name, ofPod(injected)),
  )
  if (pod !== undefined) return { reason: 'limits-exceeded', detail: `of ${pod}` }
  for (const { name, room } of limits.quotas) {
    for (const { side, resource, leftMilli } of room) {
      if (!ofContainer(side, resource)) continue
      const without = computePodTotalMilli(spec, side, resource)
      const overhead = parseAmountMilli({ [side]: spec.overhead ?? {} }, side, resource) ?? 0
      if (without <= leftMilli && computePodTotalMilli(injected, side, resource) + overhead > leftMilli) {
        return { reason: 'quota-exceeded', detail: `${name}: ${side}.${resource}` }
      }
    }
  }
  return undefined
}

/** As `minConstraint`, `maxConstraint` and `limitRequestRatioConstraint` of plugin/pkg/admission/limitranger. */
function isWithin(
  bounds: NamespaceLimits['container'],
  name: string,
  amount: (side: ResourceSide, name: string) => number | undefined,
): boolean {
  const { minMilli, maxMilli, maxRatio } = findBound(bounds, name)
  const request = amount('requests', name)
  const limit = amount('limits', name)
  if (minMilli > 0 && (request === undefined || request < minMilli || (limit ?? minMilli) < minMilli)) return false
  if (maxMilli < Infinity && (limit === undefined || limit > maxMilli || (request ?? 0) > maxMilli)) return false
  return maxRatio === Infinity || (!!request && !!limit && limit / request <= maxRatio)
}
