import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { RestartBudget } from '../../core/settings/driver-policy.ts'
import { clampToNow, computeBackoffMs, computeBudgetState } from '../../sidecar/restart-budget.ts'

const hour = 3_600_000
const now = 100 * hour
const budget: RestartBudget = { maxRestarts: 3, windowMs: hour, backoffMs: 10_000 }
const forever: RestartBudget = { maxRestarts: null, windowMs: null, backoffMs: 10_000 }
const ofPod: RestartBudget = { maxRestarts: 2, windowMs: null, backoffMs: 0 }

const rows: readonly (readonly [string, RestartBudget, readonly number[], number, string])[] = [
  ['none yet', budget, [], 0, 'free 0/3'],
  ['one just now', budget, [0], 1, 'backoff 1/3 +10000'],
  ['one, 9 s ago', budget, [9_000], 1, 'backoff 1/3 +1000'],
  ['one, 10 s ago', budget, [10_000], 1, 'free 1/3'],
  ['two, the last 10 s ago', budget, [60_000, 10_000], 2, 'backoff 2/3 +10000'],
  ['two, the last 20 s ago', budget, [60_000, 20_000], 2, 'free 2/3'],
  ['three within the hour', budget, [hour - 1, 2_000_000, 1_000_000], 3, 'spent 3/3'],
  ['three, the first an hour ago', budget, [hour, 2_000_000, 1_000_000], 3, 'free 2/3'],
  ['three, long ago', budget, [9 * hour, 8 * hour, 7 * hour], 3, 'free 0/3'],
  ['none allowed', { ...budget, maxRestarts: 0 }, [], 0, 'spent 0/0'],
  ['no end, ten so far', forever, Array(10).fill(300_000), 10, 'free 10/null'],
  ['no end, the last 299 s ago', forever, Array(10).fill(299_000), 10, 'backoff 10/null +1000'],
  ['two in the life of the pod', ofPod, [500 * hour, 400 * hour], 2, 'spent 2/2'],
  ['two, no longer listed', ofPod, [], 2, 'spent 2/2'],
  ['one in the life of the pod', ofPod, [500 * hour], 1, 'free 1/2'],
]
describe('restart budget', () => {
  for (const [what, rule, agesMs, total, expected] of rows) {
    test(`${what} → ${expected}`, () => {
      const restarts = agesMs.map((ageMs) => ({ atMs: now - ageMs, reason: 'unresponsive' }))
      const state = computeBudgetState(rule, { restarts, total }, now)
      const until = state.kind === 'backoff' ? ` +${state.untilMs - now}` : ''
      assert.equal(`${state.kind} ${state.used}/${state.max}${until}`, expected)
    })
  }

  test('each restart → the backoff doubles, up to 5 minutes or the configured backoff', () => {
    const backoffs = [0, 1, 2, 3, 4, 5, 6, 7, 1_000].map((used) => computeBackoffMs(budget, used) / 1000)
    assert.deepEqual(backoffs, [0, 10, 20, 40, 80, 160, 300, 300, 300])
    assert.equal(computeBackoffMs({ ...budget, backoffMs: hour }, 5), hour)
    assert.equal(computeBackoffMs({ ...budget, backoffMs: 0 }, 5), 0)
  })

  const budgets = fc.record({
    maxRestarts: fc.option(fc.integer({ min: 0, max: 10 })),
    windowMs: fc.option(fc.integer({ min: 1, max: 2 * hour })),
    backoffMs: fc.integer({ min: 0, max: hour }),
  })

  test('a restart whenever the budget allows → never more than the budget in any window', () => {
    fc.assert(
      fc.property(budgets, fc.array(fc.integer({ min: 0, max: hour }), { maxLength: 80 }), (rule, pausesMs) => {
        const restarts: { atMs: number; reason: string }[] = []
        let nowMs = now
        for (const pauseMs of pausesMs) {
          nowMs += pauseMs
          if (computeBudgetState(rule, { restarts, total: restarts.length }, nowMs).kind !== 'free') continue
          const last = restarts.at(-1)
          const { windowMs, maxRestarts } = rule
          const inWindow = restarts.filter(({ atMs }) => windowMs === null || nowMs - atMs < windowMs).length
          if (maxRestarts !== null) assert.ok(inWindow < maxRestarts)
          if (last !== undefined) assert.ok(nowMs - last.atMs >= computeBackoffMs(rule, inWindow))
          restarts.push({ atMs: nowMs, reason: 'stall' })
        }
      }),
    )
  })

  test('a clock that is set back → no additional restart and no longer delay', () => {
    const ages = fc.array(fc.integer({ min: -5 * hour, max: 5 * hour }), { maxLength: 10 })
    fc.assert(
      fc.property(budgets, ages, (rule, agesMs) => {
        const written = agesMs.map((ageMs) => ({ atMs: now - ageMs, reason: 'stall' })).sort((a, b) => a.atMs - b.atMs)
        const restarts = clampToNow(written, now)
        assert.equal(restarts.length, written.length)
        const state = computeBudgetState(rule, { restarts, total: restarts.length }, now)
        if (state.kind === 'backoff') assert.ok(state.untilMs - now <= Math.max(300_000, rule.backoffMs))
        if (rule.windowMs === null) return
        const later = computeBudgetState(rule, { restarts, total: restarts.length }, now + rule.windowMs)
        assert.equal(later.used, 0)
      }),
    )
  })
})
