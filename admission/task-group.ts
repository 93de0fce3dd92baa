import { type JsonBounds, parseJson, toRecords, toTexts } from '../core/json.ts'
import type { Pod } from '../core/kubernetes/pod.ts'
import { computeTotalMilli, type PodResources, parseResourceAmounts } from '../core/kubernetes/pod-resources.ts'

/** What a pod may request more than it does, in thousandths. */
export interface RequestRoom {
  readonly cpu: number
  readonly memory: number
}

/** A pod names a few groups, each with a few amounts, labels and tolerations. */
const groupBounds: JsonBounds = { depth: 32, tokens: 5_000 }

/**
 * The room that the driver's YuniKorn task group leaves. YuniKorn reserves a placeholder of the group's `minResource`, and
 * releases it if the real pod is larger ("real allocation is larger than placeholder", tryPlaceholderAllocate in
 * pkg/scheduler/objects/application.go): the gang then loses its reservation. Null if the pod is in no task group.
 */
export function findTaskGroupRoom({ metadata }: Pod, pod: PodResources): RequestRoom | null {
  const name = metadata?.annotations?.['yunikorn.apache.org/task-group-name']
  if (name === undefined) return null
  const groups = parseJson(metadata?.annotations?.['yunikorn.apache.org/task-groups'] ?? '', groupBounds)
  const group = toRecords(groups).find((item) => item.name === name)
  const { requests: minResource } = parseResourceAmounts({ requests: toTexts(group?.minResource) })
  // A group that cannot be read leaves none, because the placeholder is as large as the pod at most.
  const room = (key: 'cpu' | 'memory') => Math.max(0, (minResource[key] ?? 0) - computeTotalMilli(pod, 'requests', key))
  return { cpu: room('cpu'), memory: room('memory') }
}
