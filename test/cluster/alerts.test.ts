import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { stringify } from 'yaml'
import { dashboardExpressions } from '../alerts/dashboard-file.ts'
import { ruleFileName } from '../alerts/rule-file.ts'
import { binary, projectDir } from './paths.ts'
import { run } from './processes.ts'

const promtool = (...args: readonly string[]) =>
  run(binary('promtool'), args, { cwd: projectDir, timeoutMs: 120_000 }).then(({ stdout }) => stdout)

test('promtool takes the rule file', async () => {
  await promtool('check', 'rules', '--lint=all', '--lint-fatal', ruleFileName)
})

for (const name of readdirSync(join(projectDir, 'test/alerts')).filter((file) => file.endsWith('.test.yaml'))) {
  test(`promtool: ${name}`, async () => {
    await promtool('test', 'rules', join('test/alerts', name))
  })
}

test('promtool parses each expression of the dashboard', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'spark-nanny-dashboard-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const rules = dashboardExpressions.map(({ expr }, index) => ({ record: `panel:expression:${index}`, expr }))
  const file = join(dir, 'dashboard.yaml')
  writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules }] }))
  await promtool('check', 'rules', file)
})
