import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { answerLogCases } from './logs.ts'

/** Cases that are not answered right yet. The list only shrinks. */
const notYet: ReadonlySet<string> = new Set<string>()

describe('diagnose on failures of the field', async () => {
  for (const { name, isRight, isHealthy, expected, got } of await answerLogCases()) {
    const promise = isHealthy ? 'no error' : 'the expected cause'
    test(`${name} → ${notYet.has(name) ? 'not right yet' : promise}`, () =>
      assert.equal(
        isRight,
        !notYet.has(name),
        isRight ? 'answered right now: remove it from notYet' : `expected ${expected}; got ${got}`,
      ))
  }
})
