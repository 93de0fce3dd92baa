import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  formatRecoveries,
  hasActed,
  parseRecoveries,
  type Recovery,
  withRecovery,
} from '../../../../../cli/commands/recover/facts/recoveries.ts'

const recovery: Recovery = {
  id: 'a',
  by: 'ann',
  atMs: 1_000,
  cause: 'SPN-MEMORY-HEAP',
  remedy: 'spark.driver.memory 1g → 1536m',
  steps: ['patch-application'],
  generation: 3,
  pod: 'p',
  outcome: 'started',
  endedMs: null,
}

describe('recovery records', () => {
  test('formatted records → parsed unchanged, and the last five are kept', () => {
    const ended = { ...recovery, outcome: 'recovered', endedMs: 2_000 } as const
    assert.deepEqual(parseRecoveries(formatRecoveries([recovery])), [recovery])
    assert.deepEqual(parseRecoveries(formatRecoveries(withRecovery([recovery], ended))), [ended])
    const many = Array.from({ length: 8 }, (_, index) => ({ ...recovery, id: String(index), atMs: index }))
    assert.deepEqual(
      parseRecoveries(formatRecoveries(many)).map(({ id }) => id),
      ['3', '4', '5', '6', '7'],
    )
  })

  for (const text of [
    undefined,
    '',
    'no JSON',
    '{}',
    '[1, null, {"id": "a"}]',
    '[{"id":"a","cause":"c","at":"never","outcome":"failed"}]',
  ]) {
    test(`annotation ${JSON.stringify(text)} → no records`, () => assert.deepEqual(parseRecoveries(text), []))
  }

  const acted: readonly (readonly [
    condition: string,
    recovery: Partial<Recovery>,
    generation: number | null,
    pod: string | null,
    expected: boolean,
  ])[] = [
    ['the generation has changed', {}, 4, 'p', true],
    ['the generation is the same, but the pod no longer exists', {}, 3, null, false],
    ['the generation is unknown', {}, null, null, false],
    ['the only step deletes a pod, and the pod exists', { steps: ['delete-pod'] }, 4, 'p', false],
    ['the only step deletes a pod, and the pod no longer exists', { steps: ['delete-pod'] }, 3, null, true],
    ['only the first of two steps was run', { steps: ['delete-pod', 'patch-application'] }, 3, null, false],
  ]
  for (const [condition, more, generation, pod, expected] of acted) {
    test(`${condition} → ${expected ? 'has acted' : 'has not acted'}`, () =>
      assert.equal(hasActed({ ...recovery, ...more }, generation, pod), expected))
  }
})
