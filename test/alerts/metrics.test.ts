import assert from 'node:assert/strict'
import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { admissionReasons } from '../../core/contract/skip-reasons.ts'
import { dashboardExpressions, variableMetrics } from './dashboard-file.ts'
import { foreign, ownMetrics, seriesOf, targetLabels } from './known-metrics.ts'
import { selectorsOf } from './promql-selectors.ts'
import { recordingRules, rules } from './rule-file.ts'

const root = join(import.meta.dirname, '../..')
const foreignMetrics = new Map(Object.values(foreign).flatMap((bySource) => Object.entries(bySource)))
const expressions = [
  ...rules.map((rule) => ({ where: 'alert' in rule ? rule.alert : rule.record, expr: rule.expr })),
  ...dashboardExpressions,
]
const read = expressions.flatMap(({ where, expr }) => selectorsOf(expr).map((selector) => ({ where, ...selector })))

describe('metrics of alerts and dashboard', () => {
  test('each metric that alerts and dashboard read → exists', async (t) => {
    const known = new Set([
      ...(await ownMetrics(t)),
      ...foreignMetrics.keys(),
      ...recordingRules.map(({ record }) => record),
    ])
    for (const { metric, where } of read)
      assert.ok(known.has(metric), `${where} reads ${metric}, which is not exported`)
    assert.ok(variableMetrics.length >= 2)
    for (const metric of variableMetrics)
      assert.ok(known.has(metric), `a variable reads ${metric}, which is not exported`)
  })

  test('each file that creates metrics → is rendered by ownMetrics', async () => {
    const files = (await filesThatMakeMetrics()).map(({ file }) => file).toSorted()
    assert.deepEqual(
      files,
      ['webhook/controller/metrics/metrics.ts', 'webhook/server/metrics.ts'],
      'ownMetrics in known-metrics.ts must render these too',
    )
  })

  test('each listed and each recorded metric → is read by an expression', () => {
    const whole = new Set(read.map(({ metric }) => metric))
    for (const name of foreignMetrics.keys()) assert.ok(whole.has(name), name)
    for (const { record } of recordingRules) assert.ok(whole.has(record), record)
  })

  test('each matcher on a foreign metric → names one of its labels', () => {
    for (const { metric, matchers, where } of read) {
      const labels = foreignMetrics.get(metric)
      if (labels === undefined) continue
      for (const label of matchers.keys()) {
        assert.ok(labels.includes(label) || targetLabels.includes(label), `${where}: ${metric} has no ${label}`)
      }
    }
  })

  test('each admission reason in a matcher → exists in the webhook', () => {
    const matchers = read.flatMap(({ matchers }) => matchers.get('reason') ?? [])
    const ofAdmission = matchers.filter((matcher) => /internal-error/.test(matcher))
    assert.ok(ofAdmission.length >= 2)
    for (const matcher of ofAdmission) {
      for (const reason of matcher.replace(/^.*"(.*)"$/, '$1').split('|'))
        assert.ok(Object.hasOwn(admissionReasons, reason), reason)
    }
  })

  test('selectorsOf an expression → returns its metrics and matchers', () => {
    const names = (expression: string) => selectorsOf(expression).map(({ metric }) => metric)
    assert.deepEqual(names('sum by (a, b) (rate(x_total{a=~"b{1}",c!="d"}[5m])) / on (a) group_left () y offset 1h'), [
      'x_total',
      'y',
    ])
    assert.deepEqual(names('label_replace(a > 0, "b", "c", "", "") or absent(d) # e\nunless f:g:h'), [
      'a',
      'd',
      'f:g:h',
    ])
    assert.deepEqual(names('time() - 7 * 86400 < 1e9 + Inf'), [])
    assert.deepEqual(
      [...(selectorsOf('x{a="b", c=~"d|e"}')[0]?.matchers ?? [])],
      [
        ['a', 'a="b"'],
        ['c', 'c=~"d|e"'],
      ],
    )
    assert.deepEqual(seriesOf('# TYPE a counter\na 1\n# TYPE b histogram\n'), ['a', 'b_bucket', 'b_sum', 'b_count'])
  })
})

async function filesThatMakeMetrics() {
  const files = await Array.fromAsync(
    glob('{admission,certs,cli,cluster,core,kubernetes,sidecar,spark-ui,webhook}/**/*.ts', { cwd: root }),
  )
  const texts = await Promise.all(files.map(async (file) => ({ file, text: await readFile(join(root, file), 'utf8') })))
  return texts.filter(({ text }) => /from 'prom-client'/.test(text))
}
