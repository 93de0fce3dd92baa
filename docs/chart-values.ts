import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMap, isScalar, type Pair, parse, parseDocument, type YAMLMap } from 'yaml'
import { type JsonSchema, valueSchemas } from './chart-forms.ts'

/** One value of the chart, or a map of values. */
export type ChartValue = ChartLeaf | ChartGroup

export interface ChartLeaf {
  readonly kind: 'leaf'
  readonly key: string
  readonly description: string
  readonly default: unknown
  /** The schema of `@schema`; the type of the default completes it. */
  readonly schema: JsonSchema
}

export interface ChartGroup {
  readonly kind: 'group'
  readonly key: string
  readonly values: readonly ChartValue[]
}

/** Values under one `@section`. */
export interface ChartSection {
  readonly title: string
  readonly values: readonly ChartValue[]
}

const chartDir = join(import.meta.dirname, '../charts/spark-nanny')

export const readChartFile = (path: string): string => readFileSync(join(chartDir, path), 'utf8')

/** Parses the sections of values.yaml. Throws a TypeError if the file is malformed. */
export function parseChartSections(text: string): readonly ChartSection[] {
  const document = parseDocument(text)
  if (!isMap(document.contents)) throw new TypeError('the values are not a map')
  const sections: { title: string; values: ChartValue[] }[] = []
  for (const { value, comment } of parseValues(document.contents)) {
    const [, title] = /^@section (.+)$/m.exec(comment) ?? []
    if (title !== undefined) sections.push({ title, values: [] })
    sections.at(-1)?.values.push(value)
  }
  return sections
}

function parseValues(map: YAMLMap): readonly { readonly value: ChartValue; readonly comment: string }[] {
  return map.items.map((pair, index) => {
    const comment = findComment(pair, index === 0 ? map.commentBefore : undefined)
    return { value: parseValue(pair, comment), comment }
  })
}

function parseValue({ key, value }: Pair, comment: string): ChartValue {
  const name = String(key)
  // The last paragraph of the comment above the value.
  const lines = (comment.split('\n\n').at(-1) ?? '').split('\n')
  const schema = lines.find((line) => line.startsWith('@schema '))?.slice('@schema '.length)
  if (isMap(value) && value.items.length > 0 && schema === undefined) {
    return { kind: 'group', key: name, values: parseValues(value).map((item) => item.value) }
  }
  return {
    kind: 'leaf',
    key: name,
    description: lines
      .filter((line) => !line.startsWith('@'))
      .join(' ')
      .trim(),
    default: isScalar(value) ? value.value : (value as YAMLMap).toJSON(),
    schema: schema === undefined ? {} : parseSchema(schema),
  }
}

function parseSchema(text: string): JsonSchema {
  const schema: unknown = text.startsWith('{') ? parse(text) : valueSchemas[text]
  if (typeof schema !== 'object' || schema === null)
    throw new TypeError(`@schema ${text} is neither a schema nor the name of a form`)
  return schema as JsonSchema
}

/** The comment above a value. The `yaml` package attaches the comment of the first value to the map. */
function findComment({ key }: Pair, ofMap: string | null | undefined): string {
  const comment = isScalar(key) ? key.commentBefore : undefined
  return (comment ?? ofMap ?? '').replace(/^ /gm, '')
}
