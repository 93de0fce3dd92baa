import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { listField, parseJson, textField, toRecord } from '../../core/json.ts'
import { runDiagnoseOn } from '../cli/commands/diagnose/run-diagnose.ts'
import type { Answer } from './score.ts'

const folder = join(import.meta.dirname, '../data/field/logs')

/** What `case.json` of a bundle expects of `spark-nanny diagnose`. */
interface LogCase {
  /** Letters of LOGS.md, or empty. */
  readonly kind: string
  /** Acceptable causes of the first finding. `none` means that the exit code must be 0. */
  readonly causes: readonly string[]
  /** Words that the first headline must contain, as a regular expression; empty if any headline will do. */
  readonly headline: string
}

async function readCase(name: string): Promise<LogCase> {
  const value = parseJson(await readFile(join(folder, name, 'case.json'), 'utf8'))
  const { also_acceptable: also } = toRecord(value)
  return {
    kind: textField(value, 'kind') ?? '',
    causes: [textField(value, 'expected_cause') ?? '', ...(Array.isArray(also) ? also.map(String) : [])],
    headline: textField(value, 'headline') ?? '',
  }
}

/** Diagnoses one bundle and compares the first finding with the expected cause. */
async function answerLogCase(name: string): Promise<Answer> {
  const { kind, causes, headline } = await readCase(name)
  const { stdout, exitCode } = await runDiagnoseOn(join(folder, name), '-o', 'json')
  const [first] = listField(parseJson(stdout), 'findings')
  const cause = textField(first, 'cause') ?? 'none'
  const title = textField(first, 'title') ?? 'no finding'
  const isQuiet = exitCode === 0
  const isNone = causes.includes('none') && isQuiet
  const isFound = first !== undefined && causes.includes(cause) && new RegExp(headline, 'i').test(title)
  return {
    name,
    kind,
    isRight: isNone || isFound,
    isHealthy: causes.includes('none'),
    expected: headline === '' ? causes.join(' or ') : `${causes.join(' or ')} with /${headline}/`,
    got: `${cause}: ${title} (exit code ${exitCode})`,
  }
}

/** Diagnoses all bundles of real failures, in the order of their names. */
export async function answerLogCases(): Promise<readonly Answer[]> {
  const answers: Answer[] = []
  for (const name of (await readdir(folder)).sort()) answers.push(await answerLogCase(name))
  return answers
}
