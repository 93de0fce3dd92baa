import { type CollectionTag, Document, LineCounter, parseAllDocuments, type ScalarTag, type Tags, visit } from 'yaml'
import { escapeInvisible, toVisibleLines } from '../../core/visible-text.ts'
import { type DuplicateKey, findDuplicateKeys, findLine, type YamlPath } from './yaml-lines.ts'

/** The documents of a text. */
export interface YamlDocuments {
  readonly values: readonly unknown[]
  /** Keys that a map contains more than once. As for kubectl, the last value applies. */
  readonly duplicates: readonly DuplicateKey[]
  /** The line of a field in the document of that index, or of the nearest parent that the text contains, starting at 1. */
  lineOf(document: number, path: YamlPath): number | null
}

/**
 * Parses the documents of a YAML text like Kubernetes (sigs.k8s.io/yaml with go-yaml 2). This is YAML 1.1, in which `0644` is
 * octal and `yes` is true, with these exceptions: timestamps and numbers to the base of 60 remain text, and so do `.` (a key
 * of managedFields) and `e5`, which match the specification's pattern for numbers. Documents with only comments are
 * omitted. The problem is one line.
 */
export function readYaml(text: string): YamlDocuments | { readonly problem: string } {
  try {
    return parseDocuments(text)
  } catch (error) {
    if (error instanceof RangeError) return { problem: nestedTooDeeply }
    throw error
  }
}

/** The parser calls itself for each level, and reports that its stack is full, or the conversion throws. */
const nestedTooDeeply = 'it is nested too deeply'

function describeError(message: string): string {
  if (message.startsWith('Maximum call stack')) return nestedTooDeeply
  return message.split('\n')[0]?.replace(/:$/, '') ?? 'it has errors'
}

function parseDocuments(text: string): ReturnType<typeof readYaml> {
  const lineCounter = new LineCounter()
  const documents = parseAllDocuments(text, {
    version: '1.1',
    lineCounter,
    // kubectl accepts a key that occurs twice.
    uniqueKeys: false,
    // Without it, the parser writes its warnings to stderr.
    logLevel: 'error',
    customTags: (tags: Tags) => tags.filter((tag) => typeof tag === 'string' || isKnown(tag)).map(asKubernetes),
  })
  const values: unknown[] = []
  const kept: Document.Parsed[] = []
  for (const document of 'empty' in documents ? [] : documents) {
    const [error] = document.errors
    if (error !== undefined) return { problem: describeError(error.message) }
    try {
      const value: unknown = document.toJS()
      if (value === null || value === undefined) continue
      values.push(value)
      kept.push(document)
    } catch (growth) {
      // Anchors that expand without bounds are only detected here.
      if (growth instanceof ReferenceError) return { problem: growth.message }
      throw growth
    }
  }
  return {
    values,
    duplicates: kept.flatMap((document) => findDuplicateKeys(document, lineCounter)),
    lineOf: (index, path) => {
      const document = kept[index]
      return document === undefined ? null : findLine(document, path, lineCounter)
    },
  }
}

/**
 * Writes YAML that Kubernetes parses back to `value`. Strings that YAML 1.1 would read as another type are quoted, and so
 * are strings with invisible characters, which only quotes can represent as escapes.
 */
export function writeYaml(value: unknown): string {
  const document = new Document(value, { version: '1.1', aliasDuplicateObjects: false })
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === 'string' && toVisibleLines(node.value) !== node.value) node.type = 'QUOTE_DOUBLE'
    },
  })
  return escapeInvisible(document.toString({ lineWidth: 0 }), 'yaml')
}

type Tag = CollectionTag | ScalarTag

function isKnown({ tag, format }: Tag): boolean {
  return !tag.endsWith(':timestamp') && format !== 'TIME'
}

function asKubernetes(tag: Tags[number]): Tags[number] {
  if (typeof tag === 'string' || !tag.tag.endsWith(':float') || tag.collection) return tag
  if (tag.format === 'EXP') return { ...tag, test: /^[-+]?(\.\d[\d_]*|\d[\d_]*(\.[\d_]*)?)[eE][-+]?\d+$/ }
  return tag.test?.test('1.5') === true ? { ...tag, test: /^[-+]?(\.\d[\d_]*|\d[\d_]*\.[\d_]*)$/ } : tag
}
