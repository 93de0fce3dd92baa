import { findBound, parseNamespaceLimits } from '../../../../core/kubernetes/namespace-limits.ts'
import type { Pod } from '../../../../core/kubernetes/pod.ts'
import { computePodTotalMilli } from '../../../../core/kubernetes/pod-resources.ts'
import type { ReadResult } from '../../../cluster/reading.ts'
import { fitsOnNode } from '../../../workload/node-room.ts'
import type { ClusterFacts } from '../facts/cluster-facts.ts'

/** The most that the driver's container may ask for, and what says so. Infinity: nothing bounds it. */
export interface MemoryCap {
  readonly mostMiB: number
  readonly by: string
}

/**
 * The tightest of the largest node that may take the driver, LimitRanges and what quotas have left; request and limit of
 * Spark's container are the same. `besideMilli` is what the pod's other containers ask for; `counted` the present pod where
 * quotas count it: both operators delete it before they make the next one.
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
      ? { mostMiB: 0, by: 'no node may take the driver' }
      : cap(largest.memoryMilli - besideMilli, `the largest node that may take it, ${largest.name}`),
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

const whyUnread = (what: string, reading: ReadResult<unknown>): string =>
  reading.kind === 'read' ? '' : `${what}: ${reading.detail}`
