import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { WriteResult } from '../../../../kubernetes/write-result.ts'
import { nextRetryState, type RetryState } from '../../../../webhook/controller/decide/retry-state.ts'

type Missed = Exclude<WriteResult, { readonly kind: 'ok' }>
const outdated: Missed = { kind: 'conflict' }
const failed = (retryAfterMs = 0): Missed => ({ kind: 'failed', detail: 'HTTP 500', retryAfterMs })

const rows: readonly [string, Missed, number, readonly number[]][] = [
  ['a conflict', outdated, 1, [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]],
  ['a failure, with minimum jitter', failed(), 0, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000]],
  [
    'a failure, with maximum jitter',
    failed(),
    1,
    [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 120_000, 120_000],
  ],
  ['a server that asks for more time', failed(5_000), 0, [5_000, 5_000, 5_000, 5_000, 8_000]],
]
describe('nextRetryState', () => {
  for (const [name, performed, random, expected] of rows) {
    test(`${name} → ${expected.join(', ')} ms`, () => {
      let [before, nowMs]: [RetryState | undefined, number] = [undefined, 7]
      const waits = expected.map(() => {
        const { untilMs, attempts: times }: RetryState = nextRetryState(performed, before, nowMs, random)
        const waitMs = untilMs - nowMs
        before = { untilMs, attempts: times }
        nowMs = untilMs
        return waitMs
      })
      assert.deepEqual(waits, expected)
    })
  }
})
