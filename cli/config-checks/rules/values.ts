import { showValue } from '../../../core/json.ts'
import type { ConfEntry } from '../../spark-conf/effective-conf.ts'
import { findSparkKey, type SparkKey } from '../../spark-conf/spark-keys.ts'
import { parseSparkSize, parseSparkTime } from '../../spark-conf/spark-quantity.ts'
import { findValueProblem, type ValueProblem } from '../../spark-conf/value-problem.ts'
import { formatValue, toWrittenEvidence } from '../../static-checks/shown-value.ts'
import type { ValidateRule, ValidationViolations } from '../subject.ts'

/** Checks types, ranges and choices as Spark's own converters do. */
export const values: ValidateRule = ({ conf }) => [
  ...[...conf.entries].flatMap(([key, written]): ValidationViolations => {
    const row = findSparkKey(key)
    // Spark replaces `${spark.x}` and `${env:X}` when it reads the value.
    if (row === undefined || written.value.includes('${')) return []
    const problem = findValueProblem(row, written.value) ?? rangeProblem(key, written.value)
    if (problem === undefined) return withoutUnit(key, row, written)
    const meant = problem.meant === undefined ? '' : `; did you mean ${problem.meant}?`
    const value = showValue(formatValue(key, written.value), 128)
    const details = { key, value, form: `${problem.form}${meant}` }
    return [{ check: 'value', details, evidence: [toWrittenEvidence(key, written)] }]
  }),
]

/** Ranges that Spark checks at the start, and that its registry does not contain. */
function rangeProblem(key: string, text: string): ValueProblem | undefined {
  switch (key) {
    // SparkConf.validateSettings
    case 'spark.memory.fraction': {
      const fraction = Number.parseFloat(text)
      return fraction < 0 || fraction > 1 ? { kind: 'range', form: 'a number from 0 to 1' } : undefined
    }
    // KryoSerializer
    case 'spark.kryoserializer.buffer':
    case 'spark.kryoserializer.buffer.max': {
      const size = parseSparkSize(text, key.endsWith('.max') ? 'MiB' : 'KiB')?.amount ?? 0n
      const limit = key.endsWith('.max') ? 2048n : 2048n * 1024n
      return size >= limit ? { kind: 'range', form: 'less than 2048m' } : undefined
    }
    // RpcUtils.maxMessageSizeBytes
    case 'spark.rpc.message.maxSize':
      return Number(text) > 2047 ? { kind: 'range', form: 'at most 2047' } : undefined
    default:
      return undefined
  }
}

/** Reports a number without a unit that is at most a thousandth of the default: 10 instead of 10s. 0 and -1 are special values. */
function withoutUnit(key: string, row: SparkKey, written: ConfEntry): ValidationViolations {
  const { type, unit = '', default: usual } = row
  // memory.ts reports these in more detail.
  if ((type !== 'bytes' && type !== 'time') || usual === undefined || /^spark\.(driver|executor)\.memory$/.test(key))
    return []
  const parse = type === 'bytes' ? parseSparkSize : parseSparkTime
  const [given, normal] = [parse(written.value, unit), parse(usual, unit)]
  if (given === undefined || normal === undefined || given.hasUnit) return []
  if (given.amount <= 0n || given.amount * 1000n > normal.amount) return []
  const amount = `${given.amount} ${unit === 'b' ? 'bytes' : unit}`
  const details = { key, value: written.value.trim(), amount, usual }
  return [{ check: 'unit', details, evidence: [toWrittenEvidence(key, written)] }]
}
