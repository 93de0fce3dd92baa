import assert from 'node:assert/strict'
import { test } from 'node:test'
import { categories } from '../../../../../cli/commands/check/categories.ts'
import type { CheckEvidence } from '../../../../../cli/commands/check/evidence.ts'
import type { CheckResult } from '../../../../../cli/commands/check/result.ts'
import { healthyEvidence, runCheck } from '../healthy-evidence.ts'

/** The rows of each check: a condition, evidence with that condition, the kind of the result, and a part of its detail. */
export type Table = Readonly<
  Record<
    string,
    readonly (readonly [condition: string, evidence: CheckEvidence, kind: CheckResult['kind'], detail?: RegExp])[]
  >
>

/** Tests each row, tests that healthy evidence passes, and tests that the table has every check of the category. */
export function testCategory(name: string, table: Table): void {
  const ids = categories.find((category) => category.name === name)?.checks.map(({ id }) => id)
  test('every check of the category → has rows in the table', () => assert.deepEqual(Object.keys(table), ids))
  for (const [id, rows] of Object.entries(table)) {
    test(`${id}: healthy evidence → ok`, () => assert.equal(runCheck(id, healthyEvidence).kind, 'ok'))
    for (const [condition, evidence, kind, detail = /./] of rows) {
      test(`${id}: ${condition} → ${kind}`, () => {
        const result = runCheck(id, evidence)
        assert.equal(result.kind, kind, JSON.stringify(result))
        if (result.kind !== 'not-applicable' && result.kind !== 'ok') assert.match(result.detail, detail)
      })
    }
  }
}
