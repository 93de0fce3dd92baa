import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dashboard, dashboardExpressions, dashboardText, type Panel } from './dashboard-file.ts'

const { panels, templating } = dashboard
const charts = panels.filter(({ type }) => type !== 'row')

test('no data source is fixed: all ask the variable', () => {
  for (const { title, datasource, targets = [] } of charts) {
    assert.equal(datasource?.uid, `\${datasource}`, title)
    for (const target of targets) assert.equal(target.datasource.uid, `\${datasource}`, title)
  }
  assert.deepEqual(
    templating.list.map(({ name, type }) => `${name}: ${type}`),
    ['datasource: datasource', 'namespace: query', 'application: query'],
  )
  assert.doesNotMatch(dashboardText, /__inputs|DS_/)
})

test('ids, titles and refIds are unique', () => {
  const unique = (values: readonly unknown[]) => assert.equal(new Set(values).size, values.length)
  unique(panels.map(({ id }) => id))
  unique(panels.map(({ title }) => title))
  for (const { targets = [] } of charts) unique(targets.map(({ refId }) => refId))
})

test('panels lie in the grid, without overlap, under rows', () => {
  for (const { title, gridPos } of panels) {
    assert.ok(gridPos.x >= 0 && gridPos.w > 0 && gridPos.h > 0 && gridPos.x + gridPos.w <= 24, title)
  }
  for (const [index, one] of panels.entries()) {
    for (const another of panels.slice(index + 1)) {
      assert.ok(!overlap(one, another), `${one.title} and ${another.title}`)
    }
  }
  assert.equal(panels[0]?.type, 'row')
})

test('each panel has a description, a unit and something to draw', () => {
  for (const { title, description = '', fieldConfig, options, targets = [] } of charts) {
    assert.match(description, /^[A-Z0-9].+\.$/s, title)
    const units = (fieldConfig?.overrides ?? [])
      .flatMap(({ properties }) => properties)
      .filter(({ id }) => id === 'unit')
    const unit = fieldConfig?.defaults.unit ?? options?.yAxis?.unit ?? units[0]?.value
    assert.equal(typeof unit, 'string', `${title}: a unit`)
    assert.ok(targets.length > 0, title)
  }
})

test('panels of drivers follow the variables', () => {
  const perNamespace = charts.filter(({ targets = [] }) => targets.some(({ expr }) => /by \([^)]*namespace/.test(expr)))
  assert.ok(perNamespace.length > 10)
  for (const { title, targets = [] } of perNamespace) {
    for (const { expr } of targets) {
      if (/by \([^)]*namespace/.test(expr)) assert.match(expr, /namespace=~"\$namespace"/, title)
    }
  }
  for (const { where, expr } of dashboardExpressions) assert.doesNotMatch(expr, /\$/, `${where}: an unknown variable`)
})

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
}
