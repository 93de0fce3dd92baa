import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { answerManifestCases } from './manifests.ts'

/** Cases that are not answered right yet. The list only shrinks. */
const open: readonly string[] = []

describe('manifests of the field', async () => {
  for (const { name, kind, isRight, expected, got } of await answerManifestCases()) {
    if (open.includes(name))
      test(`${kind} ${name} → still open; take it off the list when it is right`, () => assert.ok(!isRight))
    else test(`${kind} ${name} → ${expected}`, () => assert.ok(isRight, got))
  }
})
