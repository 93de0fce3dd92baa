import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createWriteContentionBackoff } from '../../../certs/trust/write-contention-backoff.ts'

describe('createWriteContentionBackoff', () => {
  test('repeated writes → longer rests up to one minute, and old writes do not count', () => {
    let nowMs = 0
    const restMs = createWriteContentionBackoff(() => nowMs)
    const rests: number[] = []
    for (let round = 0; round < 40; round += 1) {
      rests.push(restMs(true))
      nowMs += (rests.at(-1) ?? 0) + 10
      assert.equal(restMs(false), 0, 'the watch event of its own write')
      nowMs += 10
    }
    assert.ok(rests.slice(0, 6).every((ms) => ms === 0))
    assert.deepEqual(rests.slice(6, 10), [200, 400, 800, 1_600])
    assert.deepEqual(rests.slice(-2), [60_000, 60_000])
    nowMs += 6 * 60_000
    assert.equal(restMs(true), 0)
  })
})
