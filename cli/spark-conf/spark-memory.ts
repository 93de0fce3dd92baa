import { parseSparkSize } from './spark-quantity.ts'

/** The parts of a pod's memory, in MiB. */
export interface PodMemory {
  readonly heapMiB: number
  readonly overheadMiB: number
  /** `spark.memory.offHeap.size`. Spark does not add it to the driver's pod. */
  readonly offHeapMiB: number
  readonly pysparkMiB: number
  /** Request of the container, which is also its limit. */
  readonly totalMiB: number
}

/** The value of a key in the effective configuration. Undefined if the key is not set. */
export type ConfLookup = (key: string) => string | undefined

/** Java and Scala run in the JVM, Python and R in processes of their own. */
export type Language = 'jvm' | 'python' | 'r'

/** Share of the heap for Python and R (Spark's NON_JVM_MEMORY_OVERHEAD_FACTOR). */
const nonJvmOverheadFactor = 0.4
const defaultOverheadFactor = 0.1

/** Minimum overhead. Configurable since Spark 4.0 (`spark.driver.minMemoryOverhead`). */
const minOverheadMiB = 384

/**
 * The memory of the driver container (BasicDriverFeatureStep). Undefined if a value is invalid, in which case Spark
 * rejects the submission.
 */
export function driverMemory(conf: ConfLookup, language: Language): PodMemory | undefined {
  const heapMiB = sizeMiB(conf, 'spark.driver.memory', 1024)
  const factor = overheadFactor(conf, 'spark.driver.memoryOverheadFactor', language)
  const least = sizeMiB(conf, 'spark.driver.minMemoryOverhead', minOverheadMiB)
  if (heapMiB === undefined || factor === undefined || least === undefined) return undefined
  const overheadMiB = sizeMiB(conf, 'spark.driver.memoryOverhead', Math.max(Math.trunc(factor * heapMiB), least))
  if (overheadMiB === undefined) return undefined
  return { heapMiB, overheadMiB, offHeapMiB: 0, pysparkMiB: 0, totalMiB: heapMiB + overheadMiB }
}

/**
 * The memory of an executor container with the default resource profile (BasicExecutorFeatureStep,
 * ResourceProfile.getResourcesForClusterManager). Executors use the overhead factor of a driver that runs Python or R.
 */
export function executorMemory(conf: ConfLookup, language: Language): PodMemory | undefined {
  const heapMiB = sizeMiB(conf, 'spark.executor.memory', 1024)
  const factor = overheadFactor(conf, 'spark.executor.memoryOverheadFactor', language)
  const least = sizeMiB(conf, 'spark.executor.minMemoryOverhead', minOverheadMiB)
  const offHeapMiB = isTrue(conf('spark.memory.offHeap.enabled')) ? offHeap(conf) : 0
  const pysparkMiB = language === 'python' ? sizeMiB(conf, 'spark.executor.pyspark.memory', 0) : 0
  if (heapMiB === undefined || factor === undefined || least === undefined) return undefined
  if (offHeapMiB === undefined || pysparkMiB === undefined) return undefined
  const overheadMiB = sizeMiB(conf, 'spark.executor.memoryOverhead', Math.max(Math.trunc(factor * heapMiB), least))
  if (overheadMiB === undefined) return undefined
  const totalMiB = heapMiB + overheadMiB + offHeapMiB + pysparkMiB
  return { heapMiB, overheadMiB, offHeapMiB, pysparkMiB, totalMiB }
}

function overheadFactor(conf: ConfLookup, key: string, language: Language): number | undefined {
  const given = conf(key) ?? conf('spark.kubernetes.memoryOverheadFactor')
  if (given === undefined) return language === 'jvm' ? defaultOverheadFactor : nonJvmOverheadFactor
  const factor = Number(given)
  return given.trim() !== '' && Number.isFinite(factor) ? factor : undefined
}

function sizeMiB(conf: ConfLookup, key: string, absent: number): number | undefined {
  const text = conf(key)
  if (text === undefined) return absent
  const size = parseSparkSize(text, 'MiB')
  return size === undefined ? undefined : Number(size.amount)
}

/** The size is a number of bytes. Only whole MiB count. */
function offHeap(conf: ConfLookup): number | undefined {
  const size = parseSparkSize(conf('spark.memory.offHeap.size') ?? '0', 'b')
  return size === undefined ? undefined : Number(size.amount >> 20n)
}

const isTrue = (text: string | undefined) => text?.trim().toLowerCase() === 'true'
