/**
 * Entry of `npm run score`: answers the recorded failures and manifests of the field with the command line, and prints how
 * many answers are right. `--verbose` lists the wrong ones, `--json` prints all figures as JSON.
 */
import { parseArgs } from 'node:util'
import { answerLogCases } from './logs.ts'
import { answerManifestCases } from './manifests.ts'
import { computeScore, renderScore } from './score.ts'

const { values } = parseArgs({ options: { verbose: { type: 'boolean' }, json: { type: 'boolean' } } })
const scores = [
  computeScore({ title: 'right causes on logs', answers: await answerLogCases() }),
  computeScore({ title: 'right answers on manifests', answers: await answerManifestCases() }),
]
if (values.json === true) console.log(JSON.stringify(scores, null, 2))
else for (const score of scores) console.log(renderScore(score, values.verbose === true))
