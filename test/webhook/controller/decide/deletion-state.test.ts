import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type DeletionEvent,
  type DeletionState,
  isDeletionRequested,
  nextDeletionState,
  noDeletion,
} from '../../../../webhook/controller/decide/deletion-state.ts'

const rows: readonly [string, readonly DeletionEvent[], DeletionState['kind'], boolean][] = [
  ['no event', [], 'none', false],
  ['the intent is recorded', ['intent-recorded'], 'intent-recorded', false],
  ['the intent cannot be recorded', ['not-carried-out'], 'revoked', false],
  ['the deletion is not needed any more', ['intent-recorded', 'not-carried-out'], 'revoked', false],
  ['the request is in progress', ['intent-recorded', 'request-sent'], 'requested', true],
  ['the request is refused', ['intent-recorded', 'request-sent', 'not-carried-out'], 'revoked', false],
  ['the response is lost', ['intent-recorded', 'request-sent', 'response-lost'], 'outcome-unknown', false],
  ['the request is accepted', ['intent-recorded', 'request-sent', 'confirmed'], 'confirmed', true],
  [
    'the watch shows a deletion whose response was lost',
    ['request-sent', 'response-lost', 'confirmed'],
    'confirmed',
    true,
  ],
  ['a retry begins', ['request-sent', 'response-lost', 'intent-recorded'], 'intent-recorded', false],
  ['a retry ends after the pod was deleted', ['response-lost', 'confirmed', 'not-carried-out'], 'confirmed', true],
]

describe('nextDeletionState', () => {
  for (const [condition, events, kind, requested] of rows) {
    test(`${condition} → ${kind}`, () => {
      const state = events.reduce(nextDeletionState, noDeletion)
      assert.equal(state.kind, kind)
      assert.equal(isDeletionRequested(state), requested)
    })
  }
})
