import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type JournalEffect,
  type JournalEvent,
  type JournalState,
  nextJournalState,
} from '../../../../webhook/controller/act/journal-state.ts'

const none: JournalState = { kind: 'none' }
const intent: JournalState = { kind: 'intent-recorded' }
const notSent: JournalState = { kind: 'not-deleted', cause: 'not-sent' }
const refused: JournalState = { kind: 'not-deleted', cause: 'refused' }
const nowMs = 1_000_000
const unknown: JournalState = { kind: 'outcome-unknown', sinceMs: nowMs }

const outcome = (kind: 'not-sent' | 'refused' | 'unanswered', isPodPresent = true): JournalEvent => ({
  kind: 'outcome',
  outcome: kind,
  isPodPresent,
  nowMs,
})
const notNeeded = (waitedMs: number, { isTerminating = false, isOnRecord = true } = {}): JournalEvent => ({
  kind: 'no-longer-needed',
  isTerminating,
  isOnRecord,
  nowMs: nowMs + waitedMs,
  leadingSinceMs: nowMs,
})
const gone: JournalEvent = { kind: 'pod-gone' }
const checkedAt = (ms: number): JournalState => ({ kind: 'outcome-unknown', sinceMs: nowMs + ms })

const rows: readonly [string, JournalState, JournalEvent, JournalState, JournalEffect][] = [
  ['a deletion is recorded', none, { kind: 'intent' }, intent, 'none'],
  ['a refused deletion is tried again', refused, { kind: 'intent' }, intent, 'none'],
  ['a deletion with a lost response is tried again', unknown, { kind: 'intent' }, unknown, 'none'],
  ['no request is sent', intent, outcome('not-sent'), notSent, 'none'],
  ['no request is sent, and the pod is gone', intent, outcome('not-sent', false), none, 'revoke'],
  ['the request is refused', intent, outcome('refused'), refused, 'none'],
  ['the request is refused, and the pod is gone', intent, outcome('refused', false), intent, 'none'],
  ['the response is lost', intent, outcome('unanswered'), unknown, 'none'],
  ['a retry after a lost response is not sent', unknown, outcome('not-sent'), unknown, 'none'],
  ['a retry after a lost response is refused', unknown, outcome('refused', false), unknown, 'none'],
  ['not sent, not needed', notSent, notNeeded(0), none, 'revoke'],
  ['not sent, not needed, terminating', notSent, notNeeded(0, { isTerminating: true }), none, 'revoke'],
  ['refused, not needed', refused, notNeeded(0), none, 'revoke-if-pod-stays'],
  ['refused, not needed, terminating', refused, notNeeded(0, { isTerminating: true }), refused, 'none'],
  ['lost response, a moment later', unknown, notNeeded(119_999), unknown, 'none'],
  ['lost response, two minutes later', unknown, notNeeded(120_000), checkedAt(60_000), 'revoke-if-pod-stays'],
  ['checked a moment ago', checkedAt(60_000), notNeeded(150_000), checkedAt(60_000), 'none'],
  ['checked a minute ago', checkedAt(60_000), notNeeded(180_000), checkedAt(120_000), 'revoke-if-pod-stays'],
  ['an earlier leader’s record, a moment later', none, notNeeded(119_999), none, 'none'],
  ['an earlier leader’s record, two minutes later', none, notNeeded(120_000), checkedAt(60_000), 'revoke-if-pod-stays'],
  ['nothing is on record', none, notNeeded(120_000, { isOnRecord: false }), none, 'none'],
  ['on record, terminating', unknown, notNeeded(120_000, { isTerminating: true }), unknown, 'none'],
  ['not sent, and the pod is gone', notSent, gone, none, 'revoke'],
  ['refused, and the pod is gone', refused, gone, none, 'none'],
  ['lost response, and the pod is gone', unknown, gone, none, 'none'],
  ['recorded, and the pod is gone', intent, gone, none, 'none'],
]

describe('nextJournalState', () => {
  for (const [condition, state, event, expected, effect] of rows) {
    test(`${condition} → ${expected.kind}, effect ${effect}`, () => {
      assert.deepEqual(nextJournalState(state, event), { state: expected, effect })
    })
  }
})
