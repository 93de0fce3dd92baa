import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { stringify } from 'yaml'
import { dashboardExpressions } from '../../alerts/dashboard-file.ts'
import { lastMinute, realSeries } from '../../alerts/real-series.ts'
import { ruleFileName } from '../../alerts/rule-file.ts'
import { binary, projectDir } from '../harness/paths.ts'
import { run } from '../harness/processes.ts'

const promtool = (...args: readonly string[]) =>
  run(binary('promtool'), args, { cwd: projectDir, timeoutMs: 120_000 }).then(({ stdout }) => stdout)

describe('alerts and dashboard', () => {
  test('promtool check rules → accepts the rule file', async () => {
    await promtool('check', 'rules', '--lint=all', '--lint-fatal', ruleFileName)
  })

  for (const name of readdirSync(join(projectDir, 'test/alerts')).filter((file) => file.endsWith('.test.yaml'))) {
    test(`promtool test rules ${name} → passes`, async () => {
      await promtool('test', 'rules', join('test/alerts', name))
    })
  }

  test('each expression of the dashboard → is valid PromQL', async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'spark-nanny-dashboard-'))
    t.after(() => rmSync(dir, { recursive: true }))
    const rules = dashboardExpressions.map(({ expr }, index) => ({ record: `panel:expression:${index}`, expr }))
    const file = join(dir, 'dashboard.yaml')
    writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules }] }))
    await promtool('check', 'rules', file)
  })

  test('each panel, on metrics of real processes → returns series, and its legend uses known labels', async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'spark-nanny-dashboard-'))
    t.after(() => rmSync(dir, { recursive: true }))
    const at = { eval_time: `${lastMinute - 60}m` }
    const drawn = dashboardExpressions.flatMap(({ expr, legend }) => [
      // Grafana draws nothing for a value that is not a number.
      { ...at, expr: `group((${expr}) == (${expr}))`, exp_samples: [{ labels: '{}', value: 1 }] },
      ...legend.map((label) => ({
        ...at,
        expr: `group by (known) (label_replace(${expr}, "known", "yes", "${label}", ".+"))`,
        exp_samples: [{ labels: '{known="yes"}', value: 1 }],
      })),
    ])
    const file = join(dir, 'dashboard.test.yaml')
    const one = { interval: '1m', input_series: await realSeries(t), promql_expr_test: drawn }
    writeFileSync(
      file,
      stringify({ rule_files: [join(projectDir, ruleFileName)], evaluation_interval: '1m', tests: [one] }),
    )
    await promtool('test', 'rules', file)
  })
})
