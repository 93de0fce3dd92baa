import assert from 'node:assert/strict'
import { test } from 'node:test'
import { categories } from '../../../../../cli/commands/check/categories.ts'
import type { CheckEvidence } from '../../../../../cli/commands/check/evidence.ts'
import type { CheckResult } from '../../../../../cli/commands/check/result.ts'
import { healthyEvidence, judged } from '../healthy-evidence.ts'

/** Of one check: evidence by what is wrong in it, what is then said, and of which kind. */
export type Table = Readonly<
  Record<
    string,
    readonly (readonly [wrong: string, evidence: CheckEvidence, kind: CheckResult['kind'], says?: RegExp])[]
  >
>

/** Tests each row, that all is well with healthy evidence, and that no check of the category was left out. */
export function testCategory(name: string, table: Table): void {
  const ids = categories.find((category) => category.name === name)?.checks.map(({ id }) => id)
  test('every check of the category → has rows in the table', () => assert.deepEqual(Object.keys(table), ids))
  for (const [id, rows] of Object.entries(table)) {
    test(`${id}: healthy evidence → ok`, () => assert.equal(judged(id, healthyEvidence).kind, 'ok'))
    for (const [wrong, evidence, kind, says = /./] of rows) {
      test(`${id}: ${wrong} → ${kind}`, () => {
        const result = judged(id, evidence)
        assert.equal(result.kind, kind, JSON.stringify(result))
        if (result.kind !== 'not-applicable' && result.kind !== 'ok') assert.match(result.detail, says)
      })
    }
  }
}
