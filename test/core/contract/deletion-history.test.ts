import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { KnownApplication } from '../../../cluster/spark-applications.ts'
import {
  backoffUntilMs,
  currentHistory,
  type DeletionHistory,
  emptyHistory,
  formatHistory,
  maxDeletionsKept,
  parseHistory,
  withDeletion,
} from '../../../core/contract/deletion-history.ts'
import { findPause, parsePause } from '../../../core/settings/pause.ts'
import { findExhaustedScope, maxClusterOverrun } from '../../../webhook/controller/deletions/deletion-budget.ts'
import { createDeletionTracker } from '../../../webhook/controller/deletions/deletion-tracker.ts'
import { defaultConfig } from '../../webhook/controller/controller-harness.ts'

const nowMs = Date.parse('2026-11-24T12:00:00Z')
const minuteMs = 60_000
const { safeguards } = defaultConfig
const deletion = (minutesAgo: number) => ({
  atMs: nowMs - minutesAgo * minuteMs,
  uid: `uid-${minutesAgo}`,
  reason: 'ui unresponsive: no answer',
})
const history = (...minutesAgo: readonly number[]): DeletionHistory => ({
  generation: 1,
  deletions: minutesAgo.map(deletion),
  quarantinedMs: null,
})

describe('deletion history', () => {
  test('a formatted history → parses as the same history', () => {
    const written = { ...history(30, 5), quarantinedMs: nowMs }
    assert.deepEqual(parseHistory(formatHistory(written)), written)
  })

  test('a missing or malformed text → the empty history', () => {
    for (const text of [undefined, '', 'x', '[]', '{"actions":3}', '{"actions":[{"at":"never"}],"quarantined":"x"}']) {
      assert.deepEqual(parseHistory(text), emptyHistory)
    }
  })

  test('another generation of the SparkApplication → an empty history', () => {
    assert.deepEqual(currentHistory(history(5), 2).deletions, [])
    assert.equal(currentHistory(history(5), 1).deletions.length, 1)
    assert.equal(currentHistory(history(5), null).deletions.length, 1)
  })

  test('each deletion within the window → doubles the backoff', () => {
    const delay = (of: DeletionHistory) => (backoffUntilMs(of, safeguards, nowMs) - nowMs) / minuteMs
    assert.equal(backoffUntilMs(emptyHistory, safeguards, nowMs), 0)
    assert.equal(delay(history(0)), 1)
    assert.equal(delay(history(30, 0)), 2)
    assert.equal(delay(history(40, 30, 0)), 4)
    assert.equal(delay(history(500, 61, 0)), 1)
  })

  test('the deletion that exhausts the budget → quarantines the application', () => {
    assert.equal(withDeletion(history(30), deletion(0), 1, safeguards).quarantinedMs, null)
    assert.equal(withDeletion(history(40, 30), deletion(0), 1, safeguards).quarantinedMs, nowMs)
    assert.equal(withDeletion(history(90, 30), deletion(0), 1, safeguards).quarantinedMs, null, 'one is too long ago')
    assert.equal(withDeletion(history(40, 30), deletion(0), 2, safeguards).quarantinedMs, null, 'another version')
  })

  test('the maximum budget of an application → is exhausted by as many deletions as are kept', () => {
    const greatest = { ...safeguards, perApplication: maxDeletionsKept }
    let of = emptyHistory
    const quarantined = Array.from({ length: maxDeletionsKept }, (_, index) => {
      of = withDeletion(of, deletion(30 - index), 1, greatest)
      return of.quarantinedMs !== null
    })
    assert.equal(quarantined.indexOf(true), maxDeletionsKept - 1)
    assert.deepEqual(parseHistory(formatHistory(of)), of)
  })

  test('several exhausted budgets → the narrowest scope', () => {
    const entry = (namespace: string, application: string, minutesAgo = 1) => ({
      atMs: nowMs - minutesAgo * minuteMs,
      namespace,
      application,
      uid: `${application}-${minutesAgo}`,
    })
    const driver = { namespace: 'a', application: 'x' }
    const scope = (entries: readonly ReturnType<typeof entry>[]) =>
      findExhaustedScope(entries, driver, { ...safeguards, perApplication: 2, perNamespace: 3, perCluster: 4 }, nowMs)
    assert.equal(scope([entry('a', 'x')]), null)
    assert.equal(scope([entry('a', 'x'), entry('a', 'x')]), 'application')
    assert.equal(scope([entry('a', 'x'), entry('a', 'x', 61)]), null)
    assert.equal(scope([entry('b', 'x'), entry('b', 'x')]), null, 'the same name in another namespace')
    const lapsed = { ...entry('a', 'x'), lapsed: true }
    assert.equal(scope([lapsed, lapsed]), null)
    assert.equal(scope([lapsed, lapsed, lapsed]), 'namespace', 'lapsed deletions still count for the namespace')
    assert.equal(scope([entry('a', 'y'), entry('a', 'z'), entry('a', 'w')]), 'namespace')
    assert.equal(scope(['b', 'c', 'd', 'e'].map((name) => entry(name, 'y'))), 'cluster')
  })

  const known = (
    annotations: Readonly<Record<string, string>>,
    generation = 1,
    resourceVersion = '1',
  ): KnownApplication => ({
    uid: 'uid',
    resourceVersion,
    generation,
    attempts: 1,
    application: {
      operator: 'kubeflow',
      namespace: 'a',
      name: 'x',
      annotations,
      sparkConf: {},
      restartPolicy: { kind: 'always' },
    },
  })

  test('a record that is not loaded → the budget is unknown', () => {
    const record = createDeletionTracker(safeguards)
    const driver = { namespace: 'a', application: 'x', uid: 'next' }
    assert.equal(record.limits(driver, known({}), nowMs).exhausted, 'unknown')
    record.load([], nowMs)
    assert.equal(record.limits(driver, known({}), nowMs).exhausted, null)
  })

  const unlimited = { quarantined: false, backoffUntilMs: 0, exhausted: null }

  /** Deletions of one application, each written; `version` is that of the SparkApplication that the cache shows. */
  function record() {
    const deletions = createDeletionTracker(safeguards)
    deletions.load([], nowMs)
    const driver = { namespace: 'a', application: 'x', uid: 'next' }
    let version = 1
    let text: string | undefined
    const shown = (generation = 1) =>
      known(text === undefined ? {} : { 'spark-nanny.io/actions': text }, generation, String(version))
    const isWritten = (written: string | undefined) => {
      text = written
      version += 1
    }
    return {
      shown,
      isWritten,
      limits: (atMs = nowMs, generation = 1) => deletions.limits(driver, shown(generation), atMs),
      note: (minutesAgo: number, answer?: 'written' | 'refused') => {
        const written = deletions.record(driver, shown(), deletion(minutesAgo))
        if (answer !== undefined) deletions.recordWriteResult(driver, answer)
        return written
      },
    }
  }

  for (const isSeen of [true, false]) {
    test(`a user removes the annotation ${isSeen ? 'after' : 'before'} the cache shows it → the quarantine ends, once per window`, () => {
      const { note, limits, isWritten } = record()
      for (const minutesAgo of [30, 20]) isWritten(note(minutesAgo, 'written'))
      const text = note(0, 'written')
      assert.equal(limits().quarantined, true, 'the cache does not show it yet')
      isWritten(text)
      if (isSeen) assert.equal(limits().quarantined, true)
      isWritten(undefined)
      assert.deepEqual(limits(), unlimited)
      for (const minutesAgo of [-1, -2, -3]) isWritten(note(minutesAgo, 'written'))
      isWritten(undefined)
      const again = limits(nowMs + 3 * minuteMs)
      assert.deepEqual([again.quarantined, again.exhausted], [false, 'application'], 'only once per window')
    })
  }

  test('an annotation that is removed repeatedly → the budget still holds', () => {
    const { note, limits, isWritten } = record()
    const outcomes = [0, 1, 2, 3, 4, 5].map((minute) => {
      const { exhausted } = limits(nowMs + minute * minuteMs)
      if (exhausted !== null) return exhausted
      isWritten(note(-minute, 'written'))
      isWritten(undefined)
      return 'deleted'
    })
    assert.deepEqual(outcomes, ['deleted', 'deleted', 'deleted', 'application', 'application', 'application'])
    assert.equal(limits(nowMs + 70 * minuteMs).exhausted, null, 'until the window is over')
  })

  test('another generation of the SparkApplication → resets the application’s budget', () => {
    const { note, limits, isWritten } = record()
    for (const minutesAgo of [30, 20, 0]) isWritten(note(minutesAgo, 'written'))
    assert.deepEqual(limits(nowMs, 2), unlimited)
  })

  test('a forbidden write → the deletion is kept in memory until the generation changes', () => {
    const { note, limits, isWritten } = record()
    for (const minutesAgo of [30, 20, 0]) {
      note(minutesAgo, 'refused')
      isWritten(undefined)
    }
    assert.equal(limits().quarantined, true)
    assert.equal(limits(nowMs, 2).quarantined, false)
  })

  test('a deletion on record → does not block its own retry, and counts once', () => {
    const record = createDeletionTracker(safeguards)
    record.load([], nowMs)
    const driver = { namespace: 'a', application: 'x', uid: 'uid-0' }
    for (const minutesAgo of [30, 20]) record.record(driver, known({}), deletion(minutesAgo))
    record.record(driver, known({}), deletion(0))
    const text = record.record(driver, known({}), { ...deletion(0), atMs: nowMs + 1_000 })
    const annotated = known({ 'spark-nanny.io/actions': text })
    assert.equal(parseHistory(text).deletions.length, 3)
    assert.equal(record.isOnRecord(driver, annotated), true)
    assert.equal(record.isOnRecord({ ...driver, uid: 'next' }, annotated), false)
    for (const shown of [known({}), annotated]) {
      const { quarantined, exhausted, backoffUntilMs } = record.limits(driver, shown, nowMs)
      assert.deepEqual({ quarantined, exhausted }, { quarantined: false, exhausted: null })
      assert.ok(backoffUntilMs < nowMs)
      const next = record.limits({ ...driver, uid: 'next' }, shown, nowMs)
      assert.deepEqual([next.quarantined, next.exhausted], [true, 'application'])
    }
  })

  test('a quarantine → survives a restart of the controller and ends with another generation', () => {
    const before = createDeletionTracker(safeguards)
    const driver = { namespace: 'a', application: 'x', uid: 'next' }
    let text = ''
    for (const minutesAgo of [30, 20, 0]) text = before.record(driver, known({}), deletion(minutesAgo))
    const annotations = { 'spark-nanny.io/actions': text }
    const after = createDeletionTracker(safeguards)
    after.load([known(annotations)], nowMs)
    assert.equal(after.limits(driver, known(annotations), nowMs + 5 * 3_600_000).quarantined, true)
    assert.equal(after.limits(driver, known(annotations), nowMs).exhausted, 'application')
    const lately = (source: 'ui' | 'sidecar') =>
      after.countRecentApplications(source, { sinceMs: nowMs - 25 * minuteMs, own: undefined, counted: new Set() })
    assert.deepEqual([[...lately('ui')], [...lately('sidecar')]], [[['a', 1]], []], 'of two, one application')
    assert.deepEqual([...after.quarantined([known(annotations)])], [['a', 1]])
    assert.equal(after.limits(driver, known(annotations, 2), nowMs).quarantined, false)
  })

  const forgedApplication = (namespace: string, name: string, actions: readonly object[]) => {
    const { application, ...others } = known({ 'spark-nanny.io/actions': JSON.stringify({ generation: 1, actions }) })
    return { ...others, application: { ...application, namespace, name } }
  }
  const forge = (atMs: number, reason = 'ui unresponsive: timeout') =>
    Array.from({ length: 10 }, (_, index) => ({
      at: new Date(atMs - index).toISOString(),
      action: 'delete-pod',
      pod: `pod-${index}`,
      reason,
    }))

  test('a tenant dates records after now → they do not count, except for a small skew of clocks', () => {
    const year2099Ms = Date.parse('2099-01-01T00:00:00Z')
    for (const [atMs, counted] of [
      [year2099Ms, 0],
      [nowMs + 6 * minuteMs, 0],
      [nowMs + minuteMs, safeguards.perApplication],
    ] as const) {
      const deletions = createDeletionTracker(safeguards)
      deletions.load([forgedApplication('tenant', 'app', forge(atMs))], nowMs)
      assert.equal(deletions.usage(nowMs).get('tenant') ?? 0, counted)
      const which = { sinceMs: nowMs - minuteMs, own: undefined, counted: new Set<string>() }
      assert.equal(deletions.countRecentApplications('ui', which).get('tenant') ?? 0, counted === 0 ? 0 : 1)
      const afterWindow = nowMs + safeguards.windowMs
      assert.deepEqual([...deletions.usage(afterWindow)], [], 'a skewed date is over when the window is')
    }
  })

  test('a tenant forges thousands of records → they count as the shares of its applications and namespaces', () => {
    const applications = ['t1', 't2', 't3'].flatMap((namespace) =>
      Array.from({ length: 200 }, (_, index) => forgedApplication(namespace, `app-${index}`, forge(nowMs - minuteMs))),
    )
    const deletions = createDeletionTracker(safeguards)
    deletions.load(applications, nowMs)
    const { perNamespace } = safeguards
    for (const namespace of ['t1', 't2', 't3']) assert.ok((deletions.usage(nowMs).get(namespace) ?? 0) <= perNamespace)
    const limits = (namespace: string) =>
      deletions.limits({ namespace, application: 'y', uid: 'victim' }, undefined, nowMs).exhausted
    assert.deepEqual([limits('victim'), limits('t1')], [null, 'namespace'])
  })

  test('three namespaces spend the budget of the cluster → a fourth still has a share, which is bounded', () => {
    const deletions = createDeletionTracker(safeguards)
    deletions.load([], nowMs)
    const spend = (namespace: string, index: number) => {
      const driver = { namespace, application: `app-${index}`, uid: `${namespace}-${index}` }
      const { exhausted } = deletions.limits(driver, undefined, nowMs)
      if (exhausted === null) {
        deletions.record(driver, undefined, { atMs: nowMs, uid: driver.uid, reason: 'ui unresponsive: timeout' })
      }
      return exhausted
    }
    for (const namespace of ['t1', 't2', 't3']) {
      for (let index = 0; index < safeguards.perNamespace; index += 1) assert.equal(spend(namespace, index), null)
    }
    const results = Array.from({ length: 10 }, (_, index) => spend('victim', index))
    assert.equal(results.indexOf('cluster'), Math.floor(safeguards.perCluster / 4))
  })

  test('any order of deletions → no namespace exceeds its budget, and as many namespaces as the budget of the cluster act', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 200 }), (order) => {
        const entries: Parameters<typeof findExhaustedScope>[0][number][] = []
        order.forEach((number, index) => {
          const driver = { namespace: `n${number}`, application: `app-${index}` }
          const scope = findExhaustedScope(entries, driver, safeguards, nowMs)
          if (scope === null) entries.push({ ...driver, atMs: nowMs, uid: String(index) })
          const isFirst = !entries.some(({ namespace, uid }) => namespace === driver.namespace && uid !== String(index))
          const others = new Set(entries.map(({ namespace }) => namespace)).size
          const hasRoom = entries.length < maxClusterOverrun * safeguards.perCluster
          if (isFirst && hasRoom && others < safeguards.perCluster) assert.equal(scope, null)
        })
        const counts = Map.groupBy(entries, ({ namespace }) => namespace)
        for (const used of counts.values()) assert.ok(used.length <= safeguards.perNamespace)
        assert.ok(counts.size <= safeguards.perCluster)
        assert.ok(entries.length <= maxClusterOverrun * safeguards.perCluster)
      }),
    )
  })

  test('SparkApplications that cannot be listed → nothing is deleted there for a window, and then only known ones', () => {
    const deletions = createDeletionTracker(safeguards)
    const exhausted = (namespace: string, isKnown: boolean, atMs: number) =>
      deletions.limits({ namespace, application: 'x', uid: 'next' }, isKnown ? known({}) : undefined, atMs).exhausted
    deletions.load([], nowMs, 'all')
    const laterMs = nowMs + safeguards.windowMs + 5 * minuteMs
    assert.deepEqual([exhausted('a', true, nowMs), exhausted('a', true, laterMs - 1)], ['unknown', 'unknown'])
    assert.deepEqual([exhausted('a', true, laterMs), exhausted('a', false, laterMs)], [null, 'unknown'])
    deletions.load([], laterMs)
    assert.equal(exhausted('a', false, laterMs), null)
  })

  test('namespaces that cannot be listed → count as spent for others, until their records are loaded', () => {
    const few = { ...safeguards, perApplication: 2, perNamespace: 3, perCluster: 4 }
    const deletions = createDeletionTracker(few)
    const exhausted = (namespace: string, application = 'y') =>
      deletions.limits({ namespace, application, uid: 'next' }, undefined, nowMs).exhausted
    const late = ['b', 'c'].map((namespace) => forgedApplication(namespace, 'x', forge(nowMs - minuteMs).slice(0, 2)))
    deletions.load([], nowMs, new Set(['b', 'c']))
    assert.deepEqual([exhausted('a'), exhausted('b')], [null, 'unknown'])
    deletions.record({ namespace: 'a', application: 'x' }, undefined, { atMs: nowMs, uid: 'first', reason: '' })
    assert.equal(exhausted('a'), 'cluster')
    deletions.load(late, nowMs, new Set(['c']))
    assert.deepEqual([exhausted('b', 'x'), exhausted('b'), exhausted('c')], ['application', 'cluster', 'unknown'])
    deletions.load(late, nowMs)
    assert.deepEqual([...deletions.usage(nowMs)].toSorted(), [
      ['a', 1],
      ['b', 2],
      ['c', 2],
    ])
    deletions.load(late, nowMs)
    assert.equal(deletions.usage(nowMs).get('c'), 2, 'nothing is loaded twice')
  })

  test('many namespaces take their shares in turn → at most twice the budget of the cluster', () => {
    const entries: Parameters<typeof findExhaustedScope>[0][number][] = []
    for (let namespace = 0; namespace < 40; namespace += 1) {
      for (let index = 0; index < safeguards.perNamespace; index += 1) {
        const driver = { namespace: `n${namespace}`, application: `app-${index}` }
        if (findExhaustedScope(entries, driver, safeguards, nowMs) !== null) break
        entries.push({ ...driver, atMs: nowMs, uid: `${namespace}-${index}` })
      }
    }
    assert.ok(entries.length <= 2 * safeguards.perCluster, String(entries.length))
  })

  test('a record that is too long, or with long texts → nothing, or the start of the texts', () => {
    const long = 'x'.repeat(5_000)
    const text = JSON.stringify({
      generation: 1,
      actions: [{ at: new Date(nowMs).toISOString(), pod: long, reason: long }],
    })
    const [parsed] = parseHistory(text).deletions
    assert.deepEqual([parsed?.uid.length, parsed?.reason.length], [64, 400])
    assert.deepEqual(parseHistory(`${text.slice(0, -1)},"x":"${'x'.repeat(20_000)}"}`), emptyHistory)
  })

  test('a pause annotation → parses as a time and a reason', () => {
    assert.deepEqual(parsePause('2026-11-24T18:00:00Z the network is rebuilt'), {
      untilMs: Date.parse('2026-11-24T18:00:00Z'),
      reason: 'the network is rebuilt',
    })
    assert.equal(parsePause('2026-11-24T18:00+02:00')?.untilMs, Date.parse('2026-11-24T16:00:00Z'))
    for (const text of ['', 'tomorrow', '2026-11-24', 'until 2026-11-24T18:00:00Z'])
      assert.equal(parsePause(text), undefined)
  })

  test('a pause → holds until its time, and without an end if it is malformed', () => {
    const paused = (text: string) => ({ 'spark-nanny.io/paused-until': text })
    assert.equal(findPause(nowMs, undefined, {}, paused('2026-11-24T11:59:00Z')), null)
    assert.equal(findPause(nowMs, undefined, {}, paused('2026-11-24T12:01:00Z x'))?.reason, 'x')
    assert.equal(findPause(nowMs, paused('soon'))?.untilMs, null)
  })
})
