import { findDriverContainerIndex, type Pod } from '../../../../core/kubernetes/pod.ts'
import { computePodTotalMilli } from '../../../../core/kubernetes/pod-resources.ts'
import { readEffectiveConf } from '../../../evidence/effective-conf.ts'
import { type Evidence, valueIn as readValue } from '../../../evidence/evidence.ts'
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

/** What the next driver would be, if nothing were changed. */
export interface NextDriver {
  readonly conf: ConfLookup
  readonly language: Language
  /** Undefined: its memory cannot be reckoned. */
  readonly pod: Pod | undefined
}

/** Half as much again of heap, twice as much beside it. */
const factors: Readonly<Record<MemoryKey, number>> = { 'spark.driver.memory': 1.5, 'spark.driver.memoryOverhead': 2 }
const stepMiB = 128
/** A smaller step would only run the application into the same wall. */
const leastFactor = 1.1

/**
 * More memory for the next driver, never less than this one had and never beyond what nodes, LimitRanges and quotas
 * allow. The sums are Spark's own ({@link driverMemory}).
 */
export function increaseMemory(
  key: MemoryKey,
  next: NextDriver,
  evidence: Evidence,
  facts: Pick<ClusterFacts, 'nodes' | 'limitRanges' | 'quotas' | 'pod'>,
): MemoryIncrease {
  const memory = memoryOf(next.conf, readEffectiveConf(evidence), next.language)
  const driver = facts.pod?.pod ?? next.pod
  if (driver === undefined || memory === undefined) {
    return { kind: 'unknown', detail: 'the driver’s memory cannot be reckoned from its settings' }
  }
  const phase = readValue(evidence.pod)?.phase
  const counted = phase === 'Failed' || phase === 'Succeeded' ? undefined : facts.pod?.pod
  const cap = findMemoryCap(facts, driver, besideMilli(driver), counted)
  if ('unknown' in cap) return { kind: 'unknown', detail: cap.unknown }
  const fromMiB = key === 'spark.driver.memory' ? memory.heapMiB : memory.overheadMiB
  const wantedMiB = steps(fromMiB * factors[key])
  const toMiB = fitting(wantedMiB, fromMiB, cap, (mib) => memory.totalWith(key, mib))
  if (toMiB === undefined) {
    const detail = `${key} is ${fromMiB}m and would be ${wantedMiB}m, ${memory.totalWith(key, wantedMiB)}Mi for the container; ${cap.by} has ${cap.mostMiB}Mi for it`
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

/** What the operator would submit. */
export function nextDriver({ object, operator, namespace, name }: ApplicationFacts): NextDriver {
  const input = toApplicationInput(object, operator, undefined, originOf(name))
  return { conf: createConfLookup(input.conf), language: input.conf.language, pod: driverPod(input, namespace, name) }
}

/**
 * The part of a merge patch: where the present value stands, since kubeflow's fields outweigh sparkConf; else where it
 * belongs.
 */
export function memorySpec(
  { key, toMiB }: Extract<PlannedRemedy, { readonly kind: 'raise-memory' }>,
  { object, operator, name }: ApplicationFacts,
): Readonly<Record<string, unknown>> {
  const value = formatMemoryMiB(toMiB)
  const field = toApplicationInput(object, operator, undefined, originOf(name)).conf.entries.get(key)?.field
  if (operator === 'apache' || field === 'spec.sparkConf') return { sparkConf: { [key]: value } }
  return { driver: { [key === 'spark.driver.memory' ? 'memory' : 'memoryOverhead']: value } }
}

const originOf = (name: string) => ({ source: `SparkApplication ${name}`, lineOf: () => null })
const steps = (mib: number) => Math.ceil(mib / stepMiB) * stepMiB

/** The largest step up to `wanted` that the cap allows; undefined: none that would help. */
function fitting(
  wantedMiB: number,
  fromMiB: number,
  { mostMiB }: MemoryCap,
  totalWith: (mib: number) => number,
): number | undefined {
  for (let mib = wantedMiB; mib > fromMiB && mib >= fromMiB * leastFactor; mib -= stepMiB) {
    if (totalWith(mib) <= mostMiB) return mib
  }
  return undefined
}

interface ReckonedMemory {
  readonly heapMiB: number
  readonly overheadMiB: number
  /** Of the container, with another value of one key. */
  totalWith(key: MemoryKey, mib: number): number
}

/**
 * By what the application says and by what the last driver really had, the larger of both: settings of the image or of a
 * pod template stand only in the latter.
 */
function memoryOf(
  stated: ConfLookup,
  had: ReadonlyMap<string, string>,
  language: Language,
): ReckonedMemory | undefined {
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

/** What the pod asks for beside Spark's container. */
function besideMilli({ spec }: Pod): number {
  const index = findDriverContainerIndex(spec) ?? 0
  const others = { ...spec, containers: spec.containers.filter((_, at) => at !== index) }
  return Math.max(computePodTotalMilli(others, 'requests', 'memory'), computePodTotalMilli(others, 'limits', 'memory'))
}
