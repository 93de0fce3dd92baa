import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { questions } from './questions.ts'

/**
 * Records the answers of a real Spark in test/data, where the tests read them. Run it by hand:
 * `node_modules/.bin/node test/cli/spark-conf/oracle/ask.ts JARS`. JARS is a directory with the jars of Spark, for example those of the
 * test cluster's image.
 */
const [jars] = process.argv.slice(2)
if (jars === undefined) {
  console.error('usage: node_modules/.bin/node test/cli/spark-conf/oracle/ask.ts JARS')
  process.exit(2)
}
const opens = ['java.lang', 'java.util', 'java.nio', 'sun.nio.ch'].map(
  (name) => `--add-opens=java.base/${name}=ALL-UNNAMED`,
)
const allQuestions = questions()
const answers = execFileSync('java', [...opens, '-cp', join(jars, '*'), join(import.meta.dirname, 'SparkPods.java')], {
  input: allQuestions.map((question) => JSON.stringify(question)).join('\n'),
  encoding: 'utf8',
  maxBuffer: 2 ** 26,
  stdio: ['pipe', 'pipe', 'ignore'],
})
  .trim()
  .split('\n')
if (answers.length !== allQuestions.length)
  throw new Error(`${answers.length} answers to ${allQuestions.length} questions`)
const file = join(import.meta.dirname, '../../../data/spark/answers.jsonl')
mkdirSync(dirname(file), { recursive: true })
const lines = allQuestions.map(
  (question, index) => `{"question":${JSON.stringify(question)},"answer":${answers[index]}}\n`,
)
writeFileSync(file, lines.join(''))
console.log(`${lines.length} answers of Spark in ${file}`)
