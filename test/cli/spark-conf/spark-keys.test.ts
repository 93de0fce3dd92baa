import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseKeyName } from '../../../cli/spark-conf/key-spelling.ts'
import table from '../../../cli/spark-conf/keys.json' with { type: 'json' }
import { findSparkKey, keyTypes, type SparkKey, sparkReleases } from '../../../cli/spark-conf/spark-keys.ts'
import { parseSparkVersion } from '../../../cli/spark-conf/spark-version.ts'
import { findValueProblem } from '../../../cli/spark-conf/value-problem.ts'

const rows = Object.entries(table as Readonly<Record<string, SparkKey>>)

function assertWellFormed(key: string, row: SparkKey): void {
  assert.ok(keyTypes.includes(row.type), key)
  assert.equal(row.unit !== undefined, row.type === 'bytes' || row.type === 'time', `${key}: unit`)
  assert.equal((row.choices?.length ?? 0) > 0, row.type === 'choice', `${key}: choices`)
  for (const version of [row.since, row.deprecated, row.removed].filter((text) => text !== undefined)) {
    assert.ok(parseSparkVersion(version.replace(/^(\d+\.\d+\.\d+)-.*/, '$1')), `${key}: ${version}`)
  }
  if (row.replacement !== undefined) assert.ok(findSparkKey(row.replacement), `${key}: ${row.replacement}`)
  if (row.last !== undefined) assert.ok(sparkReleases.includes(row.last), key)
}

describe('Spark keys', () => {
  test('every row of the table → complete and well-formed', () => {
    assert.ok(rows.length > 1300)
    for (const [key, row] of rows) assertWellFormed(key, row)
  })

  test('each default of Spark → no problem', () => {
    let accepted = 0
    for (const [key, row] of rows) {
      // Spark computes some defaults: `<value of spark.x>`, or the name of a function.
      if (row.default === undefined || row.default.startsWith('<')) continue
      assert.equal(findValueProblem(row, row.default), undefined, `${key}=${row.default}`)
      accepted += 1
    }
    assert.ok(accepted > 1000, String(accepted))
  })

  test('the keys that most applications use → known', () => {
    for (const key of [
      'spark.driver.memory',
      'spark.executor.memoryOverhead',
      'spark.executor.instances',
      'spark.dynamicAllocation.maxExecutors',
      'spark.sql.shuffle.partitions',
      'spark.kubernetes.container.image',
      'spark.kubernetes.driver.limit.cores',
      'spark.eventLog.dir',
    ]) {
      assert.ok(findSparkKey(key), key)
    }
  })

  const names: readonly (readonly [key: string, expected: string])[] = [
    ['spark.executor.memroy', 'spark.executor.memory'],
    ['spark.executor.Memory', 'spark.executor.memory'],
    ['spark.dynamicallocation.enabled', 'spark.dynamicAllocation.enabled'],
    ['spark.sql.autoBroadcastJoinThreshhold', 'spark.sql.autoBroadcastJoinThreshold'],
    ['spark.kubernetes.driver.annotations.x', 'spark.kubernetes.driver.annotation.x'],
    ['spark.kubernetes.nonsense', 'unknown'],
    ['spark.sql.hive.metastore.version', 'open'],
    ['spark.app.name', 'open'],
    ['spark.databricks.delta.retentionDurationCheck.enabled', 'open'],
    ['spark.executorEnv.JAVA_HOME', 'open'],
    ['spark.executor.memory', 'known'],
  ]
  for (const [key, expected] of names) {
    test(`${key} → ${expected}`, () => {
      const name = parseKeyName(key)
      assert.equal(name.kind === 'misspelt' ? name.nearest : name.kind, expected)
    })
  }
})
