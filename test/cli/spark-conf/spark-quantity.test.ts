import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseSparkSize, parseSparkTime } from '../../../cli/spark-conf/spark-quantity.ts'
import { sparkAnswers } from './oracle/answers.ts'

describe('parseSparkSize and parseSparkTime', () => {
  test('sizes and times that Spark was asked about → the same amounts', () => {
    let compared = 0
    for (const { question, answer } of sparkAnswers()) {
      // Spark's settings allow a sign before a size, JavaUtils does not.
      if ('conf' in question || ('size' in question && question.size.startsWith('-'))) continue
      const { unit } = question
      const parsed = 'size' in question ? parseSparkSize(question.size, unit) : parseSparkTime(question.time, unit)
      assert.equal(parsed?.amount.toString() ?? null, answer.value, JSON.stringify(question))
      compared += 1
    }
    assert.ok(compared > 1500)
  })

  test('size with a sign → negative amount, as in Spark’s settings: -1 disables a broadcast', () => {
    assert.equal(parseSparkSize('-1', 'b')?.amount, -1n)
    assert.equal(parseSparkSize('-1k', 'b')?.amount, -1024n)
  })

  test('any number in one unit → the same amount in the next unit', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 40n }), (n) => {
        assert.equal(parseSparkSize(`${n}k`, 'b')?.amount, n * 1024n)
        assert.equal(parseSparkSize(`${n}`, 'KiB')?.amount, parseSparkSize(`${n}k`, 'KiB')?.amount)
        assert.equal(parseSparkTime(`${n}s`, 'ms')?.amount, n * 1000n)
      }),
    )
  })
})
