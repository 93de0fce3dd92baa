import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createJudgement } from '../../../core/verdict/judge.ts'
import type { policy } from './judged-samples.ts'
import { describeVerdict, judgeSteps, type Step } from './observations.ts'

export interface VerdictRow {
  readonly what: string
  readonly steps: readonly Step[]
  readonly verdict: string
  readonly deadlines?: Partial<typeof policy>
}

/** One test for each row: the verdict after its steps. `answered`: whether the UI is known to have answered before them. */
export function testVerdicts(name: string, rows: readonly VerdictRow[], answered = false): void {
  describe(name, () => {
    for (const { what, steps, verdict, deadlines } of rows) {
      test(`${what} → ${verdict}`, () => {
        assert.equal(describeVerdict(judgeSteps(steps, deadlines, createJudgement(0, { answered }))), verdict)
      })
    }
  })
}
