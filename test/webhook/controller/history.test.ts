import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deletionRecord } from '../../../webhook/controller/deletions.ts'
import {
  backoffUntilMs,
  currentHistory,
  formatHistory,
  type History,
  noHistory,
  parseHistory,
  withDeletion,
} from '../../../webhook/controller/history.ts'
import { exhaustedScope } from '../../../webhook/controller/ledger.ts'
import { parsePause, pauseOf } from '../../../webhook/controller/pause.ts'
import type { KnownApplication } from '../../../webhook/kubernetes/spark-applications.ts'
import { defaultConfig } from './rig.ts'

const nowMs = Date.parse('2026-11-24T12:00:00Z')
const minuteMs = 60_000
const { rails } = defaultConfig
const deletion = (minutesAgo: number) => ({
  atMs: nowMs - minutesAgo * minuteMs,
  uid: `uid-${minutesAgo}`,
  reason: 'ui unresponsive: no answer',
})
const history = (...minutesAgo: readonly number[]): History => ({
  generation: 1,
  deletions: minutesAgo.map(deletion),
  quarantinedMs: null,
})

test('a history is written and read back', () => {
  const written = { ...history(30, 5), quarantinedMs: nowMs }
  assert.deepEqual(parseHistory(formatHistory(written)), written)
})

test('what cannot be read is none', () => {
  for (const text of [undefined, '', 'x', '[]', '{"actions":3}', '{"actions":[{"at":"never"}],"quarantined":"x"}']) {
    assert.deepEqual(parseHistory(text), noHistory)
  }
})

test('another version of the SparkApplication begins anew', () => {
  assert.deepEqual(currentHistory(history(5), 2).deletions, [])
  assert.equal(currentHistory(history(5), 1).deletions.length, 1)
  assert.equal(currentHistory(history(5), null).deletions.length, 1)
})

test('the delay doubles with each deletion within the window', () => {
  const delay = (of: History) => (backoffUntilMs(of, rails, nowMs) - nowMs) / minuteMs
  assert.equal(backoffUntilMs(noHistory, rails, nowMs), 0)
  assert.equal(delay(history(0)), 1)
  assert.equal(delay(history(30, 0)), 2)
  assert.equal(delay(history(40, 30, 0)), 4)
  assert.equal(delay(history(500, 61, 0)), 1)
})

test('the deletion that spends the budget quarantines the application', () => {
  assert.equal(withDeletion(history(30), deletion(0), 1, rails).quarantinedMs, null)
  assert.equal(withDeletion(history(40, 30), deletion(0), 1, rails).quarantinedMs, nowMs)
  assert.equal(withDeletion(history(90, 30), deletion(0), 1, rails).quarantinedMs, null, 'one is too long ago')
  assert.equal(withDeletion(history(40, 30), deletion(0), 2, rails).quarantinedMs, null, 'another version')
})

test('budgets, the narrowest first', () => {
  const entry = (namespace: string, application: string, minutesAgo = 1) => ({
    atMs: nowMs - minutesAgo * minuteMs,
    namespace,
    application,
    uid: `${application}-${minutesAgo}`,
  })
  const driver = { namespace: 'a', application: 'x' }
  const scope = (entries: readonly ReturnType<typeof entry>[]) =>
    exhaustedScope(entries, driver, { ...rails, perApplication: 2, perNamespace: 3, perCluster: 4 }, nowMs)
  assert.equal(scope([entry('a', 'x')]), null)
  assert.equal(scope([entry('a', 'x'), entry('a', 'x')]), 'application')
  assert.equal(scope([entry('a', 'x'), entry('a', 'x', 61)]), null)
  assert.equal(scope([entry('b', 'x'), entry('b', 'x')]), null, 'of the same name elsewhere')
  assert.equal(scope([entry('a', 'y'), entry('a', 'z'), entry('a', 'w')]), 'namespace')
  assert.equal(scope(['b', 'c', 'd', 'e'].map((name) => entry(name, 'y'))), 'cluster')
})

const known = (annotations: Readonly<Record<string, string>>, generation = 1): KnownApplication => ({
  uid: 'uid',
  resourceVersion: '1',
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

test('a quarantine ends when a person removes the annotation, but not before it was seen to be there', () => {
  const record = deletionRecord(rails)
  const driver = { namespace: 'a', application: 'x', uid: 'next' }
  let text = ''
  for (const minutesAgo of [30, 20, 0]) text = record.note(driver, known({}), deletion(minutesAgo))
  assert.equal(record.limits(driver, known({}), nowMs).quarantined, true, 'the cache does not show it yet')
  assert.equal(record.limits(driver, known({ 'spark-nanny.io/actions': text }), nowMs).quarantined, true)
  const cleared = record.limits(driver, known({}), nowMs)
  assert.deepEqual(cleared, { quarantined: false, backoffUntilMs: 0, exhausted: null })
})

test('a deletion that is on record does not stand in the way of itself, and counts once', () => {
  const record = deletionRecord(rails)
  const driver = { namespace: 'a', application: 'x', uid: 'uid-0' }
  for (const minutesAgo of [30, 20]) record.note(driver, known({}), deletion(minutesAgo))
  record.note(driver, known({}), deletion(0))
  const text = record.note(driver, known({}), { ...deletion(0), atMs: nowMs + 1_000 })
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

test('a quarantine ends with another version of the SparkApplication, and outlives the controller', () => {
  const before = deletionRecord(rails)
  const driver = { namespace: 'a', application: 'x', uid: 'next' }
  let text = ''
  for (const minutesAgo of [30, 20, 0]) text = before.note(driver, known({}), deletion(minutesAgo))
  const annotations = { 'spark-nanny.io/actions': text }
  const after = deletionRecord(rails)
  after.load([known(annotations)])
  assert.equal(after.limits(driver, known(annotations), nowMs + 5 * 3_600_000).quarantined, true)
  assert.equal(after.limits(driver, known(annotations), nowMs).exhausted, 'application')
  const lately = (by: 'ui' | 'sidecar') =>
    after.lately(by, { sinceMs: nowMs - 25 * minuteMs, own: undefined, counted: new Set() })
  assert.deepEqual([lately('ui'), lately('sidecar')], [1, 0], 'of two, one application')
  assert.deepEqual([...after.quarantined([known(annotations)])], [['a', 1]])
  assert.equal(after.limits(driver, known(annotations, 2), nowMs).quarantined, false)
})

test('a pause: a time, and why', () => {
  assert.deepEqual(parsePause('2026-11-24T18:00:00Z the network is rebuilt'), {
    untilMs: Date.parse('2026-11-24T18:00:00Z'),
    reason: 'the network is rebuilt',
  })
  assert.equal(parsePause('2026-11-24T18:00+02:00')?.untilMs, Date.parse('2026-11-24T16:00:00Z'))
  for (const text of ['', 'tomorrow', '2026-11-24', 'until 2026-11-24T18:00:00Z'])
    assert.equal(parsePause(text), undefined)
})

test('a pause holds until its time; one that cannot be read holds', () => {
  const paused = (text: string) => ({ 'spark-nanny.io/paused-until': text })
  assert.equal(pauseOf(nowMs, undefined, {}, paused('2026-11-24T11:59:00Z')), null)
  assert.equal(pauseOf(nowMs, undefined, {}, paused('2026-11-24T12:01:00Z x'))?.reason, 'x')
  assert.equal(pauseOf(nowMs, paused('soon'))?.untilMs, null)
})
