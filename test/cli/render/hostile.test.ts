import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Finding } from '../../../cli/findings/findings.ts'
import { formatOutput } from '../../../cli/io/output.ts'
import { renderReport } from '../../../cli/render/render.ts'
import { type OutputForm, outputForms, type Report } from '../../../cli/render/report.ts'
import { catalogue } from '../../../cli/rules/catalogue.ts'
import { createStyle } from '../../../cli/terminal/style.ts'
import { command } from '../../../core/shell-command.ts'
import { toVisibleLines } from '../../../core/visible-text.ts'

const style = createStyle({ env: {}, isTerminal: { stdout: false, stderr: false } }, true)
const render = (form: OutputForm) => formatOutput(renderReport(report, form, style))

/** Names and log lines can contain any text. */
const hostile = '\u001b[31mred\u001b[0m\u0007 <b>&"\' ``` ](javascript:x) @everyone \u202egnp'

const finding: Finding = {
  id: 'SPN-MEMORY-HEAP',
  cause: 'memory',
  severity: 'error',
  confidence: 'high',
  title: `title ${hostile}`,
  explanation: 'explanation',
  run: 'current',
  symptomOf: null,
  evidence: [{ source: 'driver.log', line: 3, excerpt: `\`\`\`\nexcerpt ${hostile}`, count: 2 }],
  details: {},
  remedies: [{ kind: 'change', title: `do ${hostile}`, commands: [command`kubectl get pod ${hostile}`] }],
  page: 'docs/findings/memory.md#spn-memory-heap',
}

const report: Report = {
  subject: { namespace: 'n', pod: `p ${hostile}`, application: null },
  version: '0.0.0',
  diagnosis: { state: 'failed', findings: [finding], unknown: [{ what: 'node', source: hostile, why: hostile }] },
  rules: catalogue,
  tail: [],
}

describe('renderReport with hostile names', () => {
  for (const form of outputForms) {
    test(`output as ${form} → control characters are escaped`, () => {
      const text = render(form)
      assert.equal(toVisibleLines(text), text)
      assert.doesNotMatch(text, /\t/)
      assert.match(text, /red/)
    })
  }

  test('Markdown → names are escaped, and no text can close a fence', () => {
    const text = render('markdown')
    const outside = text.replace(/^ *(`{3,})text\n[\s\S]*?\n *\1$/gm, '').replace(/`[^`\n]+`/g, '')
    assert.doesNotMatch(outside, /<b>|[^\\]@everyone|```/)
    assert.match(text, /^````text\n/m)
  })

  test('Markdown with a hostile subject → the headline stays one line', () => {
    const subject = { namespace: 'n', pod: 'p`\n\n# Nothing is wrong with it', application: null }
    const text = formatOutput(renderReport({ ...report, subject }, 'markdown', style))
    assert.match(text, /^## Driver `n\/p'\\n\\n# Nothing is wrong with it` has failed\n\n/)
  })

  test('SARIF → no message contains a link', () => {
    const [result] = JSON.parse(render('sarif')).runs[0].results
    assert.doesNotMatch(result.message.text, /[^\\][[\]]/)
  })

  test('JUnit → XML special characters are escaped', () => {
    const text = render('junit')
    assert.doesNotMatch(text, /<b>|&"/)
    for (const [, name] of text.matchAll(/<\/?([a-z]+)/g)) {
      assert.match(name ?? '', /^(testsuites?|testcase|failure|error)$/)
    }
  })

  test('JSON and SARIF → valid JSON, and SARIF names its version', () => {
    assert.equal(JSON.parse(render('json')).findings[0].id, finding.id)
    const sarif = JSON.parse(render('sarif'))
    assert.equal(sarif.version, '2.1.0')
    const [run] = sarif.runs
    assert.equal(run.results[0].ruleId, run.tool.driver.rules[run.results[0].ruleIndex].id)
    assert.equal(run.results[0].locations[0].physicalLocation.region.startLine, 3)
    assert.equal(run.invocations[0].toolExecutionNotifications.length, 1)
  })
})
