import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatCpu, formatMemory, parseQuantityMilli } from '../../../core/kubernetes/quantity.ts'

const rows: readonly [string | number, number | undefined][] = [
  ['100m', 100],
  ['0.3', 300],
  ['.5', 500],
  ['2', 2000],
  [2, 2000],
  ['1e3', 1_000_000],
  ['1E3', 1_000_000],
  ['1.5Gi', 1.5 * 1024 ** 3 * 1000],
  ['64Mi', 64 * 1024 ** 2 * 1000],
  ['1k', 1_000_000],
  ['1n', 1],
  ['0', 0],
  ['', undefined],
  ['1 Gi', undefined],
  ['Gi', undefined],
  ['1Xi', undefined],
  [`${'0'.repeat(63)}1`, 1_000],
  [`${'0'.repeat(64)}1`, undefined],
]
describe('quantities', () => {
  for (const [text, milli] of rows) {
    test(`${JSON.stringify(text)} → ${milli} thousandths`, () => assert.equal(parseQuantityMilli(text), milli))
  }

  test('a formatted quantity → is parsed to the same amount', () => {
    assert.equal(parseQuantityMilli(formatCpu(250)), 250)
    assert.equal(parseQuantityMilli(formatMemory(64_000_000)), 64_000_000)
    assert.equal(formatMemory(64 * 1024 ** 2 * 1000), '64Mi')
  })
})
