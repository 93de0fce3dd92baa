import { createBoundedMemo } from '../bounded-memo.ts'

/** The API server rejects no quantity that is longer, but no user writes one: the longest amounts have about 25 characters. */
const maxQuantityLength = 64

/** The pods of a cluster request the same few amounts, so that few results are remembered. */
const remember = createBoundedMemo<number | undefined>({ maxKeyLength: maxQuantityLength, maxEntries: 1_000 })

/**
 * Thousandths of a Kubernetes quantity such as `100m`, `1.5`, `64Mi` or `1e3`, rounded up as in Kubernetes. Returns undefined
 * if the text is not a quantity, or longer than 64 characters. Exact below 9 TB or 9 million million cores.
 * Grammar: k8s.io/apimachinery/pkg/api/resource/quantity.go.
 */
export function parseQuantityMilli(quantity: string | number): number | undefined {
  const text = typeof quantity === 'number' ? String(quantity) : quantity
  // Before the regular expression, whose time grows with the square of the number of digits.
  if (text.length > maxQuantityLength) return undefined
  return remember(text, () => readQuantityMilli(text))
}

function readQuantityMilli(quantity: string): number | undefined {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE])|[eE]([+-]?\d+))?$/.exec(quantity)
  const [, mantissa, suffix, exponent] = match ?? []
  if (mantissa === undefined) return undefined
  const factor = suffix === undefined ? 1000 * 10 ** Number(exponent ?? 0) : suffixMilli[suffix]
  if (factor === undefined) return undefined
  const milli = Number(mantissa) * factor
  // 0.3 × 1000 must not become 301 by rounding up an error of the binary fraction.
  const nearest = Math.round(milli)
  return Math.abs(milli - nearest) < 1e-6 ? nearest : Math.ceil(milli)
}

/** An amount of CPU, such as `250m`. */
export const formatCpu = (milli: number): string => `${milli}m`

/** An amount of memory in whole bytes, rounded down: `128Mi`, or `1000000`. */
export function formatMemory(milli: number): string {
  const bytes = Math.floor(milli / 1000)
  const mebi = 1024 ** 2
  return bytes > 0 && bytes % mebi === 0 ? `${bytes / mebi}Mi` : String(bytes)
}

const suffixMilli: Readonly<Record<string, number>> = {
  n: 1e-6,
  u: 1e-3,
  m: 1,
  k: 1e6,
  M: 1e9,
  G: 1e12,
  T: 1e15,
  P: 1e18,
  E: 1e21,
  Ki: 1000 * 1024,
  Mi: 1000 * 1024 ** 2,
  Gi: 1000 * 1024 ** 3,
  Ti: 1000 * 1024 ** 4,
  Pi: 1000 * 1024 ** 5,
  Ei: 1000 * 1024 ** 6,
}
