import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseHistory } from '../../core/contract/deletion-history.ts'
import { isDeeperThan, isWithinBounds, parseJson, showValue, toText } from '../../core/json.ts'
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

  const deep = (open: string, close: string) => JSON.parse(`${open.repeat(20_000)}1${close.repeat(20_000)}`) as unknown
  const shown: readonly [string, unknown, string?][] = [
    ['a deep list', deep('[', ']'), '[[[[[[[[[…]]]]]]]]]'],
    ['deep index keys', deep('{"0":', '}'), '{"0":{"0":{"0":{"0":{"0":{"0":{"0":{"0":{…}}}}}}}}}'],
    [
      'methods that a client names',
      { toJSON: 1, toString: null, valueOf: {} },
      '{"toJSON":1,"toString":null,"valueOf":{}}',
    ],
    ['a long list', [1, ...new Array<number>(1_000_000).fill(0)]],
    ['a long text', 'x'.repeat(1_000_000)],
    ['a long key', { ['k'.repeat(1_000_000)]: 1 }],
    ['a key named __proto__', JSON.parse('{"__proto__":{"a":1}}'), '{"__proto__":{"a":1}}'],
  ]
  for (const [name, value, expected] of shown) {
    test(`${name} → is shown within 256 characters`, () => {
      const text = showValue(value)
      assert.ok(text.length <= 256)
      if (expected !== undefined) assert.equal(text, expected)
    })
  }

  test('any small JSON value → is shown as JSON.stringify writes it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        const text = JSON.stringify(value)
        assert.equal(showValue(value, 10_000_000), text)
        assert.equal(showValue(value, 20), text.length <= 20 ? text : `${text.slice(0, 19)}…`)
      }),
    )
  })

  test('a list with an object that is nested as deeply as an API server allows → is parsed', () => {
    const object = `${'{"key":'.repeat(9_999)}{}${'}'.repeat(9_999)}`
    assert.notEqual(parseJson(`{"items":[${object}]}`), undefined)
  })

  test('a long text that is nested as deeply as no API server allows → is not parsed', () => {
    assert.equal(parseJson(`${'['.repeat(20_000)}${']'.repeat(20_000)}`), undefined)
    assert.notEqual(parseJson(`${'['.repeat(9_000)}"${' '.repeat(40_000)}"${']'.repeat(9_000)}`), undefined)
  })

  test('brackets, commas and escaped quotes within strings → do not count', () => {
    const text = JSON.stringify([`[{,"\\"`.repeat(20_000), '\\'.repeat(20_000)])
    assert.ok(isWithinBounds(text, { depth: 1, tokens: 4 }))
    assert.ok(!isWithinBounds(text, { depth: 0, tokens: 4 }))
    assert.ok(!isWithinBounds(text, { depth: 1, tokens: 3 }))
    assert.ok(isWithinBounds(text.slice(0, -3), { depth: 1, tokens: 4 }), 'a string without an end')
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

describe('isDeeperThan', () => {
  const nest = (depth: number): unknown => {
    let value: unknown = 'x'
    for (let count = 0; count < depth; count++) value = count % 2 === 0 ? [value] : { 0: value }
    return value
  }
  for (const [depth, maxDepth, expected] of [
    [0, 0, false],
    [1, 0, true],
    [5, 5, false],
    [6, 5, true],
    [100_000, 100, true],
    [100_000, 100_000, false],
  ] as const) {
    test(`depth ${depth}, at most ${maxDepth} → ${expected}`, () =>
      assert.equal(isDeeperThan(nest(depth), maxDepth), expected))
  }
})
