import type { PackedSource } from './packed-schemas.ts'
import table from './schemas.json' with { type: 'json' }
import type { StructuralSchema } from './structural-schema.ts'

/** A kind as one release of an operator defines it. */
export interface OperatorSchema {
  /** The release, or `main` for its main branch. */
  readonly release: string
  readonly schema: StructuralSchema
}

const sources: readonly PackedSource[] = table.sources
const nodes: readonly Readonly<Record<string, unknown>>[] = table.nodes
const unpacked = new Map<number, StructuralSchema>()

/** The schemas of a kind in the releases that serve this version of it, oldest first. Empty if none does. */
export function findOperatorSchemas(group: string, version: string, kind: string): readonly OperatorSchema[] {
  return sources
    .filter((source) => source.group === group && source.version === version && source.kind === kind)
    .map(({ release, root }) => ({ release, schema: unpack(root) }))
}

/** The versions in which releases serve the kind. Empty for a kind that no operator has. */
export const findServedVersions = (group: string, kind: string): readonly string[] => [
  ...new Set(sources.filter((source) => source.group === group && source.kind === kind).map(({ version }) => version)),
]

/** The kinds of an API group, such as SparkApplication and SparkCluster. */
export const findKinds = (group: string): readonly string[] => [
  ...new Set(sources.filter((source) => source.group === group).map(({ kind }) => kind)),
]

/** Restores a node of the table, which refers to others by index. Nodes are shared, as in the table. */
function unpack(index: number): StructuralSchema {
  const known = unpacked.get(index)
  if (known !== undefined) return known
  const { properties, items, values, ...rest } = nodes[index] ?? {}
  const schema: StructuralSchema = {
    ...rest,
    ...(isIndexes(properties) && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, unpack(part)])),
    }),
    ...(typeof items === 'number' && { items: unpack(items) }),
    ...(typeof values === 'number' && { values: unpack(values) }),
  }
  unpacked.set(index, schema)
  return schema
}

const isIndexes = (value: unknown): value is Readonly<Record<string, number>> =>
  typeof value === 'object' && value !== null
