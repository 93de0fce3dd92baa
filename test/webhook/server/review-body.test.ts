import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseReviewBody } from '../../../webhook/server/review-body.ts'
import { captureNames, captureText } from '../../support/admission-captures.ts'

const compact = (text: string) => JSON.stringify(JSON.parse(text))
const withoutManagedFields = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (key, item: unknown) => (key === 'managedFields' ? [] : item))

describe('parseReviewBody', () => {
  for (const name of captureNames) {
    test(`${name} → everything but managedFields`, () => {
      const text = compact(captureText(name))
      const parsed = parseReviewBody(text)
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
    test(`${name} → is parsed completely`, () => assert.deepEqual(parseReviewBody(text), JSON.parse(text)))
  }

  test('a string that looks like the marks → keeps its value', () => {
    const object = {
      metadata: { labels: { a: '"managedFields":[{"x":1}]},"spec":' }, managedFields: [{ f: {} }] },
      spec: { b: 1 },
    }
    assert.deepEqual(parseReviewBody(JSON.stringify(object)), withoutManagedFields(object))
  })

  test('a body that is not JSON → SyntaxError', () => {
    for (const text of ['', '{', '{"managedFields":[]},"spec":'])
      assert.throws(() => parseReviewBody(text), SyntaxError)
  })
})
