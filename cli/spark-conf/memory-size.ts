/** Settings with sizes such as `512m` or `4g`. A number without a unit is MiB (ConfigBuilder.bytesConf of these keys). */

export type MemoryKey = 'spark.driver.memory' | 'spark.driver.memoryOverhead'

/** The driver's current memory, in Spark's notation. Null if it is unknown. */
export interface MemoryFacts {
  readonly driverMemory: string | null
  readonly driverMemoryOverhead: string | null
  /** Memory limit of the driver's container in MiB, if known. It bounds the heap if the settings are not known. */
  readonly limitMiB?: number
}

/** Parses a size in Spark's notation to MiB. Undefined if it is not a size. */
export function parseMemoryMiB(text: string): number | undefined {
  const match = /^(\d+)\s*(?:([kmgtp])(?:i?b)?|b)?$/i.exec(text.trim())
  if (match === null) return undefined
  const amount = Number(match[1])
  if (/b$/i.test(text) && match[2] === undefined) return Math.ceil(amount / 1024 ** 2)
  const factor = { k: 1 / 1024, m: 1, g: 1024, t: 1024 ** 2, p: 1024 ** 3 }[match[2]?.toLowerCase() ?? 'm'] ?? 1
  return Math.ceil(amount * factor)
}

export const formatMemoryMiB = (mib: number): string => (mib % 1024 === 0 ? `${mib / 1024}g` : `${mib}m`)

/** The largest heap that fits into the limit with Spark's default overhead, so that a suggestion is never below the heap. */
const largestHeapMiB = (limitMiB: number | undefined): number | undefined =>
  limitMiB === undefined || limitMiB <= 384 ? undefined : Math.floor(Math.min(limitMiB - 384, limitMiB / 1.1))

/** Suggests 1.5 times the heap or twice the overhead, in steps of 128 MiB. */
export function increaseMemoryMiB(
  key: MemoryKey,
  { driverMemory, driverMemoryOverhead, limitMiB }: MemoryFacts,
): { readonly current: string | null; readonly proposed: string | null } {
  const step = (mib: number) => formatMemoryMiB(Math.ceil(mib / 128) * 128)
  const heap = driverMemory === null ? largestHeapMiB(limitMiB) : parseMemoryMiB(driverMemory)
  if (key === 'spark.driver.memory') {
    return { current: driverMemory, proposed: heap === undefined ? null : step(heap * 1.5) }
  }
  const given = driverMemoryOverhead === null ? undefined : parseMemoryMiB(driverMemoryOverhead)
  // Spark's default: a tenth of the heap, at least 384 MiB (BasicDriverFeatureStep).
  const overhead = given ?? (heap === undefined ? undefined : Math.max(Math.round(heap / 10), 384))
  return { current: driverMemoryOverhead, proposed: overhead === undefined ? null : step(overhead * 2) }
}
