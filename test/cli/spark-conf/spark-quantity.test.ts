import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseSparkSize, parseSparkTime } from '../../../cli/spark-conf/spark-quantity.ts'
import { sparkAnswers } from './oracle/answers.ts'

describe('parseSparkSize and parseSparkTime', () => {
  test('sizes and times are read as a real Spark reads them', () => {
    let compared = 0
    for (const { question, answer } of sparkAnswers()) {
      if ('conf' in question) continue
      const text = 'size' in question ? question.size : question.time
      // What Spark's settings allow beyond JavaUtils: a sign before a size.
      if ('size' in question && text.startsWith('-')) continue
      const ours = 'size' in question ? parseSparkSize(text, question.unit) : parseSparkTime(text, question.unit)
      assert.equal(ours?.amount.toString() ?? null, answer.value, JSON.stringify(question))
      compared += 1
    }
    assert.ok(compared > 1500)
  })

  test('a size with a sign is one, as Spark’s settings take it: -1 switches a broadcast off', () => {
    assert.equal(parseSparkSize('-1', 'b')?.amount, -1n)
    assert.equal(parseSparkSize('-1k', 'b')?.amount, -1024n)
  })

  test('a size in one unit is the same in the next, whatever the number', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 40n }), (n) => {
        assert.equal(parseSparkSize(`${n}k`, 'b')?.amount, n * 1024n)
        assert.equal(parseSparkSize(`${n}`, 'KiB')?.amount, parseSparkSize(`${n}k`, 'KiB')?.amount)
        assert.equal(parseSparkTime(`${n}s`, 'ms')?.amount, n * 1000n)
      }),
    )
  })
})
