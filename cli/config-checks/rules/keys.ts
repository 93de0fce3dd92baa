import { foreignManager } from '../../spark-conf/key-families.ts'
import { parseKeyName } from '../../spark-conf/key-spelling.ts'
import { findSparkKey, type SparkKey } from '../../spark-conf/spark-keys.ts'
import { compareVersions, formatVersion, parseSparkVersion, type SparkVersion } from '../../spark-conf/spark-version.ts'
import { toWrittenEvidence } from '../../static-checks/shown-value.ts'
import type { ValidateRule, ValidationViolations } from '../subject.ts'

/** Names of keys: misspelt, unknown, of another cluster manager, deprecated, removed, too new. */
export const keys: ValidateRule = ({ conf }) =>
  [...conf.entries].flatMap(([key, written]): ValidationViolations => {
    const evidence = [toWrittenEvidence(key, written)] as const
    if (!key.startsWith('spark.')) return [{ check: 'notSpark', details: { key }, evidence }]
    const manager = foreignManager(key)
    if (manager !== undefined) return [{ check: 'foreign', details: { key, manager }, evidence }]
    const row = findSparkKey(key)
    if (row !== undefined) {
      const age = ageOf(key, row, conf.sparkVersion, written.value)
      return age === undefined ? [] : [{ ...age, evidence }]
    }
    const name = parseKeyName(key)
    if (name.kind === 'misspelt') return [{ check: 'spelling', details: { key, nearest: name.nearest }, evidence }]
    return name.kind === 'unknown' ? [{ check: 'unknownKey', details: { key }, evidence }] : []
  })

type Age = Omit<ValidationViolations[number], 'evidence'>

function ageOf(key: string, row: SparkKey, version: SparkVersion | undefined, value: string): Age | undefined {
  const isFrom = (text: string | undefined) => {
    const from = text === undefined ? undefined : parseSparkVersion(text)
    return from !== undefined && (version === undefined || compareVersions(version, from) >= 0)
  }
  const shown = version === undefined ? '' : formatVersion(version)
  if (row.removed !== undefined && isFrom(row.removed)) {
    const refused = value.toLowerCase() !== (row.default ?? '').toLowerCase()
    const why = refused ? `: it refuses any value but ${row.default || 'an empty one'}` : ''
    return {
      check: 'removed',
      details: { key, version: shown === '' ? row.removed : shown, why },
      ...(refused && { severity: 'error' as const }),
    }
  }
  if (row.deprecated !== undefined && isFrom(row.deprecated)) {
    const instead = row.replacement === undefined ? '' : `: use ${row.replacement}`
    return { check: 'deprecated', details: { key, since: row.deprecated, instead } }
  }
  if (version === undefined) return undefined
  const last = row.last === undefined ? undefined : parseSparkVersion(row.last)
  if (last !== undefined && compareVersions([version[0], version[1], 0], last) > 0) {
    return { check: 'removed', details: { key, version: shown, why: '' } }
  }
  const since = row.since === undefined ? undefined : parseSparkVersion(row.since)
  // Some keys were registered long after they were read.
  if (since === undefined || compareVersions(version, since) >= 0 || row.since === undefined) return undefined
  return { check: 'tooNew', details: { key, since: row.since, version: shown } }
}
