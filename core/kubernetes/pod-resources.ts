import type { PodSpec, ResourceRequirements } from './pod.ts'
import { parseQuantityMilli } from './quantity.ts'

export type ResourceName = 'cpu' | 'memory'
export type ResourceSide = 'requests' | 'limits'

/**
 * The amount that a pod counts for, in thousandths: the sum of its containers and sidecars, or an init container with the
 * sidecars before it if that is more. As `podRequests` and `podLimits` of plugin/pkg/admission/limitranger/admission.go.
 */
export function computePodTotalMilli(spec: PodSpec, side: ResourceSide, name: string): number {
  const amount = (resources: ResourceRequirements | undefined) => parseAmountMilli(resources, side, name) ?? 0
  let sidecars = 0
  let initPeak = 0
  for (const container of spec.initContainers ?? []) {
    const milli = amount(container.resources)
    if (container.restartPolicy === 'Always') sidecars += milli
    initPeak = Math.max(initPeak, container.restartPolicy === 'Always' ? sidecars : sidecars + milli)
  }
  const running = spec.containers.reduce((sum, { resources }) => sum + amount(resources), sidecars)
  return parseAmountMilli(spec.resources, side, name) ?? Math.max(running, initPeak)
}

/** One amount in thousandths. Returns undefined if it is absent or unreadable. */
export function parseAmountMilli(
  resources: ResourceRequirements | undefined,
  side: ResourceSide,
  name: string,
): number | undefined {
  const quantity = resources?.[side]?.[name]
  return quantity === undefined ? undefined : parseQuantityMilli(quantity)
}

/** An empty `resources` of the pod does not count. As `IsPodLevelResourcesSet` of k8s.io/component-helpers/resource. */
export function hasPodLevelResources({ resources }: PodSpec): boolean {
  return [resources?.requests, resources?.limits].some((amounts) => Object.keys(amounts ?? {}).length > 0)
}

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

/** As `ComputePodQOS` of pkg/apis/core/helper/qos/qos.go: zero amounts count as absent, and absent requests equal the limits. */
export function computeQosClass(spec: PodSpec): QosClass {
  const holders = hasPodLevelResources(spec)
    ? [spec.resources]
    : [...spec.containers, ...(spec.initContainers ?? [])].map(({ resources }) => resources)
  const stated = (side: ResourceSide, name: ResourceName) =>
    holders.map((resources) => parseAmountMilli(resources, side, name) ?? 0)
  const names = ['cpu', 'memory'] as const
  const any = names.some((name) => [...stated('requests', name), ...stated('limits', name)].some((milli) => milli > 0))
  if (!any) return 'BestEffort'
  const guaranteed = names.every((name) =>
    holders.every((resources) => {
      const limit = parseAmountMilli(resources, 'limits', name) ?? 0
      return limit > 0 && (parseAmountMilli(resources, 'requests', name) ?? limit) === limit
    }),
  )
  return guaranteed ? 'Guaranteed' : 'Burstable'
}
