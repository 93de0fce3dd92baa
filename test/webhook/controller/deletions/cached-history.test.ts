import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type DeletionHistory, emptyHistory } from '../../../../core/contract/deletion-history.ts'
import {
  type CachedHistory,
  type HistoryEvent,
  isAhead,
  isRemoved,
  nextCachedHistory,
  resolveHistory,
  type ShownHistory,
} from '../../../../webhook/controller/deletions/cached-history.ts'

const history = (atMs: number, generation: number | null = 1): DeletionHistory => ({
  generation,
  deletions: [{ atMs, uid: `pod-${atMs}`, reason: 'ui hung: no response' }],
  quarantinedMs: null,
})
const none: CachedHistory = { kind: 'none' }
const cached = (
  kind: 'pending' | 'stored' | 'refused',
  atMs = 1,
  baseVersion: string | null = 'v1',
): CachedHistory => ({ kind, history: history(atMs), baseVersion })
const shown = (fields: Partial<ShownHistory> = {}): ShownHistory => ({
  history: history(5),
  isAnnotated: true,
  resourceVersion: 'v2',
  generation: 1,
  ...fields,
})

function describeDetail(event: HistoryEvent): string {
  if (event.kind === 'write-started') return ` (shown: ${event.isShown})`
  return event.kind === 'write-ended' ? ` (${event.result})` : ''
}

describe('nextCachedHistory', () => {
  const read: HistoryEvent = { kind: 'read', history: history(9) }
  const started = (isShown: boolean): HistoryEvent => ({
    kind: 'write-started',
    history: history(9),
    isShown,
    baseVersion: 'v9',
  })
  const ended = (result: 'written' | 'refused'): HistoryEvent => ({ kind: 'write-ended', result })
  const rows: readonly (readonly [CachedHistory['kind'], HistoryEvent, CachedHistory])[] = [
    ['none', read, cached('stored', 9, null)],
    ['pending', read, cached('stored', 9, null)],
    ['stored', read, cached('stored', 9, null)],
    ['refused', read, cached('stored', 9, null)],
    ['none', started(false), cached('pending', 9, 'v9')],
    ['pending', started(false), cached('pending', 9, 'v9')],
    ['stored', started(false), cached('pending', 9, 'v9')],
    ['refused', started(false), cached('refused', 9, 'v9')],
    ['none', started(true), cached('stored', 9, 'v9')],
    ['pending', started(true), cached('stored', 9, 'v9')],
    ['stored', started(true), cached('stored', 9, 'v9')],
    ['refused', started(true), cached('stored', 9, 'v9')],
    ['none', ended('written'), none],
    ['pending', ended('written'), cached('stored')],
    ['stored', ended('written'), cached('stored')],
    ['refused', ended('written'), cached('stored')],
    ['none', ended('refused'), none],
    ['pending', ended('refused'), cached('refused')],
    ['stored', ended('refused'), cached('refused')],
    ['refused', ended('refused'), cached('refused')],
    ['none', { kind: 'removed' }, none],
    ['pending', { kind: 'removed' }, none],
    ['stored', { kind: 'removed' }, none],
    ['refused', { kind: 'removed' }, none],
  ]
  for (const [from, event, expected] of rows) {
    const detail = describeDetail(event)
    test(`${from}, ${event.kind}${detail} → ${expected.kind}`, () => {
      assert.deepEqual(nextCachedHistory(from === 'none' ? none : cached(from), event), expected)
    })
  }
})

describe('resolveHistory', () => {
  const rows: readonly (readonly [string, CachedHistory, ShownHistory | undefined, DeletionHistory])[] = [
    ['nothing cached, nothing shown → empty', none, undefined, emptyHistory],
    ['nothing cached → the annotation', none, shown(), history(5)],
    ['the SparkApplication is unknown → the cache', cached('pending'), undefined, history(1)],
    [
      'the watch still shows the base version → the cache',
      cached('pending'),
      shown({ resourceVersion: 'v1' }),
      history(1),
    ],
    ['the watch shows another version → the annotation', cached('pending'), shown(), history(5)],
    ['the write was stored, another version → the annotation', cached('stored', 9), shown(), history(5)],
    ['a refused write is newer than the annotation → the cache', cached('refused', 9), shown(), history(9)],
    ['a refused write is older than the annotation → the annotation', cached('refused', 1), shown(), history(5)],
    [
      'another generation of the SparkApplication → empty',
      none,
      shown({ generation: 2 }),
      { ...emptyHistory, generation: 2 },
    ],
    [
      'the cache is of another generation → empty',
      cached('pending'),
      shown({ resourceVersion: 'v1', generation: 2 }),
      { ...emptyHistory, generation: 2 },
    ],
  ]
  for (const [name, state, annotation, expected] of rows) {
    test(name, () => assert.deepEqual(resolveHistory(state, annotation), expected))
  }

  test('a history that was read → is never ahead of the watch', () => {
    assert.equal(isAhead(cached('stored', 9, null), shown()), false)
  })
})

describe('isRemoved', () => {
  const without = shown({ history: emptyHistory, isAnnotated: false })
  const rows: readonly (readonly [string, CachedHistory, ShownHistory, boolean])[] = [
    ['nothing cached', none, without, false],
    ['the write may not have arrived', cached('pending'), without, false],
    ['the write was refused', cached('refused'), without, false],
    ['the API server had the annotation', cached('stored'), without, true],
    ['the watch does not show the write yet', cached('stored'), { ...without, resourceVersion: 'v1' }, false],
    ['the annotation is there', cached('stored'), shown(), false],
    ['there was no deletion to record', { kind: 'stored', history: emptyHistory, baseVersion: null }, without, false],
  ]
  for (const [condition, state, annotation, expected] of rows) {
    test(`${condition} → ${expected ? 'removed' : 'not removed'}`, () => {
      assert.equal(isRemoved(state, annotation), expected)
    })
  }
})
