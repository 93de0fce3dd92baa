import type { JsonSchema } from './chart-forms.ts'
import { type ChartValue, chartSections, readChartFile } from './chart-values.ts'

/** Returns the whole charts/spark-nanny/values.schema.json. */
export function chartSchema(valuesText = readChartFile('values.yaml')): string {
  const values = chartSections(valuesText).flatMap((section) => section.values)
  const schema = {
    // The newest draft that Helm 3 also supports.
    $schema: 'http://json-schema.org/draft-07/schema#',
    $comment: 'Generated from values.yaml and core/settings/settings.ts by `npm run docs`. Do not edit.',
    ...objectSchema(values, {
      global: { description: 'The values that Helm passes to all subcharts.', type: 'object' },
      enabled: { description: 'If false, a parent chart does not install this chart.', type: 'boolean' },
    }),
  }
  return `${JSON.stringify(schema, null, 2)}\n`
}

function objectSchema(values: readonly ChartValue[], more: Readonly<Record<string, JsonSchema>> = {}): JsonSchema {
  const properties = { ...Object.fromEntries(values.map((value) => [value.key, valueSchema(value)])), ...more }
  return { type: 'object', additionalProperties: false, properties }
}

function valueSchema(value: ChartValue): JsonSchema {
  if (value.kind === 'group') return objectSchema(value.values)
  const { description, schema } = value
  return {
    description,
    ...(schema.type === undefined && { type: typeOf(value.default) }),
    ...schema,
    default: value.default,
  }
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}
