import type { JsonSchema } from './chart-forms.ts'
import { type ChartValue, parseChartSections, readChartFile } from './chart-values.ts'

/** Returns the whole charts/spark-nanny/values.schema.json. */
export function renderChartSchema(valuesText = readChartFile('values.yaml')): string {
  const values = parseChartSections(valuesText).flatMap((section) => section.values)
  const schema = {
    // The newest draft that Helm 3 also supports.
    $schema: 'http://json-schema.org/draft-07/schema#',
    $comment: 'Generated from values.yaml and core/settings/settings.ts by `npm run docs`. Do not edit.',
    ...toObjectSchema(values, {
      global: { description: 'The values that Helm passes to all subcharts.', type: 'object' },
      enabled: { description: 'If false, a parent chart does not install this chart.', type: 'boolean' },
    }),
  }
  return `${JSON.stringify(schema, null, 2)}\n`
}

function toObjectSchema(values: readonly ChartValue[], more: Readonly<Record<string, JsonSchema>> = {}): JsonSchema {
  const properties = { ...Object.fromEntries(values.map((value) => [value.key, toValueSchema(value)])), ...more }
  return { type: 'object', additionalProperties: false, properties }
}

function toValueSchema(value: ChartValue): JsonSchema {
  if (value.kind === 'group') return toObjectSchema(value.values)
  const { description, schema } = value
  return {
    description,
    ...(schema.type === undefined && { type: findType(value.default) }),
    ...schema,
    default: value.default,
  }
}

function findType(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}
