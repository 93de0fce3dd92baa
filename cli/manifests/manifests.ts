import { isDeeperThan, toText } from '../../core/json.ts'
import { escapeInvisible } from '../../core/visible-text.ts'
import { readYaml, writeYaml, type YamlDocuments } from './yaml-1.1.ts'
import type { DuplicateKey, YamlPath } from './yaml-lines.ts'

export type KubernetesObject = Readonly<Record<string, unknown>>

/** The objects of a manifest file, and the format in which they are printed. */
export interface Manifests {
  readonly format: 'json' | 'yaml'
  readonly documents: readonly KubernetesObject[]
  /** Keys that a map of the file contains more than once. As for kubectl, the last value applies. */
  readonly duplicates: readonly DuplicateKey[]
  /** The line of a field in the document of that index, or of the nearest parent that the file contains, starting at 1. */
  lineOf(document: number, path: YamlPath): number | null
}

/** Parses one or more objects from YAML or JSON text, or returns the problem. */
export function parseManifests(file: string): Manifests | { readonly problem: string } {
  const text = file.replace(/^\uFEFF/, '')
  const parsed = /^\s*[[{]/.test(text) ? parseJson(text) : parseYaml(text)
  if ('problem' in parsed) return parsed
  if (parsed.documents.length === 0) return { problem: 'is empty' }
  const stray = parsed.documents.findIndex((document) => typeof document.kind !== 'string')
  if (stray < 0) return parsed
  const which = parsed.documents.length === 1 ? '' : ` in document ${stray + 1}`
  return { problem: `contains no Kubernetes object: \`kind\` is missing${which}` }
}

/**
 * Prints the objects in their original format. An AdmissionReview is always printed as JSON. Invisible characters are
 * printed as escapes of the format, so that the values stay the same.
 */
export function printManifests({ format, documents }: Pick<Manifests, 'format' | 'documents'>): string {
  if (format === 'json') return documents.map(toJson).join('')
  return documents
    .map((document) => (document.kind === 'AdmissionReview' ? toJson(document) : writeYaml(document)))
    .join('---\n')
}

const toJson = (document: KubernetesObject): string => escapeInvisible(`${JSON.stringify(document, null, 2)}\n`, 'json')

/** Applies `change` to each object, including the items of Lists. */
export function mapObjects(
  documents: readonly KubernetesObject[],
  change: (object: KubernetesObject) => KubernetesObject,
): readonly KubernetesObject[] {
  return documents.map((document) => {
    if (!isList(document)) return change(document)
    return {
      ...document,
      items: document.items.map((item) => (isObject(item) ? change(withKind(item, document)) : item)),
    }
  })
}

/** An object of a file, and the line of a field in it. */
export interface LocatedObject {
  readonly object: KubernetesObject
  lineOf(path: YamlPath): number | null
}

/** The objects of a file, including the items of Lists. */
export function listObjects({ documents, lineOf }: Manifests): readonly LocatedObject[] {
  return documents.flatMap((document, index): readonly LocatedObject[] => {
    if (!isList(document)) return [{ object: document, lineOf: (path) => lineOf(index, path) }]
    return document.items.flatMap((item, place) =>
      isObject(item)
        ? [{ object: withKind(item, document), lineOf: (path) => lineOf(index, ['items', place, ...path]) }]
        : [],
    )
  })
}

/** The items of a typed list such as `PodList` have no kind in the API server's response. */
function withKind(item: KubernetesObject, { apiVersion, kind }: KubernetesObject): KubernetesObject {
  const itemKind = toText(kind).slice(0, -'List'.length)
  return item.kind === undefined && itemKind !== '' ? { apiVersion, kind: itemKind, ...item } : item
}

/** True for `List` and for typed lists such as `PodList` and `ServiceList`. */
function isList(object: KubernetesObject): object is KubernetesObject & { readonly items: readonly unknown[] } {
  return toText(object.kind).endsWith('List') && Array.isArray(object.items)
}

/** Parses one JSON value, an array of objects, or several objects in sequence, as `jq` prints them. */
function parseJson(text: string): Manifests | { readonly problem: string } {
  try {
    const value: unknown = JSON.parse(text)
    const isArray = Array.isArray(value)
    return toManifests('json', { values: isArray ? value : [value], ...locateJson(text, isArray) })
  } catch (error) {
    try {
      // JSON strings contain no literal line breaks, so this split cannot be inside a string.
      const parts = text.replace(/\}[ \t\r]*\n\s*\{/g, '}\0{').split('\0')
      const values = parts.map((part): unknown => JSON.parse(part))
      return toManifests('json', { values, duplicates: [], lineOf: () => null })
    } catch {
      // `{` may also start YAML in flow style.
      const yaml = parseYaml(text)
      if (!('problem' in yaml)) return yaml
      return { problem: `is not JSON: ${error instanceof Error ? error.message : String(error)}` }
    }
  }
}

/** Lines in JSON, which is also YAML. An array holds the documents. The text is only parsed again if a line is needed. */
function locateJson(text: string, isArray: boolean): Omit<YamlDocuments, 'values'> {
  let read: ReturnType<typeof readYaml> | undefined
  return {
    duplicates: [],
    lineOf: (index, path) => {
      read ??= readYaml(text)
      if ('problem' in read) return null
      return isArray ? read.lineOf(0, [index, ...path]) : read.lineOf(index, path)
    },
  }
}

function parseYaml(text: string): Manifests | { readonly problem: string } {
  const read = readYaml(text)
  return 'problem' in read ? { problem: `is not YAML: ${read.problem}` } : toManifests('yaml', read)
}

function toManifests(
  format: Manifests['format'],
  { values, duplicates, lineOf }: YamlDocuments,
): Manifests | { readonly problem: string } {
  const documents = values.filter(isObject)
  if (isDeeperThan(values, maxDepth)) return { problem: 'is nested too deeply' }
  return documents.length === values.length
    ? { format, documents, duplicates, lineOf }
    : { problem: 'contains something other than Kubernetes objects' }
}

/** More than any object of Kubernetes needs. */
const maxDepth = 200

function isObject(value: unknown): value is KubernetesObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
