import assert from 'node:assert/strict'
import { createServer, Socket } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { limitAcceptRate } from '../../sidecar/accept-rate.ts'

/** Connections at these times, by a clock that only the test and the sleep move. Returns the sleep at each of them. */
function sleepsAt(rate: { readonly perSecond: number; readonly burst: number }, pausesMs: readonly number[]) {
  const server = createServer()
  let nowMs = 0
  let sleptMs = 0
  const clock = {
    nowMs: () => nowMs,
    sleep: (ms: number) => {
      sleptMs = ms
      nowMs += ms
    },
  }
  limitAcceptRate(server, rate, clock)
  return pausesMs.map((pauseMs) => {
    nowMs += pauseMs
    sleptMs = 0
    server.emit('connection', new Socket())
    return { sleptMs, nowMs }
  })
}

describe('limitAcceptRate', () => {
  test('a probe every two seconds → never a sleep', () => {
    const sleeps = sleepsAt({ perSecond: 200, burst: 20 }, Array(100).fill(2_000))
    assert.ok(sleeps.every(({ sleptMs }) => sleptMs === 0))
  })

  test('as many as the burst at once → no sleep; the next ones → a sleep each', () => {
    const sleeps = sleepsAt({ perSecond: 200, burst: 20 }, Array(30).fill(0)).map(({ sleptMs }) => sleptMs)
    assert.deepEqual(sleeps, [...Array(20).fill(0), ...Array(10).fill(5)])
  })

  test('any order of connections → never above the rate, and no sleep is longer than one interval', () => {
    const pauses = fc.array(fc.double({ min: 0, max: 50, noNaN: true }), { maxLength: 300 })
    fc.assert(
      fc.property(
        pauses,
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: 1, max: 50 }),
        (list, perSecond, burst) => {
          const accepted = sleepsAt({ perSecond, burst }, list)
          for (const { sleptMs } of accepted) assert.ok(sleptMs <= 1_000 / perSecond)
          for (const [first, { nowMs: fromMs }] of accepted.entries()) {
            const { nowMs = fromMs } = accepted.at(-1) ?? {}
            const most = burst + 1 + ((nowMs - fromMs) * perSecond) / 1_000
            assert.ok(accepted.length - first <= most + 1e-6)
          }
        },
      ),
    )
  })
})
