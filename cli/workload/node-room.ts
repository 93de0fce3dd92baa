import { toList, toRecord } from '../../core/json.ts'
import type { Pod } from '../../core/kubernetes/pod.ts'
import { computePodTotalMilli } from '../../core/kubernetes/pod-resources.ts'
import { formatCpu, parseQuantityMilli } from '../../core/kubernetes/quantity.ts'

/** The allocatable resources of a node, regardless of the pods that run on it. Amounts are in thousandths. */
export interface NodeRoom {
  readonly name: string
  readonly schedulable: boolean
  readonly labels: Readonly<Record<string, unknown>>
  readonly taints: readonly Readonly<Record<string, unknown>>[]
  readonly cpuMilli: number
  readonly memoryMilli: number
  /** Names of the images on the node. The kubelet reports only the largest ones. */
  readonly images: readonly string[]
}

export function parseNodeRoom(object: unknown): NodeRoom {
  const { metadata, spec, status } = toRecord(object)
  const allocatable = toRecord(toRecord(status).allocatable)
  const milli = (name: string) => parseQuantityMilli(String(allocatable[name] ?? '0')) ?? 0
  return {
    name: String(toRecord(metadata).name),
    schedulable: toRecord(spec).unschedulable !== true,
    labels: toRecord(toRecord(metadata).labels),
    taints: toList(toRecord(spec).taints).map(toRecord),
    cpuMilli: milli('cpu'),
    memoryMilli: milli('memory'),
    images: toList(toRecord(status).images).flatMap((image) => toList(toRecord(image).names).map(String)),
  }
}

/** Why a pod fits on no node: what it requests, and the largest node. Undefined if it fits on at least one node. */
export function explainUnschedulable(
  pod: Pod,
  nodes: readonly NodeRoom[],
): { readonly asked: string; readonly best: string } | undefined {
  const cpuMilli = computePodTotalMilli(pod.spec, 'requests', 'cpu')
  const memoryMilli = computePodTotalMilli(pod.spec, 'requests', 'memory')
  const open = nodes.filter((node) => fitsOnNode(pod, node))
  if (open.some((node) => node.cpuMilli >= cpuMilli && node.memoryMilli >= memoryMilli)) return undefined
  const asked = `${formatCpu(cpuMilli)} CPU and ${mebi(memoryMilli)}`
  const largest = open.toSorted((a, b) => b.memoryMilli - a.memoryMilli)[0]
  if (largest !== undefined)
    return {
      asked,
      best: `the largest, ${largest.name}, has ${formatCpu(largest.cpuMilli)} CPU and ${mebi(largest.memoryMilli)}`,
    }
  return {
    asked,
    best: `none of the ${nodes.length} nodes has the labels that the pod selects and only taints that it tolerates`,
  }
}

const mebi = (milli: number) => `${Math.floor(milli / 1000 / 1024 ** 2)}Mi`

/** Like the scheduler's filters NodeUnschedulable, NodeAffinity (nodeSelector only) and TaintToleration. */
export function fitsOnNode({ spec }: Pod, { schedulable, labels, taints }: NodeRoom): boolean {
  const isSelected = Object.entries(spec.nodeSelector ?? {}).every(([name, value]) => labels[name] === value)
  const tolerations = toList(toRecord(spec).tolerations).map(toRecord)
  const isTolerated = taints.every(
    (taint) => taint.effect === 'PreferNoSchedule' || tolerations.some((toleration) => tolerates(toleration, taint)),
  )
  return schedulable && isSelected && isTolerated
}

function tolerates(toleration: Readonly<Record<string, unknown>>, taint: Readonly<Record<string, unknown>>): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  if (toleration.operator === 'Exists') return true
  return toleration.key === taint.key && (toleration.value ?? '') === (taint.value ?? '')
}
