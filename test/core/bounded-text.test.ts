import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { boundText } from '../../core/bounded-text.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

describe('boundText', () => {
  for (const [text, expected] of [
    ['', ''],
    ['abcd', 'abcd'],
    ['abcde', 'abcd…'],
    ['äöü€ß', 'äöü€…'],
  ] as const) {
    test(`${JSON.stringify(text)} → ${JSON.stringify(expected)}`, () => assert.equal(boundText(text, 4), expected))
  }

  test('the start of a long text → does not keep the whole text in memory', () => {
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    const kept = Array.from({ length: 50 }, (_, index) =>
      boundText(JSON.parse(`"${index}${'x'.repeat(1_000_000)}"`), 300),
    )
    collectGarbage()
    assert.ok(process.memoryUsage().heapUsed - before < 10_000_000)
    assert.equal(kept.length, 50)
  })
})
