/**
 * Parses sizes and times like Spark (JavaUtils.byteStringAs and timeStringAs, ConfigBuilder.bytesConf and timeConf).
 * Uses bigint, because Spark uses 64 bits and rejects larger values.
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
/** The units of times, in nanoseconds. A value cannot have the unit ns itself. */
const timeUnits: Readonly<Record<string, bigint>> = {
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  min: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
}
/** The unit of a value without a unit, by its name in keys.json. */
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

/** A parsed size or time. */
export interface SparkQuantity {
  /** In the unit of the key, rounded down like Spark: 1500k is 1 MiB. */
  readonly amount: bigint
  /** Whether the value contains a unit. */
  readonly hasUnit: boolean
}

/** Parses a size to the key's `unit` (b, KiB, MiB, GiB). Undefined if Spark rejects the value, such as a fraction. */
export function parseSparkSize(text: string, unit: string): SparkQuantity | undefined {
  const negative = text.startsWith('-')
  const [, digits, suffix] = /^([0-9]+)([a-z]+)?$/.exec(trimmed(negative ? text.slice(1) : text)) ?? []
  return quantity(negative, digits, suffix, byteUnits, keyUnits[unit])
}

/** Parses a time to the key's `unit` (ns, us, ms, s, min). Undefined if Spark rejects the value. */
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
  // A time of more than 64 bits becomes the maximum (TimeUnit.convert). Such a size is rejected (ByteUnit.convertTo).
  if (amount > maxLong)
    return units === timeUnits
      ? { amount: negative ? -maxLong - 1n : maxLong, hasUnit: suffix !== undefined }
      : undefined
  return { amount: negative ? -amount : amount, hasUnit: suffix !== undefined }
}

/** Like Java's `trim`: removes all characters up to the space. */
const trimmed = (text: string) => text.toLowerCase().replace(/^[\0- ]+|[\0- ]+$/g, '')
