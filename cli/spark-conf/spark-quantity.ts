/**
 * Sizes and times as Spark reads them (JavaUtils.byteStringAs and timeStringAs, ConfigBuilder.bytesConf and timeConf).
 * Counted in bigint: Spark counts in 64 bits and refuses what does not fit.
 */

const byteUnits: Readonly<Record<string, bigint>> = {
  b: 1n,
  k: 1n << 10n,
  kb: 1n << 10n,
  m: 1n << 20n,
  mb: 1n << 20n,
  g: 1n << 30n,
  gb: 1n << 30n,
  t: 1n << 40n,
  tb: 1n << 40n,
  p: 1n << 50n,
  pb: 1n << 50n,
}
/** In nanoseconds; a value cannot be given in these itself. */
const timeUnits: Readonly<Record<string, bigint>> = {
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  min: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
}
/** What a key counts in when the value has no unit, by the words of keys.json. */
const keyUnits: Readonly<Record<string, bigint>> = {
  b: 1n,
  KiB: 1n << 10n,
  MiB: 1n << 20n,
  GiB: 1n << 30n,
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  min: 60_000_000_000n,
}
const maxLong = (1n << 63n) - 1n

/** How a size or time is written, and what it amounts to. */
export interface SparkQuantity {
  /** In the key's own unit, cut off as Spark does: 1500k are 1 MiB. */
  readonly amount: bigint
  /** Whether the value names its unit. */
  readonly hasUnit: boolean
}

/** A size in the key's `unit` (b, KiB, MiB, GiB); undefined when Spark refuses the value. A fraction is refused. */
export function parseSparkSize(text: string, unit: string): SparkQuantity | undefined {
  const negative = text.startsWith('-')
  const [, digits, suffix] = /^([0-9]+)([a-z]+)?$/.exec(trimmed(negative ? text.slice(1) : text)) ?? []
  return quantity(negative, digits, suffix, byteUnits, keyUnits[unit])
}

/** A time in the key's `unit` (ns, us, ms, s, min); undefined when Spark refuses the value. */
export function parseSparkTime(text: string, unit: string): SparkQuantity | undefined {
  const [, minus, digits, suffix] = /^(-?)([0-9]+)([a-z]+)?$/.exec(trimmed(text)) ?? []
  return quantity(minus === '-', digits, suffix, timeUnits, keyUnits[unit])
}

const findUnit = (units: Readonly<Record<string, bigint>>, suffix: string): bigint | undefined =>
  Object.hasOwn(units, suffix) ? units[suffix] : undefined

function quantity(
  negative: boolean,
  digits: string | undefined,
  suffix: string | undefined,
  units: Readonly<Record<string, bigint>>,
  unit: bigint | undefined,
): SparkQuantity | undefined {
  if (digits === undefined || unit === undefined) return undefined
  const factor = suffix === undefined ? unit : findUnit(units, suffix)
  if (factor === undefined || BigInt(digits) > maxLong) return undefined
  const amount = (BigInt(digits) * factor) / unit
  // A time beyond 64 bits becomes the longest there is (TimeUnit.convert); a size is refused (ByteUnit.convertTo).
  if (amount > maxLong)
    return units === timeUnits
      ? { amount: negative ? -maxLong - 1n : maxLong, hasUnit: suffix !== undefined }
      : undefined
  return { amount: negative ? -amount : amount, hasUnit: suffix !== undefined }
}

/** As Java's `trim`: all up to the space. */
const trimmed = (text: string) => text.toLowerCase().replace(/^[\0- ]+|[\0- ]+$/g, '')
