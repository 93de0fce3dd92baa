import assert from 'node:assert/strict'
import { access, glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { anchorsOf } from '../docs/anchors.ts'
import { alerts, groups, recordingRules, rules } from './rule-file.ts'

const root = join(import.meta.dirname, '../..')
const sections = ['Meaning', 'Impact', 'Diagnosis', 'Mitigation']

interface PromtoolFile {
  readonly tests: readonly {
    readonly name: string
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[]
  }[]
}

const promtoolTests = await Promise.all(
  (await Array.fromAsync(glob('test/alerts/*.test.yaml', { cwd: root }))).map(
    async (name): Promise<PromtoolFile> => parse(await readFile(join(root, name), 'utf8')),
  ),
)
const expectations = promtoolTests.flatMap(({ tests }) => tests.flatMap((each) => each.alert_rule_test))

describe('alert rules', () => {
  test('all alerts, recording rules and groups → have unique names', () => {
    const names = [
      ...rules.map((rule) => ('alert' in rule ? rule.alert : rule.record)),
      ...groups.map(({ name }) => name),
    ]
    assert.equal(new Set(names).size, names.length)
  })

  for (const { alert, labels = {}, annotations = {} } of alerts) {
    test(`${alert} → has a severity, a summary and the next command`, () => {
      assert.ok(['critical', 'warning'].includes(labels.severity ?? ''), 'severity')
      assert.match(annotations.summary ?? '', /^(?:[A-Z]|spark-nanny ).{10,78}\.$/, 'summary')
      assert.doesNotMatch(annotations.summary ?? '', /\{\{/, 'the summary is the same for all, so that they group')
      assert.match(annotations.description ?? '', /spark-nanny (?:diagnose -n \S|check|inject)/, 'the next command')
    })

    test(`${alert} → its runbook page exists with all sections`, async () => {
      const [page = '', anchor] = (annotations.runbook_url ?? '').split('#')
      assert.match(page, /^docs\/runbooks\/[a-z-]+\.md$/)
      const text = await readFile(join(root, page), 'utf8')
      if (anchor !== undefined) assert.ok(anchorsOf(text).includes(anchor), `#${anchor}`)
      for (const section of sections) assert.match(text, new RegExp(`^## ${section}$`, 'm'))
      assert.ok(text.includes(alert), 'the page names the alert')
    })

    test(`${alert} → is tested both firing and not firing`, () => {
      const own = expectations.filter(({ alertname }) => alertname === alert)
      assert.ok(
        own.some(({ exp_alerts }) => exp_alerts.length > 0),
        'fires',
      )
      const tests = promtoolTests.flatMap(({ tests }) => tests)
      const quiet = tests.filter(
        ({ alert_rule_test: all }) =>
          all.some(({ alertname }) => alertname === alert) && all.every(({ exp_alerts }) => exp_alerts.length === 0),
      )
      assert.ok(quiet.length > 0, 'a test in which it never fires')
    })
  }

  test('each promtool expectation → names an existing alert', () => {
    const names = alerts.map(({ alert }) => alert)
    for (const { alertname } of expectations) assert.ok(names.includes(alertname), alertname)
  })

  test('alerts.yaml → contains no template of the chart', async () => {
    const text = await readFile(join(root, 'charts/spark-nanny/files/alerts.yaml'), 'utf8')
    for (const [template] of text.matchAll(/\{\{[^}]*\}\}/g))
      assert.doesNotMatch(template, /\.Values|\.Release|include/)
  })

  test('docs/runbooks/README.md → lists each page and each alert', async () => {
    const overview = await readFile(join(root, 'docs/runbooks/README.md'), 'utf8')
    for (const { alert } of alerts) assert.ok(overview.includes(`\`${alert}\``), alert)
    const pages = await Array.fromAsync(glob('*.md', { cwd: join(root, 'docs/runbooks') }))
    for (const page of pages) if (page !== 'README.md') assert.ok(overview.includes(`(${page})`), page)
    await access(join(root, 'docs/README.md'))
  })

  test('each recorded name → has the form level:metric:operation', () => {
    for (const { record } of recordingRules) assert.match(record, /^[a-z_]+:[a-z_]+:[a-z0-9_]+$/)
  })

  test('each rule that counts increases across resets → uses the same expression', () => {
    const counted = recordingRules.filter(({ expr }) => expr.includes('resets('))
    assert.equal(counted.length, 5)
    const forms = counted.map(({ expr }) => {
      const [metric = ''] = /(?<=increase\().+?(?=\[1h\])/.exec(expr) ?? []
      return expr
        .replaceAll(metric, 'METRIC')
        .replace(/^sum by \([^)]*\)/, 'sum')
        .replace(/\((?:sum_over_time\(up\{[^}]*\}|count_over_time\(spark_nanny_build_info)\[1h\]\)\)/, '(SCRAPES)')
    })
    assert.equal(new Set(forms).size, 1)
  })
})
