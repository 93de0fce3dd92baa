import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findReviewUid, parseReviewBody } from '../../../webhook/server/review-body.ts'
import { captureNames, captureText } from '../../support/admission-captures.ts'

/** The value of a body that can be parsed. */
function parsedValue(text: string): unknown {
  const parsed = parseReviewBody(text)
  assert.equal(parsed.kind, 'json')
  return parsed.kind === 'json' ? parsed.value : undefined
}

const compact = (text: string) => JSON.stringify(JSON.parse(text))
const withoutManagedFields = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (key, item: unknown) => (key === 'managedFields' ? [] : item))

describe('parseReviewBody', () => {
  for (const name of captureNames) {
    test(`${name} → everything but managedFields`, () => {
      const text = compact(captureText(name))
      const parsed = parsedValue(text)
      assert.deepEqual(parsed, withoutManagedFields(JSON.parse(text)))
      assert.notDeepEqual(parsed, JSON.parse(text))
    })
  }

  const whole: readonly [string, string][] = [
    ['nothing to cut', '{"metadata":{"name":"a"},"spec":{}}'],
    ['with spaces', '{"metadata": {"managedFields": [{"a": 1}]}, "spec": {}}'],
    ['the marks within strings', JSON.stringify({ a: '"managedFields":[', b: ']},"spec":', spec: {} })],
    ['in another order', '{"metadata":{"managedFields":[{"a":1}],"name":"n","x":[1]},"spec":{}}'],
    ['another member before the spec', '{"metadata":{"managedFields":[{"a":1}]},"x":{"y":[1]},"spec":{}}'],
    ['an end that is another’s', '{"managedFields":[{"x":1}],"a":{"b":[1]},"spec":{}}'],
    ['an end within', '{"metadata":{"managedFields":[{"a":{"b":[1]},"spec":3}]},"spec":{}}'],
    ['an end in a string within', '{"metadata":{"managedFields":[{"v:[]},\\"spec\\":":{}}],"name":"n"},"spec":{}}'],
  ]
  for (const [name, text] of whole) {
    test(`${name} → is parsed completely`, () => assert.deepEqual(parsedValue(text), JSON.parse(text)))
  }

  test('a string that looks like the marks → keeps its value', () => {
    const object = {
      metadata: { labels: { a: '"managedFields":[{"x":1}]},"spec":' }, managedFields: [{ f: {} }] },
      spec: { b: 1 },
    }
    assert.deepEqual(parsedValue(JSON.stringify(object)), withoutManagedFields(object))
  })

  test('a body that is not JSON → not-json', () => {
    for (const text of ['', '{', '{"managedFields":[]},"spec":']) assert.equal(parseReviewBody(text).kind, 'not-json')
  })

  const padding = ' '.repeat(64 * 1024)
  const complex: readonly [string, string][] = [
    ['101 lists within each other', `${'['.repeat(101)}${']'.repeat(101)}${padding}`],
    ['101 objects within each other', `${'{"0":'.repeat(101)}1${'}'.repeat(101)}${padding}`],
    ['20,000 values', `[${'0,'.repeat(20_000)}0]${padding}`],
    ['10,000 objects with a key of their own', `[${Array.from({ length: 10_000 }, (_, at) => `{"k${at}":0}`).join()}]`],
    ['a string that does not end after many values', `${'[0],'.repeat(20_000)}"${padding}`],
  ]
  for (const [name, text] of complex) {
    test(`a long body with ${name} → too-complex`, () => assert.equal(parseReviewBody(text).kind, 'too-complex'))
  }

  test('a long body with brackets and escaped quotes in strings → is parsed completely', () => {
    const object = { a: `[{"\\"`.repeat(40_000), b: '\\'.repeat(40_000), ['"'.repeat(40_000)]: 1 }
    assert.deepEqual(parsedValue(JSON.stringify(object)), object)
  })

  test('managedFields with many values → do not count, because they are not parsed', () => {
    const fields = Array.from({ length: 20_000 }, (_, at) => `{"f:k${at}":{}}`).join()
    assert.equal(parseReviewBody(`{"metadata":{"managedFields":[${fields}]},"spec":{}}`).kind, 'json')
  })
})

describe('findReviewUid', () => {
  test('a review as an API server writes it → its uid', () => {
    const text = compact(captureText('driver-pod.spark-submit'))
    assert.equal(findReviewUid(text), '003132b5-9385-4b5c-bfa5-e4f2d753d5a9')
    assert.equal(findReviewUid(` ${text}`), null)
    assert.equal(findReviewUid('{"a":1}'), null)
  })
})
