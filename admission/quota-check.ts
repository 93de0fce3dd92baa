import { boundOf, type NamespaceLimits } from '../core/kubernetes/namespace-limits.ts'
import type { Container, PodSpec, ResourceRequirements } from '../core/kubernetes/pod.ts'
import { amountMilli, podTotalMilli, type ResourceSide } from '../core/kubernetes/pod-resources.ts'

export interface Refusal {
  readonly reason: 'quota-too-tight' | 'limits-too-tight'
  readonly detail: string
}

/**
 * Why the API server would reject the pod with a sidecar of these resources that it takes without: the LimitRanges give
 * the sidecar their defaults first, of any resource, and then container, pod and quotas are looked at.
 */
export function refusalOfSidecar(
  spec: PodSpec,
  resources: ResourceRequirements | undefined,
  limits: NamespaceLimits,
): Refusal | undefined {
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
  const ofContainer = (side: ResourceSide, name: string) => amountMilli(sidecar.resources, side, name)
  const ofPod = (pod: PodSpec) => (side: ResourceSide, name: string) => podTotalMilli(pod, side, name)
  const container = Object.keys(limits.container).find((name) => !isWithin(limits.container, name, ofContainer))
  if (container !== undefined) return { reason: 'limits-too-tight', detail: `of ${container}` }
  const pod = Object.keys(limits.pod).find(
    (name) => isWithin(limits.pod, name, ofPod(spec)) && !isWithin(limits.pod, name, ofPod(injected)),
  )
  if (pod !== undefined) return { reason: 'limits-too-tight', detail: `of ${pod}` }
  for (const { name, room } of limits.quotas) {
    for (const { side, resource, leftMilli } of room) {
      if (!ofContainer(side, resource)) continue
      const without = podTotalMilli(spec, side, resource)
      const overhead = amountMilli({ [side]: spec.overhead ?? {} }, side, resource) ?? 0
      if (without <= leftMilli && podTotalMilli(injected, side, resource) + overhead > leftMilli) {
        return { reason: 'quota-too-tight', detail: `${name}: ${side}.${resource}` }
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
  const { minMilli, maxMilli, maxRatio } = boundOf(bounds, name)
  const request = amount('requests', name)
  const limit = amount('limits', name)
  if (minMilli > 0 && (request === undefined || request < minMilli || (limit ?? minMilli) < minMilli)) return false
  if (maxMilli < Infinity && (limit === undefined || limit > maxMilli || (request ?? 0) > maxMilli)) return false
  return maxRatio === Infinity || (!!request && !!limit && limit / request <= maxRatio)
}
