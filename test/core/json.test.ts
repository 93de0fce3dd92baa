import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseHistory } from '../../core/contract/deletion-history.ts'
import { toText } from '../../core/json.ts'
import { parseSparkApplication } from '../../core/spark/application.ts'

const rows: readonly [unknown, string][] = [
  ['a', 'a'],
  [1, '1'],
  [null, 'null'],
  [undefined, 'undefined'],
  [{ toString: null }, '{"toString":null}'],
  [['a', 1], '["a",1]'],
]
describe('JSON values', () => {
  for (const [value, text] of rows) {
    test(`${text} → as text`, () => assert.equal(toText(value), text))
  }

  const hostile = { toString: null, valueOf: null }

  test('any JSON value → has a text', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => typeof toText(value) === 'string'))
  })

  test('any SparkApplication → is parsed without an exception', () => {
    const application = parseSparkApplication({
      apiVersion: 'sparkoperator.k8s.io/v1beta2',
      kind: 'SparkApplication',
      metadata: { name: 'pi', annotations: { a: hostile } },
      spec: { sparkConf: { b: hostile } },
    })
    assert.equal(application?.sparkConf.b, JSON.stringify(hostile))
    const actions = [{ at: '2026-11-24T10:00:00Z', action: 'delete-pod', pod: hostile, reason: hostile }]
    assert.equal(parseHistory(JSON.stringify({ actions })).deletions.length, 1)
  })
})
