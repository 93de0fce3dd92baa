import { findDriverContainerIndex, type Pod } from '../../../../core/kubernetes/pod.ts'
import { computePodTotalMilli } from '../../../../core/kubernetes/pod-resources.ts'
import { readEffectiveConf } from '../../../evidence/effective-conf.ts'
import { type Evidence, valueIn as readValue } from '../../../evidence/evidence.ts'
import { createLiveOrigin } from '../../../spark-conf/application-conf.ts'
import { createConfLookup } from '../../../spark-conf/effective-conf.ts'
import { formatMemoryMiB, type MemoryKey } from '../../../spark-conf/memory-size.ts'
import { type ConfLookup, driverMemory, type Language } from '../../../spark-conf/spark-memory.ts'
import { toApplicationInput } from '../../../static-checks/input.ts'
import { driverPod } from '../../../workload/spark-pods.ts'
import type { ApplicationFacts, ClusterFacts } from '../facts/cluster-facts.ts'
import { findMemoryCap, type MemoryCap } from './memory-caps.ts'
import type { PlannedRemedy } from './plan.ts'

export type MemoryIncrease =
  | { readonly kind: 'raise'; readonly remedy: Extract<PlannedRemedy, { readonly kind: 'raise-memory' }> }
  | { readonly kind: 'no-capacity'; readonly detail: string }
  | { readonly kind: 'unknown'; readonly detail: string }

/** The next driver if nothing is changed. */
export interface NextDriver {
  readonly conf: ConfLookup
  readonly language: Language
  /** Undefined if its memory cannot be computed. */
  readonly pod: Pod | undefined
}

/** How much a remedy raises the memory. */
const factors: Readonly<Record<MemoryKey, number>> = { 'spark.driver.memory': 1.5, 'spark.driver.memoryOverhead': 2 }
const stepMiB = 128
/** A smaller increase is unlikely to help. */
const minFactor = 1.1

/**
 * Computes a higher memory setting for the next driver. It is never lower than this driver's, and never exceeds what
 * nodes, LimitRanges and quotas allow. Totals are computed as Spark computes them ({@link driverMemory}).
 */
export function increaseMemory(
  key: MemoryKey,
  next: NextDriver,
  evidence: Evidence,
  facts: Pick<ClusterFacts, 'nodes' | 'limitRanges' | 'quotas' | 'pod'>,
): MemoryIncrease {
  const memory = computeMemory(next.conf, readEffectiveConf(evidence), next.language)
  const driver = facts.pod?.pod ?? next.pod
  if (driver === undefined || memory === undefined) {
    return { kind: 'unknown', detail: 'the driver’s memory cannot be computed from its settings' }
  }
  const phase = readValue(evidence.pod)?.phase
  const counted = phase === 'Failed' || phase === 'Succeeded' ? undefined : facts.pod?.pod
  const cap = findMemoryCap(facts, driver, sumOtherContainersMilli(driver), counted)
  if ('unknown' in cap) return { kind: 'unknown', detail: cap.unknown }
  const fromMiB = key === 'spark.driver.memory' ? memory.heapMiB : memory.overheadMiB
  const wantedMiB = roundUp(fromMiB * factors[key])
  const toMiB = findFitting(wantedMiB, fromMiB, cap, (mib) => memory.totalWith(key, mib))
  if (toMiB === undefined) {
    const detail = `${key} is ${fromMiB}m and would be raised to ${wantedMiB}m, which is ${memory.totalWith(key, wantedMiB)}Mi for the container; the limit is ${cap.mostMiB}Mi (${cap.by})`
    return { kind: 'no-capacity', detail }
  }
  const remedy = {
    kind: 'raise-memory',
    key,
    fromMiB,
    toMiB,
    containerFromMiB: memory.heapMiB + memory.overheadMiB,
    containerToMiB: memory.totalWith(key, toMiB),
    factor: factors[key],
    cappedBy: toMiB < wantedMiB ? `${cap.by}, ${cap.mostMiB}Mi` : null,
  } as const
  return { kind: 'raise', remedy }
}

/** The driver that the operator would submit. */
export function nextDriver({ object, operator, namespace, name }: ApplicationFacts): NextDriver {
  const input = toApplicationInput(object, operator, undefined, createLiveOrigin(`SparkApplication ${name}`))
  return { conf: createConfLookup(input.conf), language: input.conf.language, pod: driverPod(input, namespace, name) }
}

/**
 * The merge patch of the spec. It changes the field that sets the current value, because kubeflow's fields take precedence
 * over sparkConf. If no field sets it, the patch sets the operator's usual field.
 */
export function memorySpec(
  { key, toMiB }: Extract<PlannedRemedy, { readonly kind: 'raise-memory' }>,
  { object, operator, name }: ApplicationFacts,
): Readonly<Record<string, unknown>> {
  const value = formatMemoryMiB(toMiB)
  const field = toApplicationInput(
    object,
    operator,
    undefined,
    createLiveOrigin(`SparkApplication ${name}`),
  ).conf.entries.get(key)?.field
  if (operator === 'apache' || field === 'spec.sparkConf') return { sparkConf: { [key]: value } }
  return { driver: { [key === 'spark.driver.memory' ? 'memory' : 'memoryOverhead']: value } }
}

const roundUp = (mib: number) => Math.ceil(mib / stepMiB) * stepMiB

/** The highest value up to `wantedMiB` that the cap allows. Undefined if none is high enough to help. */
function findFitting(
  wantedMiB: number,
  fromMiB: number,
  { mostMiB }: MemoryCap,
  totalWith: (mib: number) => number,
): number | undefined {
  for (let mib = wantedMiB; mib > fromMiB && mib >= fromMiB * minFactor; mib -= stepMiB) {
    if (totalWith(mib) <= mostMiB) return mib
  }
  return undefined
}

interface ComputedMemory {
  readonly heapMiB: number
  readonly overheadMiB: number
  /** Total of the container if one key has another value. */
  totalWith(key: MemoryKey, mib: number): number
}

/**
 * The higher of the memory that the application configures and the memory that the previous driver had. Only the latter
 * includes settings from the image or a pod template.
 */
function computeMemory(
  stated: ConfLookup,
  had: ReadonlyMap<string, string>,
  language: Language,
): ComputedMemory | undefined {
  const next = driverMemory(stated, language)
  const last = driverMemory((key) => had.get(key) ?? stated(key), language)
  if (next === undefined || last === undefined) return undefined
  const heapMiB = Math.max(next.heapMiB, last.heapMiB)
  const overheadMiB = Math.max(next.overheadMiB, last.overheadMiB)
  return {
    heapMiB,
    overheadMiB,
    totalWith: (key, mib) => {
      if (key === 'spark.driver.memoryOverhead') return heapMiB + mib
      const raised = driverMemory((other) => (other === key ? `${mib}m` : stated(other)), language)
      return mib + Math.max(overheadMiB, raised?.overheadMiB ?? 0)
    },
  }
}

/** The memory of the pod's containers other than Spark's. */
function sumOtherContainersMilli({ spec }: Pod): number {
  const index = findDriverContainerIndex(spec) ?? 0
  const others = { ...spec, containers: spec.containers.filter((_, at) => at !== index) }
  return Math.max(computePodTotalMilli(others, 'requests', 'memory'), computePodTotalMilli(others, 'limits', 'memory'))
}
