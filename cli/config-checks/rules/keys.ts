import { foreignManager } from '../../spark-conf/key-families.ts'
import { parseKeyName } from '../../spark-conf/key-spelling.ts'
import { findSparkKey, newestSparkRelease, type SparkKey } from '../../spark-conf/spark-keys.ts'
import { compareVersions, formatVersion, parseSparkVersion, type SparkVersion } from '../../spark-conf/spark-version.ts'
import type { SubmissionMode } from '../../static-checks/input.ts'
import { toWrittenEvidence } from '../../static-checks/shown-value.ts'
import type { ValidateRule, ValidationViolations } from '../subject.ts'

/** Finds keys that are misspelt, unknown, for another cluster manager, deprecated, removed, or too new. */
export const keys: ValidateRule = ({ conf, mode }) =>
  [...conf.entries].flatMap(([key, written]): ValidationViolations => {
    const violation = describeKey(key, written.value, conf.sparkVersion, mode)
    return violation === undefined ? [] : [{ ...violation, evidence: [toWrittenEvidence(key, written)] }]
  })

function describeKey(
  key: string,
  value: string,
  version: SparkVersion | undefined,
  mode: SubmissionMode,
): KeyViolation | undefined {
  if (!key.startsWith('spark.')) return { check: 'notSpark', details: { key } }
  const manager = foreignManager(key)
  if (manager !== undefined) return mode === 'elsewhere' ? undefined : { check: 'foreign', details: { key, manager } }
  const row = findSparkKey(key)
  return row === undefined ? describeName(key, version) : describeAge(key, row, version, value)
}

/** A key that the table lacks may be new in a release that is newer than the table. */
function describeName(key: string, version: SparkVersion | undefined): KeyViolation | undefined {
  const name = parseKeyName(key)
  if (name.kind === 'misspelt') return { check: 'spelling', details: { key, nearest: name.nearest } }
  const isNewer = version !== undefined && isAfter(version, newestSparkRelease)
  return name.kind === 'unknown' && !isNewer ? { check: 'unknownKey', details: { key } } : undefined
}

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
