import { foreignManager } from '../../spark-conf/key-families.ts'
import { parseKeyName } from '../../spark-conf/key-spelling.ts'
import { findSparkKey, type SparkKey } from '../../spark-conf/spark-keys.ts'
import { compareVersions, formatVersion, parseSparkVersion, type SparkVersion } from '../../spark-conf/spark-version.ts'
import { toWrittenEvidence } from '../../static-checks/shown-value.ts'
import type { ValidateRule, ValidationViolations } from '../subject.ts'

/** Finds keys that are misspelt, unknown, for another cluster manager, deprecated, removed, or too new. */
export const keys: ValidateRule = ({ conf }) =>
  [...conf.entries].flatMap(([key, written]): ValidationViolations => {
    const evidence = [toWrittenEvidence(key, written)] as const
    if (!key.startsWith('spark.')) return [{ check: 'notSpark', details: { key }, evidence }]
    const manager = foreignManager(key)
    if (manager !== undefined) return [{ check: 'foreign', details: { key, manager }, evidence }]
    const row = findSparkKey(key)
    if (row !== undefined) {
      const age = describeAge(key, row, conf.sparkVersion, written.value)
      return age === undefined ? [] : [{ ...age, evidence }]
    }
    const name = parseKeyName(key)
    if (name.kind === 'misspelt') return [{ check: 'spelling', details: { key, nearest: name.nearest }, evidence }]
    return name.kind === 'unknown' ? [{ check: 'unknownKey', details: { key }, evidence }] : []
  })

type KeyViolation = Omit<ValidationViolations[number], 'evidence'>

/** Without a version, a key that any release has removed or deprecated is reported. */
function describeAge(
  key: string,
  row: SparkKey,
  version: SparkVersion | undefined,
  value: string,
): KeyViolation | undefined {
  if (hasReached(version, row.removed)) return describeRemoval(key, row, version, value)
  if (row.deprecated !== undefined && hasReached(version, row.deprecated)) {
    const instead = row.replacement === undefined ? '' : `: use ${row.replacement}`
    return { check: 'deprecated', details: { key, since: row.deprecated, instead } }
  }
  if (version === undefined) return undefined
  if (isAfter(version, row.last))
    return { check: 'removed', details: { key, version: formatVersion(version), why: '' } }
  return isBefore(version, row.since)
    ? { check: 'tooNew', details: { key, since: row.since ?? '', version: formatVersion(version) } }
    : undefined
}

function describeRemoval(key: string, row: SparkKey, version: SparkVersion | undefined, value: string): KeyViolation {
  const isRejected = value.toLowerCase() !== (row.default ?? '').toLowerCase()
  const why = isRejected ? `: it rejects any value other than ${row.default || 'an empty one'}` : ''
  const shown = version === undefined ? (row.removed ?? '') : formatVersion(version)
  return {
    check: 'removed',
    details: { key, version: shown, why },
    ...(isRejected && { severity: 'error' as const }),
  }
}

/** Whether a change of the given release applies. True if the version is unknown. */
function hasReached(version: SparkVersion | undefined, release: string | undefined): boolean {
  const from = release === undefined ? undefined : parseSparkVersion(release)
  return from !== undefined && (version === undefined || compareVersions(version, from) >= 0)
}

/** Compares without the patch version. */
function isAfter(version: SparkVersion, release: string | undefined): boolean {
  const last = release === undefined ? undefined : parseSparkVersion(release)
  return last !== undefined && compareVersions([version[0], version[1], 0], last) > 0
}

/** Some keys were read by earlier releases than the one that registered them. */
function isBefore(version: SparkVersion, release: string | undefined): boolean {
  const since = release === undefined ? undefined : parseSparkVersion(release)
  return since !== undefined && compareVersions(version, since) < 0
}
