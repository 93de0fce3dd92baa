import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PodsAnswer, Question } from './questions.ts'

export type Answered = { readonly question: Question; readonly answer: PodsAnswer & { readonly value?: string | null } }

/** The answers of a real Spark 4.0.1, recorded by ask.ts. */
export function sparkAnswers(): readonly Answered[] {
  return readFileSync(join(import.meta.dirname, '../../../data/spark/answers.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line): Answered => JSON.parse(line))
}
