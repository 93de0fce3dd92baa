import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly datasource?: { readonly type: string; readonly uid: string }
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly fieldConfig?: {
    readonly defaults: { readonly unit?: string }
    readonly overrides: readonly { readonly properties: readonly { readonly id: string; readonly value: unknown }[] }[]
  }
  readonly options?: { readonly yAxis?: { readonly unit?: string } }
  readonly targets?: readonly {
    readonly refId: string
    readonly expr: string
    readonly legendFormat?: string
    readonly format?: string
    readonly instant?: boolean
    readonly range?: boolean
    readonly datasource: { readonly type: string; readonly uid: string }
  }[]
}

interface Variable {
  readonly name: string
  readonly type: string
  readonly definition?: string
  readonly query?: string | { readonly query: string; readonly refId: string }
  readonly regex?: string
  readonly datasource?: { readonly uid: string }
}

interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly schemaVersion: number
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly Variable[] }
}

export const dashboardText = readFileSync(
  join(import.meta.dirname, '../../charts/spark-nanny/files/dashboard.json'),
  'utf8',
)
export const dashboard: Dashboard = JSON.parse(dashboardText)

/** Expressions of the panels, as Prometheus gets them when everything is selected. */
export const dashboardExpressions = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr, legendFormat = '' }) => ({
    where: `panel “${title}”`,
    expr: withoutVariables(expr),
    legend: [...legendFormat.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, label = '']) => label),
  })),
)

/** Metrics that the variables take their values from. */
export const variableMetrics = dashboard.templating.list.flatMap(
  ({ definition = '' }) => definition.match(/spark_nanny_\w+/g) ?? [],
)

function withoutVariables(expr: string): string {
  return expr.replaceAll('$__rate_interval', '5m').replace(/\$(?:namespace|application)\b/g, '.*')
}
