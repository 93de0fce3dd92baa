import { type Document, isAlias, isMap, isPair, isScalar, isSeq, type LineCounter, type Node, visit } from 'yaml'

/** The names and indexes that lead to a field, from the document. */
export type YamlPath = readonly (string | number)[]

/** A key that a map contains more than once. */
export interface DuplicateKey {
  readonly key: string
  /** Line of its last occurrence, whose value applies. */
  readonly line: number
  /** Line of the occurrence before. */
  readonly earlierLine: number
}

export function findDuplicateKeys(document: Document, lines: LineCounter): readonly DuplicateKey[] {
  const found: DuplicateKey[] = []
  visit(document, {
    Map: (_key, map) => {
      const seen = new Map<string, number>()
      for (const { key } of map.items) {
        // Several merge keys are allowed.
        if (!isScalar(key) || key.value === '<<' || !key.range) continue
        const name = String(key.value)
        const line = lines.linePos(key.range[0]).line
        const earlierLine = seen.get(name)
        if (earlierLine !== undefined) found.push({ key: name, line, earlierLine })
        seen.set(name, line)
      }
    },
  })
  return found
}

/** The line of the field, or of the nearest parent that the document contains. Null for an empty document. */
export function findLine(document: Document, path: YamlPath, lines: LineCounter): number | null {
  let node: unknown = document.contents
  let offset = startOf(node)
  for (const part of path) {
    const next = step(resolve(node, document), part)
    if (next === undefined) break
    offset = startOf(next.key) ?? offset
    node = next.value
  }
  return offset === undefined ? null : lines.linePos(offset).line
}

const resolve = (node: unknown, document: Document): unknown => (isAlias(node) ? node.resolve(document) : node)

/** The value of a map or list, and the node that shows where it is: its key, or the item itself. */
function step(node: unknown, part: string | number): { readonly key: unknown; readonly value: unknown } | undefined {
  if (isSeq(node)) {
    const item = typeof part === 'number' ? node.items[part] : undefined
    return item === undefined ? undefined : { key: item, value: item }
  }
  if (!isMap(node)) return undefined
  const pair = node.items.findLast((one) => isPair(one) && isScalar(one.key) && String(one.key.value) === String(part))
  return pair === undefined ? undefined : { key: pair.key, value: pair.value }
}

const startOf = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined)

const isNode = (node: unknown): node is Node => typeof node === 'object' && node !== null && 'range' in node
