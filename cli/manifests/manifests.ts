import { toText } from '../../core/json.ts'
import { readYaml, writeYaml } from './yaml-1.1.ts'

export type KubernetesObject = Readonly<Record<string, unknown>>

/** What a file of manifests holds, and the format that it goes back to. */
export interface Manifests {
  readonly format: 'json' | 'yaml'
  readonly documents: readonly KubernetesObject[]
}

/** The objects of a YAML or JSON text, in one or several documents, or what is wrong with it. */
export function parseManifests(file: string): Manifests | { readonly problem: string } {
  const text = file.replace(/^\uFEFF/, '')
  const parsed = /^\s*[[{]/.test(text) ? parseJson(text) : parseYaml(text)
  if ('problem' in parsed) return parsed
  if (parsed.documents.length === 0) return { problem: 'is empty' }
  const stray = parsed.documents.findIndex((document) => typeof document.kind !== 'string')
  if (stray < 0) return parsed
  const which = parsed.documents.length === 1 ? '' : `, in document ${stray + 1}`
  return { problem: `holds no Kubernetes object: there is no \`kind\`${which}` }
}

/** The text of the objects, in the format that they came in. */
export function printManifests({ format, documents }: Manifests): string {
  if (format === 'json') return documents.map((document) => `${JSON.stringify(document, null, 2)}\n`).join('')
  return documents
    .map((document) =>
      document.kind === 'AdmissionReview' ? `${JSON.stringify(document, null, 2)}\n` : writeYaml(document),
    )
    .join('---\n')
}

/** The objects with `change` made to each, into the items of a List too. */
export function mapObjects(
  documents: readonly KubernetesObject[],
  change: (object: KubernetesObject) => KubernetesObject,
): readonly KubernetesObject[] {
  return documents.map((document) => {
    if (!isList(document)) return change(document)
    return { ...document, items: document.items.map((item) => (isObject(item) ? change(item) : item)) }
  })
}

/** `List`, and what the API server answers a list request with: `PodList`, `ServiceList`. */
function isList(object: KubernetesObject): object is KubernetesObject & { readonly items: readonly unknown[] } {
  return toText(object.kind).endsWith('List') && Array.isArray(object.items)
}

/** One JSON value, an array of objects, or objects each on lines of its own, as `jq` prints them. */
function parseJson(text: string): Manifests | { readonly problem: string } {
  try {
    const value: unknown = JSON.parse(text)
    return ofValues('json', Array.isArray(value) ? value : [value])
  } catch (error) {
    try {
      // No JSON string holds a line break as it is.
      const parts = text.replace(/\}[ \t\r]*\n\s*\{/g, '}\0{').split('\0')
      const values = parts.map((part): unknown => JSON.parse(part))
      return ofValues('json', values)
    } catch {
      // A `{` may also open YAML in its flow style.
      const yaml = parseYaml(text)
      if (!('problem' in yaml)) return yaml
      return { problem: `is no JSON: ${error instanceof Error ? error.message : String(error)}` }
    }
  }
}

function parseYaml(text: string): Manifests | { readonly problem: string } {
  const read = readYaml(text)
  return 'problem' in read ? { problem: `is no YAML: ${read.problem}` } : ofValues('yaml', read.values)
}

function ofValues(format: Manifests['format'], values: readonly unknown[]): Manifests | { readonly problem: string } {
  const documents = values.filter(isObject)
  return documents.length === values.length
    ? { format, documents }
    : { problem: 'holds something else than Kubernetes objects' }
}

function isObject(value: unknown): value is KubernetesObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
