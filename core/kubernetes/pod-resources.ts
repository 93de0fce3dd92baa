import type { PodSpec, ResourceRequirements } from './pod.ts'
import { formatMemory, parseQuantityMilli } from './quantity.ts'

export type ResourceName = 'cpu' | 'memory'
export type ResourceSide = 'requests' | 'limits'

/** Requests and limits in thousandths, by resource. Amounts that are absent or unreadable are left out. */
export type ResourceAmounts = Readonly<Record<ResourceSide, Readonly<Record<string, number>>>>

/** All resources of a pod, with every quantity parsed once. Absent requests have the amounts that the API server sets. */
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
  const withoutPodLevel = {
    podLevel: null,
    containers: spec.containers.map(({ resources }) => requestLimits(parseResourceAmounts(resources))),
    initContainers: (spec.initContainers ?? []).map(({ resources, restartPolicy }) => ({
      amounts: requestLimits(parseResourceAmounts(resources)),
      isSidecar: restartPolicy === 'Always',
    })),
    overhead: parseAmounts(spec.overhead),
  }
  if (!hasPodLevelResources(spec)) return withoutPodLevel
  return { ...withoutPodLevel, podLevel: completePodLevel(parseResourceAmounts(spec.resources), withoutPodLevel) }
}

/** A container requests its limits where it states no request. As `SetDefaults_Pod` of pkg/apis/core/v1/defaults.go. */
const requestLimits = ({ requests, limits }: ResourceAmounts): ResourceAmounts => ({
  requests: { ...limits, ...requests },
  limits,
})

/**
 * Where the pod as a whole states no request, it requests what its containers request together. If they request nothing, it
 * requests its limit. As `defaultPodRequests` of pkg/apis/core/v1/defaults.go.
 */
function completePodLevel({ requests, limits }: ResourceAmounts, pod: PodResources): ResourceAmounts {
  const holders = [...pod.containers, ...pod.initContainers.map(({ amounts }) => amounts)]
  const completed: Record<string, number> = { ...requests }
  for (const name of ['cpu', 'memory'] as const) {
    const isRequested = holders.some((amounts) => amounts.requests[name] !== undefined)
    const milli = isRequested ? computeTotalMilli(pod, 'requests', name) : limits[name]
    if (milli !== undefined) completed[name] ??= milli
  }
  return { requests: completed, limits }
}

/**
 * The requests that the API server would set for the pod as a whole, as quantities by resource. They depend on the requests of
 * the containers: a program that adds a container to a manifest must state them first, or the pod's QoS class may change. Empty for a
 * pod that comes from the API server, and for one without resources at pod level.
 */
export function findUnstatedPodRequests(spec: PodSpec): Readonly<Record<string, string>> {
  const requests = parsePodResources(spec).podLevel?.requests
  const quantities: Record<string, string> = {}
  for (const name of ['cpu', 'memory'] as const) {
    const milli = requests?.[name]
    if (milli === undefined || spec.resources?.requests?.[name] !== undefined) continue
    // The sum of containers may be a fraction of a byte, as 1.1Gi is. A rounded one could be less than they request.
    quantities[name] = name === 'memory' && milli % 1000 === 0 ? formatMemory(milli) : `${milli}m`
  }
  return quantities
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

/** As `ComputePodQOS` of pkg/apis/core/helper/qos/qos.go: zero amounts count as absent. */
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
      return limit > 0 && requests[name] === limit
    }),
  )
  return isGuaranteed ? 'Guaranteed' : 'Burstable'
}
