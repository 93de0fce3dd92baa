import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import { formatDuration, parseDurationMs } from '../../core/duration.ts'
import { settingKeys, settings } from '../../core/settings/settings.ts'
import { toSettingSchema } from '../../docs/chart-forms.ts'
import { listLeaves, renderChartReadme } from '../../docs/chart-readme.ts'
import { renderChartSchema } from '../../docs/chart-schema.ts'
import { parseChartSections, readChartFile } from '../../docs/chart-values.ts'

interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly default?: unknown
  readonly description?: string
  readonly additionalProperties?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
}

const text = readChartFile('values.yaml')
const values = parseChartSections(text)
  .flatMap((section) => section.values)
  .flatMap((value) => listLeaves(value, ''))

/** As much of JSON schema as the generator writes for one scalar. */
function allows({ type, enum: words, pattern, minimum, maximum }: Schema, value: unknown): boolean {
  const types = [type].flat()
  const isOf = (name: unknown) => {
    if (name === 'integer') return Number.isInteger(value)
    if (name === 'array') return Array.isArray(value)
    return typeof value === name
  }
  return (
    types.some(isOf) &&
    (words === undefined || words.includes(value)) &&
    (typeof value !== 'string' || pattern === undefined || new RegExp(pattern).test(value)) &&
    (typeof value !== 'number' || ((minimum ?? value) <= value && value <= (maximum ?? value)))
  )
}

function schemaAt(path: string): Schema {
  let schema = JSON.parse(renderChartSchema()) as Schema
  for (const key of path.split('.')) {
    const next = schema.properties?.[key]
    assert.ok(next, path)
    schema = next
  }
  return schema
}

describe('chart values and schema', () => {
  test('each value → is in a section, documented, and in the README with its default', () => {
    const readme = renderChartReadme()
    assert.ok(values.length > 60, 'the values are found')
    assert.deepEqual(
      parseChartSections(text).flatMap((section) => section.values.map(({ key }) => key)),
      Object.keys(parse(text)),
    )
    for (const { path, leaf } of values) {
      assert.match(leaf.description, /^[A-Z].*\.$/, `${path} has a sentence above it`)
      assert.ok(readme.includes(`| \`${path}\` | `), path)
    }
  })

  test('each default → is allowed by the schema, which documents the same default', () => {
    for (const { path, leaf } of values) {
      const schema = schemaAt(path)
      assert.ok(allows(schema, leaf.default), `${path}: ${JSON.stringify(leaf.default)}`)
      assert.deepEqual(schema.default, leaf.default, path)
      assert.equal(schema.description, leaf.description, path)
    }
  })

  test('each map of the schema → rejects keys that values.yaml does not have', () => {
    const open = (schema: Schema, path: string): readonly string[] => [
      ...(schema.properties !== undefined && schema.additionalProperties !== false ? [path] : []),
      ...Object.entries(schema.properties ?? {}).flatMap(([key, item]) => open(item, `${path}.${key}`)),
    ]
    assert.deepEqual(open(JSON.parse(renderChartSchema()), ''), [])
  })

  test('an unknown @schema form → throws instead of allowing everything', () => {
    assert.throws(() => renderChartSchema('# @section A\n\n# B.\n# @schema nonsense\na: 1\n'), /@schema nonsense/)
  })

  test('each setting → is accepted as a value, in the form of its annotation', () => {
    assert.deepEqual(Object.keys(schemaAt('sidecar.settings').properties ?? {}), settingKeys)
    for (const key of settingKeys) {
      const setting = settings[key]
      const schema = toSettingSchema(setting) as Schema
      assert.ok(schema.description?.startsWith(setting.description), key)
      const spelled = (setting.format as (value: unknown) => string)(setting.default)
      const written = setting.type === 'integer' && /^\d+$/.test(spelled) ? Number(spelled) : spelled
      assert.ok(allows(schema, written), `${key}: ${written}`)
      for (const word of setting.words ?? []) assert.ok(allows(schema, word), `${key}: ${word}`)
    }
  })

  test('a value that a setting’s parser accepts → is accepted by the schema', () => {
    const written = fc.oneof(
      fc.integer({ min: -5, max: 100_000 }),
      fc.integer({ min: 1, max: 10_000_000_000 }).map(formatDuration),
      fc.constantFrom('auto', 'off', 'true', 'false', '10m', '0.5', '64Mi', '1Gi', 'in-place', 'http', 'x', ''),
      fc.string({ maxLength: 5 }),
    )
    fc.assert(
      fc.property(fc.constantFrom(...settingKeys), written, (key, value) => {
        const schema = toSettingSchema(settings[key]) as Schema
        // Words of integers stay strings in YAML; digits in quotes are refused, as "got string".
        if (settings[key].type === 'integer' && /^\d+$/.test(String(value)) && typeof value === 'string') return
        if (settings[key].parse(String(value)) !== undefined) assert.ok(allows(schema, value), `${key}: ${value}`)
      }),
    )
  })

  test('a duration → is accepted by the schema if and only if the parser accepts it', () => {
    const { pattern = '' } = schemaAt('webhook.tls.caValidity')
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^[0-9.]{0,4}(ms|s|m|h|d|w)?[0-9.]{0,3}(ms|s|m|h|d)?$/)),
        (duration) => {
          assert.equal(new RegExp(pattern).test(duration), parseDurationMs(duration) !== undefined)
        },
      ),
    )
  })
})
