import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatDeletionReason } from '../../../../core/contract/deletion-history.ts'
import type { Hang } from '../../../../webhook/controller/assess/assess.ts'
import {
  areAllUnhealthy,
  areTooManyUnhealthy,
  createHangBreaker,
} from '../../../../webhook/controller/decide/hang-breaker.ts'
import { createDeletionTracker } from '../../../../webhook/controller/deletions/deletion-tracker.ts'
import type { Driver } from '../../../../webhook/controller/driver/driver.ts'
import { createdMs, terminated } from '../../../support/driver-pods.ts'
import { defaultConfig } from '../controller-harness.ts'
import { createDriver } from '../driver/drivers.ts'

const nowMs = createdMs + 600_000
const { safeguards } = defaultConfig

const rows: readonly [number, number, number, boolean][] = [
  [1, 1, 0, false],
  [2, 2, 0, true],
  [10, 1, 0, false],
  [10, 2, 0, false],
  [10, 3, 0, true],
  [10, 1, 2, true],
  [100, 20, 0, false],
  [100, 21, 0, true],
  [10_000, 30, 0, false],
  [10_000, 31, 0, true],
  [10_000, 25, 6, true],
]
describe('createHangBreaker', () => {
  for (const [known, unhealthy, recentDeletions, open] of rows) {
    test(`${unhealthy} of ${known} unhealthy, ${recentDeletions} deleted recently → ${open ? 'open' : 'closed'}`, () => {
      assert.equal(areTooManyUnhealthy(known, unhealthy, recentDeletions, safeguards), open)
    })
  }

  test('at least two drivers, all unhealthy → true', () => {
    assert.deepEqual(
      [areAllUnhealthy(0, 0), areAllUnhealthy(1, 1), areAllUnhealthy(2, 1), areAllUnhealthy(2, 2)],
      [false, false, false, true],
    )
  })

  const hang = (source: Hang['source']): Hang => ({
    source,
    reason: 'unresponsive',
    certainty: 'certain',
    sinceMs: nowMs,
    detail: 'timeout',
  })

  /** Drivers without a sidecar, polled by the controller, and drivers with a sidecar. */
  interface BreakerScenario {
    readonly polled?: readonly Driver[]
    readonly silent?: readonly string[]
    readonly protectedDrivers?: readonly Driver[]
    /** Recent deletions by application. */
    readonly recentDeletions?: readonly (readonly [application: string, by: Hang['source'], minutesAgo: number])[]
  }

  function breakerOf({ polled = [], silent = [], protectedDrivers = [], recentDeletions = [] }: BreakerScenario) {
    const deletions = createDeletionTracker(safeguards)
    recentDeletions.forEach(([application, by, minutesAgo], index) => {
      const deletion = {
        atMs: nowMs - minutesAgo * 60_000,
        uid: `gone-${index}`,
        reason: formatDeletionReason(hang(by)),
      }
      deletions.record({ namespace: 'spark', application }, undefined, deletion)
    })
    return createHangBreaker({
      safeguards,
      deletions,
      sidecarStatusPoller: { verdict: () => undefined },
      uiPoller: {
        summarize: (of = () => true) => {
          const chosen = polled.filter(of).map(({ uid }) => uid)
          return { known: chosen.length, unhealthy: new Set(chosen.filter((uid) => silent.includes(uid))) }
        },
      },
      drivers: () => [...polled, ...protectedDrivers],
      nowMs: () => nowMs,
    })
  }

  const named = (kind: string, count: number, fields: Parameters<typeof createDriver>[0] = {}) =>
    Array.from({ length: count }, (_, index) => createDriver({ name: `${kind}${index}-driver`, ...fields }))
  /** Drivers whose sidecar requested a restart that the kubelet has not made. */
  const notRestarted = (count: number) =>
    named('not-restarted', count, { sidecar: { state: terminated(88, nowMs - 180_000) } })

  test('recent deletions on sidecar verdicts → open the breaker only for sidecar verdicts', () => {
    const [driver] = named('bare', 1, { sidecar: null })
    assert.ok(driver)
    const recentDeletions = [
      ['x', 'sidecar', 1],
      ['y', 'sidecar', 2],
    ] as const
    const breaker = breakerOf({ polled: [driver], silent: [driver.uid], recentDeletions })
    assert.equal(breaker.isOpenFor(driver, 'ui'), false)
    assert.equal(breaker.isOpenFor(driver, 'sidecar'), true, 'no other driver with a sidecar is there')
  })

  test('recent deletions → only those of other applications count, for ten minutes', () => {
    const [driver] = named('bare', 1, { sidecar: null })
    assert.ok(driver)
    const isOpen = (...recentDeletions: NonNullable<BreakerScenario['recentDeletions']>) =>
      breakerOf({ polled: [driver], silent: [driver.uid], recentDeletions }).isOpenFor(driver, 'ui')
    assert.equal(isOpen([driver.application, 'ui', 1], [driver.application, 'ui', 3]), false)
    assert.equal(isOpen(['x', 'ui', 11]), false)
    assert.equal(isOpen(['x', 'ui', 9]), true)
  })

  test('hung protected drivers → the breaker opens when too many of the protected drivers hang', () => {
    const protectedDrivers = named('well', 30)
    for (const [count, open] of [
      [1, false],
      [5, false],
      [8, true],
    ] as const) {
      const hung = notRestarted(count)
      const breaker = breakerOf({ protectedDrivers: [...protectedDrivers, ...hung] })
      const [driver] = hung
      assert.ok(driver)
      assert.equal(breaker.isOpenFor(driver, 'sidecar'), open, String(count))
      assert.equal(breaker.isOpen(), open)
    }
  })

  test('no driver of a node or namespace answers → open for UI polls, closed for sidecar verdicts', () => {
    const well = named('well', 20, { sidecar: null })
    const cut = named('cut', 2, { sidecar: null }).map((driver) => ({ ...driver, node: 'node-2', namespace: 'cut' }))
    const [driver] = cut
    assert.ok(driver)
    const breaker = breakerOf({
      polled: [...well, ...cut],
      silent: cut.map(({ uid }) => uid),
      protectedDrivers: named('s', 20),
    })
    assert.equal(breaker.isOpen(), false)
    assert.equal(breaker.isOpenFor(driver, 'ui'), true)
    assert.equal(breaker.isOpenFor(driver, 'sidecar'), false)
  })
})
