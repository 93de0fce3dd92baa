import type { PodSpec, ResourceRequirements } from './pod.ts'
import { parseQuantityMilli } from './quantity.ts'

export type ResourceName = 'cpu' | 'memory'
export type ResourceSide = 'requests' | 'limits'

/** Requests and limits in thousandths, by resource. Amounts that are absent or unreadable are left out. */
export type ResourceAmounts = Readonly<Record<ResourceSide, Readonly<Record<string, number>>>>

/** All resources of a pod, with every quantity parsed once. */
export interface PodResources {
  /** The resources of the pod as a whole; null if it has none. */
  readonly podLevel: ResourceAmounts | null
  readonly containers: readonly ResourceAmounts[]
  readonly initContainers: readonly InitContainerResources[]
  /** What the RuntimeClass adds. */
  readonly overhead: Readonly<Record<string, number>>
}

export interface InitContainerResources {
  readonly amounts: ResourceAmounts
  /** Whether it is a native sidecar, which runs beside the containers. */
  readonly isSidecar: boolean
}

export function parsePodResources(spec: PodSpec): PodResources {
  return {
    podLevel: hasPodLevelResources(spec) ? parseResourceAmounts(spec.resources) : null,
    containers: spec.containers.map(({ resources }) => parseResourceAmounts(resources)),
    initContainers: (spec.initContainers ?? []).map(({ resources, restartPolicy }) => ({
      amounts: parseResourceAmounts(resources),
      isSidecar: restartPolicy === 'Always',
    })),
    overhead: parseAmounts(spec.overhead),
  }
}

export function parseResourceAmounts(resources: ResourceRequirements | null | undefined): ResourceAmounts {
  return { requests: parseAmounts(resources?.requests), limits: parseAmounts(resources?.limits) }
}

function parseAmounts(
  quantities: Readonly<Record<string, string>> | null | undefined,
): Readonly<Record<string, number>> {
  // Without a prototype, so that no resource name finds a member of Object.
  const amounts: Record<string, number> = Object.create(null)
  for (const name in quantities) {
    const milli = parseQuantityMilli(quantities[name] ?? '')
    if (milli !== undefined) amounts[name] = milli
  }
  return amounts
}

/** An empty `resources` of the pod does not count. As `IsPodLevelResourcesSet` of k8s.io/component-helpers/resource. */
function hasPodLevelResources({ resources }: PodSpec): boolean {
  return [resources?.requests, resources?.limits].some((amounts) => Object.keys(amounts ?? {}).length > 0)
}

/** The resources of the pod with one more native sidecar, after the other init containers. */
export function withSidecar(pod: PodResources, sidecar: ResourceAmounts): PodResources {
  return { ...pod, initContainers: [...pod.initContainers, { amounts: sidecar, isSidecar: true }] }
}

/**
 * The amount that a pod counts for, in thousandths: the sum of its containers and sidecars, or an init container with the
 * sidecars before it if that is more. As `podRequests` and `podLimits` of plugin/pkg/admission/limitranger/admission.go.
 */
export function computeTotalMilli(pod: PodResources, side: ResourceSide, name: string): number {
  const podLevel = pod.podLevel?.[side][name]
  if (podLevel !== undefined) return podLevel
  let sidecarsMilli = 0
  let initPeakMilli = 0
  for (const { amounts, isSidecar } of pod.initContainers) {
    const milli = amounts[side][name] ?? 0
    if (isSidecar) sidecarsMilli += milli
    initPeakMilli = Math.max(initPeakMilli, isSidecar ? sidecarsMilli : sidecarsMilli + milli)
  }
  const runningMilli = pod.containers.reduce((sum, amounts) => sum + (amounts[side][name] ?? 0), sidecarsMilli)
  return Math.max(runningMilli, initPeakMilli)
}

/** {@link computeTotalMilli} for a single amount of a pod. */
export function computePodTotalMilli(spec: PodSpec, side: ResourceSide, name: string): number {
  return computeTotalMilli(parsePodResources(spec), side, name)
}

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

/** As `ComputePodQOS` of pkg/apis/core/helper/qos/qos.go: zero amounts count as absent, and absent requests equal the limits. */
export function computeQosClass(pod: PodResources): QosClass {
  const holders =
    pod.podLevel !== null ? [pod.podLevel] : [...pod.containers, ...pod.initContainers.map(({ amounts }) => amounts)]
  const names = ['cpu', 'memory'] as const
  const statesAny = ({ requests, limits }: ResourceAmounts) =>
    names.some((name) => (requests[name] ?? 0) > 0 || (limits[name] ?? 0) > 0)
  if (!holders.some(statesAny)) return 'BestEffort'
  const isGuaranteed = holders.every(({ requests, limits }) =>
    names.every((name) => {
      const limit = limits[name] ?? 0
      return limit > 0 && (requests[name] ?? limit) === limit
    }),
  )
  return isGuaranteed ? 'Guaranteed' : 'Burstable'
}
