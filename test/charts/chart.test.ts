import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { renderChartReadme } from '../../docs/chart-readme.ts'
import { renderChartSchema } from '../../docs/chart-schema.ts'
import { readPermissions, renderRbacPage } from '../../docs/rbac-page.ts'
import packageJson from '../../package.json' with { type: 'json' }

const chartDir = join(import.meta.dirname, '../../charts/spark-nanny')
const chart = parse(readFileSync(join(chartDir, 'Chart.yaml'), 'utf8')) as Readonly<Record<string, string>>

describe('chart files', () => {
  test('chart, application and package → have the same version and description', () => {
    assert.equal(chart.version, packageJson.version)
    assert.equal(chart.appVersion, packageJson.version)
    assert.equal(chart.description, packageJson.description)
  })

  test('values-ha.yaml → sets only keys of values.yaml', () => {
    const keysOf = (value: unknown, prefix = ''): readonly string[] =>
      typeof value !== 'object' || value === null || Array.isArray(value)
        ? [prefix]
        : Object.entries(value).flatMap(([key, item]) => keysOf(item, `${prefix}.${key}`))
    const read = (file: string) => keysOf(parse(readFileSync(join(chartDir, file), 'utf8')))
    const known = read('values.yaml')
    assert.deepEqual(
      read('values-ha.yaml').filter((key) => !known.includes(key)),
      [],
    )
  })

  test('README, schema and docs/rbac.md → match what the chart generates', () => {
    const read = (file: string) => readFileSync(join(chartDir, file), 'utf8')
    assert.equal(read('README.md'), renderChartReadme(), 'stale: run `npm run docs`')
    assert.equal(read('values.schema.json'), renderChartSchema(), 'stale: run `npm run docs`')
    assert.equal(read('../../docs/rbac.md'), renderRbacPage(), 'stale: run `npm run docs`')
  })

  test('an additional rule → appears in docs/rbac.md with its reason', () => {
    const permissions = readPermissions()
    const rule = {
      apiGroups: ['', 'apps'],
      resources: ['things'],
      resourceNames: ['<fullname>-x'],
      verbs: ['get', 'delete'],
    }
    const page = renderRbacPage({
      ...permissions,
      namespace: [...permissions.namespace, { why: 'For a | reason.', stolen: { without: 'Much.' }, rule }],
    })
    assert.ok(page.includes('| `things`, `things.apps` named `<fullname>-x` | get, delete | For a \\| reason. |'), page)
    assert.ok(page.includes('| get, delete `things`, `things.apps` named `<fullname>-x` | Much. | The same. |'), page)
  })
})
