import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Finding } from '../../../cli/findings/findings.ts'
import { renderReport } from '../../../cli/render/render.ts'
import { outputForms, type Report } from '../../../cli/render/report.ts'
import { catalogue } from '../../../cli/rules/catalogue.ts'

const plain = (text: string) => text
const style = { green: plain, yellow: plain, red: plain, bold: plain, dim: plain }

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
  remedies: [{ kind: 'change', title: `do ${hostile}`, commands: [`kubectl get pod '${hostile}'`] }],
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
    test(`output as ${form} → control characters are removed`, () => {
      const text = renderReport(report, form, style)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the test asserts that control characters are absent
      assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f]/)
      // The formats for programs keep the text unchanged.
      if (form !== 'json' && form !== 'sarif') assert.doesNotMatch(text, /\u202e/)
      assert.match(text, /red/)
    })
  }

  test('Markdown → names are escaped, and no text can close a fence', () => {
    const text = renderReport(report, 'markdown', style)
    const outside = text.replace(/^ *(`{3,})text\n[\s\S]*?\n *\1$/gm, '').replace(/`[^`\n]+`/g, '')
    assert.doesNotMatch(outside, /<b>|[^\\]@everyone|```/)
    assert.match(text, /^````text\n/m)
  })

  test('JUnit → XML special characters are escaped', () => {
    const text = renderReport(report, 'junit', style)
    assert.doesNotMatch(text, /<b>|&"/)
    for (const [, name] of text.matchAll(/<\/?([a-z]+)/g)) {
      assert.match(name ?? '', /^(testsuites?|testcase|failure|error)$/)
    }
  })

  test('JSON and SARIF → valid JSON, and SARIF names its version', () => {
    assert.equal(JSON.parse(renderReport(report, 'json', style)).findings[0].id, finding.id)
    const sarif = JSON.parse(renderReport(report, 'sarif', style))
    assert.equal(sarif.version, '2.1.0')
    const [run] = sarif.runs
    assert.equal(run.results[0].ruleId, run.tool.driver.rules[run.results[0].ruleIndex].id)
    assert.equal(run.results[0].locations[0].physicalLocation.region.startLine, 3)
    assert.equal(run.invocations[0].toolExecutionNotifications.length, 1)
  })
})
