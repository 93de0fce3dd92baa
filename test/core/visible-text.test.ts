import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { escapeInvisible, hasInvisible, toVisible, toVisibleLine, toVisibleLines } from '../../core/visible-text.ts'

const rows: readonly (readonly [text: string, visible: string])[] = [
  ['', ''],
  ['nightly-driver é 日本 😀 {"a":1}\t\tx\\n', 'nightly-driver é 日本 😀 {"a":1}\t\tx\\n'],
  ['a\nb\r\nc', 'a\\nb\\r\\nc'],
  ['\u001b]8;;http://evil\u0007x', '\\u001b]8;;http://evil\\u0007x'],
  ['\u0000\u007f\u0085\u009b31m', '\\u0000\\u007f\\u0085\\u009b31m'],
  ['\u202egnp.\u2066\u200f\u061c', '\\u202egnp.\\u2066\\u200f\\u061c'],
  ['a\u200bb\u200d\u2060\ufeff\u00ad', 'a\\u200bb\\u200d\\u2060\\ufeff\\u00ad'],
  ['\u2028\u2029', '\\u2028\\u2029'],
  ['\u3164\u115f\ufe0f\u{e0041}', '\\u3164\\u115f\\ufe0f\\u{e0041}'],
  ['\ud83d', '\\ud83d'],
]
const anyText = fc.string({ unit: 'binary' })

describe('toVisible', () => {
  for (const [text, visible] of rows) {
    test(`${JSON.stringify(text)} → ${visible}`, () => {
      assert.equal(toVisible(text), visible)
      assert.equal(hasInvisible(text), text !== visible)
    })
  }

  test('any text → one line that is visible, and stays as it is the second time', () =>
    fc.assert(
      fc.property(anyText, (text) => {
        const visible = toVisible(text)
        assert.ok(!hasInvisible(visible))
        assert.equal(toVisible(visible), visible)
        assert.ok(!hasInvisible(toVisibleLines(text).replaceAll('\n', '')))
      }),
    ))
})

describe('toVisibleLine', () => {
  test('any text and bound → at most that long, and marked if it was cut', () =>
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 40 }), (text, maxLength) => {
        const line = toVisibleLine(text, maxLength)
        assert.ok(line.length <= maxLength)
        const whole = toVisible(text)
        if (whole.length <= maxLength) assert.equal(line, whole)
        else assert.ok(line.endsWith('…'))
      }),
    ))
})

describe('escapeInvisible', () => {
  test('the JSON of any text → means the same text', () =>
    fc.assert(
      fc.property(anyText, (text) => {
        const json = escapeInvisible(JSON.stringify({ [text]: text }, null, 2), 'json')
        assert.ok(!hasInvisible(json.replaceAll('\n', '')))
        assert.deepEqual(JSON.parse(json), { [text]: text })
      }),
    ))
})
