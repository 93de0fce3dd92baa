import { shownValue, writtenEvidence } from '../../precheck/shown-value.ts'
import { sparkKey } from '../../spark-conf/spark-keys.ts'
import { valueProblem } from '../../spark-conf/value-problem.ts'
import type { Breaches, MistypedField, ValidateRule } from '../subject.ts'

/** Types, ranges and choices, as Spark's own converters take them. */
export const values: ValidateRule = ({ conf, mistyped, origin }) => [
  ...mistyped.flatMap((field) => unquoted(field, origin)),
  ...[...conf.entries].flatMap(([key, written]): Breaches => {
    const row = sparkKey(key)
    // `${spark.x}` and `${env:X}` are filled in when the value is read.
    if (row === undefined || written.value.includes('${')) return []
    const problem = valueProblem(row, written.value)
    if (problem === undefined) return []
    const meant = problem.meant === undefined ? '' : `; did you mean ${problem.meant}?`
    const value = JSON.stringify(shownValue(key, written.value))
    const details = { key, value, form: `${problem.form}${meant}` }
    return [{ check: 'value', details, evidence: [writtenEvidence(key, written)] }]
  }),
]

function unquoted({ path, actual, value, form, corrected }: MistypedField, origin: string): Breaches {
  const evidence = { source: origin, line: null, excerpt: `${path}: ${shownValue(path, value)}`, count: 1 }
  const details = { path, actual, value: shownValue(path, value), form, corrected: shownValue(path, corrected) }
  return [{ check: 'unquoted', details, evidence: [evidence] }]
}
