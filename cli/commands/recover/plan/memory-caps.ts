import { findBound, parseNamespaceLimits } from '../../../../core/kubernetes/namespace-limits.ts'
import type { Pod } from '../../../../core/kubernetes/pod.ts'
import { computePodTotalMilli } from '../../../../core/kubernetes/pod-resources.ts'
import type { ApiReading } from '../../../cluster/reading.ts'
import { fitsOnNode } from '../../../workload/node-room.ts'
import type { ClusterFacts } from '../facts/cluster-facts.ts'

/** The maximum memory of the driver's container, and what limits it. */
export interface MemoryCap {
  /** Infinity if nothing limits the memory. */
  readonly mostMiB: number
  readonly by: string
}

/**
 * The lowest of the limits by the largest node that the driver may run on, by LimitRanges, and by the quotas that are
 * left. Request and limit of Spark's container are the same. `besideMilli` is the request of the pod's other containers.
 * `counted` is the current pod if quotas count it; both operators delete it before they create the next one.
 */
export function findMemoryCap(
  facts: Pick<ClusterFacts, 'nodes' | 'limitRanges' | 'quotas'>,
  driver: Pod,
  besideMilli: number,
  counted: Pod | undefined,
): MemoryCap | { readonly unknown: string } {
  const { nodes, limitRanges, quotas } = facts
  const missing = [whyUnread('nodes', nodes), whyUnread('LimitRanges', limitRanges), whyUnread('quotas', quotas)]
  if (nodes.kind !== 'read' || limitRanges.kind !== 'read' || quotas.kind !== 'read') {
    return { unknown: missing.filter((text) => text !== '').join('; ') }
  }
  const limits = parseNamespaceLimits(limitRanges.value, quotas.value)
  const open = nodes.value.filter((node) => fitsOnNode(driver, node))
  const largest = open.toSorted((a, b) => b.memoryMilli - a.memoryMilli)[0]
  const caps: MemoryCap[] = [
    largest === undefined
      ? { mostMiB: 0, by: 'no node matches the driver’s node selector and tolerations' }
      : cap(largest.memoryMilli - besideMilli, `the largest suitable node, ${largest.name}`),
    cap(findBound(limits.container, 'memory').maxMilli, 'a LimitRange for containers'),
    cap(findBound(limits.pod, 'memory').maxMilli - besideMilli, 'a LimitRange for pods'),
    ...limits.quotas.flatMap(({ name, room }) =>
      room
        .filter(({ resource }) => resource === 'memory')
        .map(({ side, leftMilli }) =>
          cap(
            leftMilli + (counted === undefined ? 0 : computePodTotalMilli(counted.spec, side, 'memory')) - besideMilli,
            `ResourceQuota ${name}, ${side}.memory`,
          ),
        ),
    ),
  ]
  return caps.reduce((least, other) => (other.mostMiB < least.mostMiB ? other : least))
}

const cap = (milli: number, by: string): MemoryCap => ({
  mostMiB: Math.max(0, Math.floor(milli / 1000 / 1024 ** 2)),
  by,
})

const whyUnread = (what: string, reading: ApiReading<unknown>): string =>
  reading.kind === 'read' ? '' : `${what}: ${reading.detail}`
