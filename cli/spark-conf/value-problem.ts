import type { SparkKey } from './spark-keys.ts'
import { parseSparkSize, parseSparkTime } from './spark-quantity.ts'

/** A value that Spark rejects. `form` is the valid form, phrased to follow "must be". */
export interface ValueProblem {
  readonly kind: 'type' | 'range' | 'choice'
  readonly form: string
  /** The value that was probably intended. */
  readonly meant?: string
}

/** The problem for which Spark's converter would reject the value. Undefined if it accepts the value. */
export function findValueProblem(row: SparkKey, text: string): ValueProblem | undefined {
  switch (row.type) {
    case 'string':
    case 'list':
      return undefined
    case 'boolean':
      return /^(true|false)$/i.test(text.trim()) ? undefined : booleanProblem(text)
    case 'choice':
      return choiceProblem(row, text)
    case 'integer':
      return integerProblem(row, text)
    case 'double':
      return doubleProblem(row, text)
    case 'bytes':
      return sizeProblem(row, text)
    case 'time':
      return timeProblem(row, text)
  }
}

function booleanProblem(text: string): ValueProblem {
  const problem = { kind: 'type', form: 'true or false' } as const
  if (/^(yes|on|1|y|t)$/i.test(text)) return { ...problem, meant: 'true' }
  return /^(no|off|0|n|f)$/i.test(text) ? { ...problem, meant: 'false' } : problem
}

function choiceProblem({ choices = [], anyCase = false }: SparkKey, text: string): ValueProblem | undefined {
  if (choices.includes(text) || (anyCase && choices.some((choice) => choice.toUpperCase() === text.toUpperCase())))
    return undefined
  const meant = choices.find((choice) => choice.toLowerCase() === text.trim().toLowerCase())
  return { kind: 'choice', form: `one of ${choices.join(', ')}`, ...(meant !== undefined && { meant }) }
}

/** Like Java's Integer and Long: at most one sign, no inner white space, no fraction, no unit. */
function integerProblem(row: SparkKey, text: string): ValueProblem | undefined {
  if (!/^[-+]?\d{1,19}$/.test(text.trim())) return { kind: 'type', form: `a whole number${bounds(row)}` }
  return isWithin(row, Number(text)) ? undefined : { kind: 'range', form: `a whole number${bounds(row)}` }
}

/** Like Java's Double.parseDouble, which also accepts a `d` or `f` at the end. */
function doubleProblem(row: SparkKey, text: string): ValueProblem | undefined {
  const form = `a number${bounds(row)}`
  if (!/^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?[dDfF]?$/.test(text.trim())) return { kind: 'type', form }
  return isWithin(row, Number.parseFloat(text)) ? undefined : { kind: 'range', form }
}

function sizeProblem(row: SparkKey, text: string): ValueProblem | undefined {
  const form = `a size such as 512m or 4g: whole, with b, k, m, g, t or p${bounds(row, row.unit)}`
  const size = parseSparkSize(text, row.unit ?? 'b')
  if (size !== undefined) return isWithin(row, Number(size.amount)) ? undefined : { kind: 'range', form }
  const meant = sizeMeant(text)
  return { kind: 'type', form, ...(meant !== undefined && { meant }) }
}

/** The valid form of sizes such as `4Gi` (the notation of Kubernetes) and `1.5g`. */
function sizeMeant(text: string): string | undefined {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgtp])i?b?$/i.exec(text.trim()) ?? []
  if (number === '') return undefined
  if (!number.includes('.')) return `${number}${unit.toLowerCase()}`
  const smaller = { m: 'k', g: 'm', t: 'g', p: 't' }[unit.toLowerCase()]
  return smaller === undefined ? undefined : `${Math.round(Number(number) * 1024)}${smaller}`
}

function timeProblem(row: SparkKey, text: string): ValueProblem | undefined {
  const form = `a time such as 500ms, 30s or 10min: whole, with us, ms, s, m, min, h or d${bounds(row, row.unit)}`
  const time = parseSparkTime(text, row.unit ?? 'ms')
  if (time !== undefined) return isWithin(row, Number(time.amount)) ? undefined : { kind: 'range', form }
  return { kind: 'type', form }
}

function isWithin({ min, max }: SparkKey, value: number): boolean {
  if (min !== undefined && (min.startsWith('>') ? value <= Number(min.slice(1)) : value < Number(min))) return false
  return max === undefined || (max.startsWith('<') ? value < Number(max.slice(1)) : value <= Number(max))
}

function bounds({ min, max }: SparkKey, unit?: string): string {
  const suffix = unit === undefined ? '' : ` ${unit}`
  const bound = [formatMinimum(min, suffix), formatMaximum(max, suffix)].filter((text) => text !== '')
  return bound.join(' and')
}

/** `min` starts with `>` if the bound is exclusive. */
function formatMinimum(min: string | undefined, suffix: string): string {
  if (min === undefined) return ''
  return min.startsWith('>') ? ` above ${min.slice(1)}${suffix}` : ` of at least ${min}${suffix}`
}

/** `max` starts with `<` if the bound is exclusive. */
function formatMaximum(max: string | undefined, suffix: string): string {
  if (max === undefined) return ''
  return max.startsWith('<') ? ` below ${max.slice(1)}${suffix}` : ` up to ${max}${suffix}`
}
