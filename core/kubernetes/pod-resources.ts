import type { PodSpec, ResourceRequirements } from './pod.ts'
import { parseQuantityMilli } from './quantity.ts'

export type ResourceName = 'cpu' | 'memory'
export type ResourceSide = 'requests' | 'limits'

/**
 * What a pod counts for, in thousandths: containers and sidecars together, or an init container with the sidecars
 * before it when that is more. As `podRequests` and `podLimits` of plugin/pkg/admission/limitranger/admission.go.
 */
export function computePodTotalMilli(spec: PodSpec, side: ResourceSide, name: string): number {
  const amount = (resources: ResourceRequirements | undefined) => parseAmountMilli(resources, side, name) ?? 0
  let sidecars = 0
  let initPeak = 0
  for (const container of spec.initContainers ?? []) {
    const own = amount(container.resources)
    if (container.restartPolicy === 'Always') sidecars += own
    initPeak = Math.max(initPeak, container.restartPolicy === 'Always' ? sidecars : sidecars + own)
  }
  const running = spec.containers.reduce((sum, { resources }) => sum + amount(resources), sidecars)
  return parseAmountMilli(spec.resources, side, name) ?? Math.max(running, initPeak)
}

/** One amount in thousandths, undefined when it is not stated or not readable. */
export function parseAmountMilli(
  resources: ResourceRequirements | undefined,
  side: ResourceSide,
  name: string,
): number | undefined {
  const quantity = resources?.[side]?.[name]
  return quantity === undefined ? undefined : parseQuantityMilli(quantity)
}

/** An empty `resources` of the pod says nothing. As `IsPodLevelResourcesSet` of k8s.io/component-helpers/resource. */
export function hasPodLevelResources({ resources }: PodSpec): boolean {
  return [resources?.requests, resources?.limits].some((amounts) => Object.keys(amounts ?? {}).length > 0)
}

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

/** As `ComputePodQOS` of pkg/apis/core/helper/qos/qos.go: zero amounts count as absent; absent requests are the limits. */
export function computeQosClass(spec: PodSpec): QosClass {
  const holders = hasPodLevelResources(spec)
    ? [spec.resources]
    : [...spec.containers, ...(spec.initContainers ?? [])].map(own)
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

const own = ({ resources }: { readonly resources?: ResourceRequirements }) => resources
