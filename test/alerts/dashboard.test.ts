import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { dashboard, dashboardExpressions, dashboardText, type Panel } from './dashboard-file.ts'

const { panels, templating } = dashboard
const charts = panels.filter(({ type }) => type !== 'row')

describe('Grafana dashboard', () => {
  test('each panel and variable → uses the variable data source', () => {
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

  test('ids, titles and refIds → are unique', () => {
    const unique = (values: readonly unknown[]) => assert.equal(new Set(values).size, values.length)
    unique(panels.map(({ id }) => id))
    unique(panels.map(({ title }) => title))
    for (const { targets = [] } of charts) unique(targets.map(({ refId }) => refId))
  })

  test('each panel → lies in the grid below a row, without overlap', () => {
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

  test('each panel → touches the panel above it, or the top', () => {
    for (const { title, gridPos } of panels) {
      const under = panels.some(
        ({ gridPos: { x, y, w, h } }) => y + h === gridPos.y && x < gridPos.x + gridPos.w && gridPos.x < x + w,
      )
      assert.ok(gridPos.y === 0 || under, title)
    }
    const order = panels.map(({ gridPos: { x, y } }) => y * 24 + x)
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
      'a row holds the panels that follow it',
    )
  })

  test('the dashboard → matches the format of Grafana 11 and newer', () => {
    // From 36 on data sources are objects.
    assert.ok(dashboard.schemaVersion >= 36)
    assert.match(dashboard.uid, /^[\w-]{1,40}$/)
    // Panels that come with Grafana.
    const types = ['row', 'stat', 'timeseries', 'table', 'heatmap']
    for (const { id, type, title, options } of panels) {
      assert.ok(Number.isInteger(id) && id > 0, title)
      assert.ok(types.includes(type), `${title}: ${type}`)
      assert.ok(type === 'row' || options !== undefined, `${title}: options`)
    }
    for (const { title, type, datasource, targets = [] } of charts) {
      assert.equal(datasource?.type, 'prometheus', title)
      for (const { refId, instant = false, range = false, format, legendFormat, datasource: own } of targets) {
        assert.equal(own.type, 'prometheus', title)
        assert.match(refId, /^[A-Z]$/, title)
        // A table shows the last values, a heatmap takes whole buckets; lines need a name.
        assert.deepEqual([instant, range, format], [type === 'table', type !== 'table', formats.get(type)], title)
        assert.ok(type !== 'timeseries' || (legendFormat ?? '') !== '', `${title}: a legend`)
      }
    }
  })

  const formats = new Map([
    ['table', 'table'],
    ['heatmap', 'heatmap'],
  ])

  test('each unit → is known to Grafana', () => {
    // packages/grafana-data/src/valueFormats/categories.ts
    const known = ['none', 'short', 'percentunit', 's', 'reqps', 'bytes']
    const units = charts.flatMap(({ fieldConfig, options }) => [
      fieldConfig?.defaults.unit,
      options?.yAxis?.unit,
      ...(fieldConfig?.overrides ?? []).flatMap(({ properties }) =>
        properties.flatMap(({ id, value }) => (id === 'unit' ? [value] : [])),
      ),
    ])
    for (const unit of units) assert.ok(unit === undefined || known.includes(String(unit)), String(unit))
  })

  test('variables → query what they define, and parse applications from pod names', () => {
    for (const { name, type, query, definition, datasource } of templating.list) {
      if (type !== 'query') continue
      assert.equal(datasource?.uid, `\${datasource}`, name)
      assert.equal(typeof query === 'object' ? query.query : query, definition, name)
    }
    const [, pattern = ''] =
      /^\/(.*)\/$/.exec(templating.list.find(({ name }) => name === 'application')?.regex ?? '') ?? []
    const applicationOf = (pod: string) => new RegExp(pattern).exec(pod)?.[1]
    assert.equal(applicationOf('nightly-driver'), 'nightly')
    assert.equal(applicationOf('nightly-1f3a9c0de1b2c3d4-driver'), 'nightly')
    assert.equal(applicationOf('some-csi'), undefined)
  })

  test('each panel → has a description, a unit and a query', () => {
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

  test('each panel by namespace → is filtered by the namespace variable', () => {
    const perNamespace = charts.filter(({ targets = [] }) =>
      targets.some(({ expr }) => /by \([^)]*namespace/.test(expr)),
    )
    assert.ok(perNamespace.length > 10)
    for (const { title, targets = [] } of perNamespace) {
      for (const { expr } of targets) {
        if (/by \([^)]*namespace/.test(expr)) assert.match(expr, /namespace=~"\$namespace"/, title)
      }
    }
    for (const { where, expr } of dashboardExpressions) assert.doesNotMatch(expr, /\$/, `${where}: an unknown variable`)
  })
})

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
}
