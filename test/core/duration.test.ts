import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { formatDuration, parseDurationMs } from '../../core/duration.ts'

const spellings: readonly (readonly [string, number | undefined])[] = [
  ['500ms', 500],
  ['30s', 30_000],
  ['90s', 90_000],
  ['1.5m', 90_000],
  ['1h30m', 5_400_000],
  ['7d', 604_800_000],
  ['0s', 0],
  ['', undefined],
  ['30', undefined],
  ['-5s', undefined],
  ['5 s', undefined],
  ['5S', undefined],
  ['5sec', undefined],
  ['s', undefined],
  ['1h30', undefined],
  ['.5s', undefined],
  ['1e3s', undefined],
]

describe('durations', () => {
  for (const [text, expected] of spellings) {
    test(`${JSON.stringify(text)} → ${expected === undefined ? 'not a duration' : `${expected} ms`}`, () =>
      assert.equal(parseDurationMs(text), expected))
  }

  test('a duration → its shortest text', () => {
    assert.equal(formatDuration(90_000), '1m30s')
    assert.equal(formatDuration(3_600_000), '1h')
    assert.equal(formatDuration(1_001), '1s1ms')
    assert.equal(formatDuration(0), '0s')
  })

  test('a formatted duration → is parsed to the same value', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 12 }), (durationMs) => {
        assert.equal(parseDurationMs(formatDuration(durationMs)), durationMs)
      }),
    )
  })

  test('any text → a finite duration or undefined', () => {
    const texts = fc.oneof(fc.string(), fc.stringMatching(/^[0-9.dhms]{0,12}$/))
    fc.assert(
      fc.property(texts, (text) => {
        const durationMs = parseDurationMs(text)
        assert.ok(durationMs === undefined || (Number.isFinite(durationMs) && durationMs >= 0))
      }),
    )
  })
})
