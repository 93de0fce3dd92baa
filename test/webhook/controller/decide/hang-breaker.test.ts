import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatDeletionReason } from '../../../../core/contract/deletion-history.ts'
import type { Hang } from '../../../../webhook/controller/assess/assess.ts'
import {
  areTooManyUnhealthy,
  createHangBreaker,
  isOpenIn,
  type NamespaceHealth,
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
      assert.equal(areTooManyUnhealthy({ known, unhealthy, recent: recentDeletions }, safeguards), open)
    })
  }

  /** Namespaces by their numbers of unhealthy and of known drivers. */
  const tables: readonly {
    readonly when: string
    readonly own: readonly [unhealthy: number, known: number]
    readonly others: readonly (readonly [unhealthy: number, known: number])[]
    readonly isOpen: boolean
    readonly neededOthers?: number
  }[] = [
    { when: 'another namespace full of unhealthy drivers', own: [1, 1], others: [[50, 50]], isOpen: false },
    {
      when: 'the same, and the driver cannot be connected to',
      own: [1, 1],
      others: [[50, 50]],
      isOpen: true,
      neededOthers: 1,
    },
    {
      when: 'two other namespaces of three',
      own: [1, 1],
      others: [
        [1, 1],
        [1, 1],
      ],
      isOpen: true,
    },
    {
      when: 'two other namespaces of many',
      own: [1, 1],
      others: [[1, 1], [1, 1], ...Array(17).fill([0, 1])],
      isOpen: false,
    },
    {
      when: 'other namespaces, while the driver’s own is well',
      own: [1, 50],
      others: [
        [9, 9],
        [9, 9],
      ],
      isOpen: false,
    },
    {
      when: 'most drivers of one busy namespace, the others well',
      own: [8, 10],
      others: [
        [0, 9],
        [0, 9],
        [0, 9],
      ],
      isOpen: true,
    },
    {
      when: 'more drivers than the budget, few of each namespace',
      own: [9, 900],
      others: [
        [9, 900],
        [9, 900],
        [9, 900],
      ],
      isOpen: true,
    },
    {
      when: 'more drivers than the budget, in one other namespace',
      own: [9, 900],
      others: [[500, 500]],
      isOpen: false,
    },
  ]
  for (const { when, own, others, isOpen, neededOthers = 2 } of tables) {
    test(`unhealthy: ${when} → ${isOpen ? 'open' : 'closed'}`, () => {
      const toHealth = ([unhealthy, known]: readonly [number, number]): NamespaceHealth => ({
        unhealthy,
        known,
        recent: 0,
      })
      const health = new Map([
        ['own', toHealth(own)],
        ...others.map((other, index) => [`other-${index}`, toHealth(other)] as const),
      ])
      assert.equal(isOpenIn('own', health, safeguards, neededOthers), isOpen)
    })
  }

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
    /** The silent ones to which a connection is established. */
    readonly connecting?: readonly string[]
    /** The uids of drivers that are polled, but whose UI has never answered. No connection to them is established. */
    readonly unanswered?: readonly string[]
    readonly protectedDrivers?: readonly Driver[]
    /** Recent deletions by application. */
    readonly recentDeletions?: readonly (readonly [application: string, by: Hang['source'], minutesAgo: number])[]
  }

  function breakerOf({
    polled = [],
    silent = [],
    connecting = silent,
    unanswered = [],
    protectedDrivers = [],
    recentDeletions = [],
  }: BreakerScenario) {
    const deletions = createDeletionTracker(safeguards)
    recentDeletions.forEach(([application, by, minutesAgo], index) => {
      const deletion = {
        atMs: nowMs - minutesAgo * 60_000,
        uid: `gone-${index}`,
        reason: formatDeletionReason(hang(by)),
      }
      deletions.record({ namespace: 'spark', application }, undefined, deletion)
    })
    const connects = (uid: string) => !unanswered.includes(uid) && (!silent.includes(uid) || connecting.includes(uid))
    return createHangBreaker({
      safeguards,
      deletions,
      sidecarStatusPoller: { verdict: () => undefined },
      uiPoller: {
        answered: () =>
          polled
            .filter(({ uid }) => !unanswered.includes(uid))
            .map((driver) => ({
              driver,
              isUnhealthy: silent.includes(driver.uid),
              connects: connects(driver.uid),
            })),
        connects,
      },
      drivers: () => [...polled, ...protectedDrivers],
      isProtected: (namespace) => namespace !== 'unlabelled',
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
      assert.deepEqual(breaker.openNamespaces(), open ? ['spark'] : [])
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
    assert.equal(breaker.isOpenFor(driver, 'ui'), true)
    assert.equal(breaker.isOpenFor(driver, 'sidecar'), false)
    assert.deepEqual(breaker.openNamespaces(), ['cut'])
  })

  const inNamespaces = (kind: string, namespaces: readonly string[], node = 'node-1') =>
    namespaces.map((namespace) => ({
      ...createDriver({ name: `${kind}-driver`, namespace, uid: `${kind}-${namespace}`, sidecar: null }),
      node,
    }))

  test('a tenant forges silent UIs, also on the node of a hung driver → closed for the hung driver', () => {
    const [victim] = inNamespaces('victim', ['a'])
    assert.ok(victim)
    const forged = ['one', 'two', 'three'].flatMap((kind) => inNamespaces(kind, ['tenant']))
    const honest = inNamespaces('well', ['b'], 'node-2')
    const polled = [victim, ...forged, ...honest]
    const silent = [victim, ...forged].map(({ uid }) => uid)
    assert.equal(breakerOf({ polled, silent }).isOpenFor(victim, 'ui'), false)
    assert.deepEqual(breakerOf({ polled, silent }).openNamespaces(), ['tenant'])
    const unreachable = breakerOf({ polled, silent, connecting: [] })
    assert.equal(unreachable.isOpenFor(victim, 'ui'), true, 'no connection: the network may be the cause')
  })

  test('a tenant forges hung sidecars → closed for the hung driver of another namespace', () => {
    const state = terminated(88, nowMs - 180_000)
    const [victim] = [createDriver({ name: 'v-driver', namespace: 'a', sidecar: { state } })]
    const forged = Array.from({ length: 40 }, (_, index) =>
      createDriver({ name: `f${index}-driver`, namespace: 'tenant', sidecar: { state } }),
    )
    const breaker = breakerOf({ protectedDrivers: [victim, ...forged] })
    assert.equal(breaker.isOpenFor(victim, 'sidecar'), false)
    assert.deepEqual(breaker.openNamespaces(), ['tenant'])
  })

  test('a tenant’s forged records of deletions → closed for a driver of another namespace', () => {
    const [victim] = inNamespaces('victim', ['a'])
    assert.ok(victim)
    const recentDeletions = Array.from({ length: 40 }, (_, index) => [`app-${index}`, 'ui', 1] as const)
    const breaker = breakerOf({ polled: [victim], silent: [victim.uid], recentDeletions })
    assert.equal(breaker.isOpenFor(victim, 'ui'), false)
  })

  test('silent drivers in namespaces without the label → do not count for others', () => {
    const [victim] = inNamespaces('victim', ['a'])
    assert.ok(victim)
    const elsewhere = [...inNamespaces('x', ['unlabelled', 'b']), ...inNamespaces('y', ['unlabelled'])]
    const breaker = breakerOf({ polled: [victim, ...elsewhere], silent: [victim, ...elsewhere].map(({ uid }) => uid) })
    assert.equal(breaker.isOpenFor({ ...victim, node: 'node-2' }, 'ui'), false)
  })

  test('a node’s network fails for three namespaces → open for each of them', () => {
    const cut = inNamespaces('cut', ['a', 'b', 'c'], 'node-1')
    const well = inNamespaces('well', ['a', 'b', 'c', 'd'], 'node-2')
    const breaker = breakerOf({ polled: [...cut, ...well], silent: cut.map(({ uid }) => uid) })
    for (const driver of cut) assert.equal(breaker.isOpenFor(driver, 'ui'), true, driver.namespace)
  })

  test('the UI of the driver itself has never answered, and those of all others are silent → open', () => {
    const others = inNamespaces('cut', ['a', 'b', 'c', 'd', 'e'], 'node-1')
    const [driver] = inNamespaces('fresh', ['f'], 'node-2')
    assert.ok(driver)
    const well = inNamespaces('well', ['f'], 'node-3')
    const silent = [...others, driver].map(({ uid }) => uid)
    for (const polled of [others, [...others, driver], [...others, driver, ...well]]) {
      const breaker = breakerOf({ polled, silent, connecting: [], unanswered: [driver.uid] })
      assert.equal(breaker.isOpenFor(driver, 'ui'), true)
    }
    const one = breakerOf({ polled: others.slice(0, 1), silent, connecting: [], unanswered: [driver.uid] })
    assert.equal(one.isOpenFor(driver, 'ui'), true, 'no connection: one other namespace is enough')
    const [unknown] = inNamespaces('unknown', ['g'], 'node-2')
    assert.ok(unknown)
    const known = breakerOf({ polled: [unknown, ...inNamespaces('good', ['a', 'b'], 'node-3')], silent: [unknown.uid] })
    assert.equal(known.isOpenFor(unknown, 'ui'), false, 'the others answer')
  })
})
