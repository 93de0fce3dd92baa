import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRecord, toList, toRecord, toText } from '../../../core/json.ts'
import { readYaml } from '../../manifests/yaml-1.1.ts'
import type { PackedSchemas, PackedSource } from '../packed-schemas.ts'
import { parseStructuralSchema, type StructuralSchema } from '../structural-schema.ts'

/**
 * Entry, run manually: `node_modules/.bin/node cli/operator-schemas/extract/renew.ts KUBEFLOW APACHE` regenerates schemas.json.
 * The arguments are git directories of kubeflow/spark-operator and apache/spark-kubernetes-operator with their tags. The
 * schemas of all releases share their parts, so that a further release adds little.
 */

/** The last patch of each release whose CRDs have structural schemas (apiextensions.k8s.io/v1), and the main branch. */
const sources = [
  {
    project: 'kubeflow/spark-operator',
    folder: 'config/crd/bases',
    olderFolder: 'manifest/crds',
    releases: [
      ['1.3.8', 'v1beta2-1.3.8-3.1.1'],
      ['1.4.6', 'v1beta2-1.4.6-3.5.0'],
      ['1.6.2', 'v1beta2-1.6.2-3.5.0'],
      ['2.0.2', 'v2.0.2'],
      ['2.1.1', 'v2.1.1'],
      ['2.2.1', 'v2.2.1'],
      ['2.3.0', 'v2.3.0'],
      ['2.4.0', 'v2.4.0'],
      ['2.5.2', 'v2.5.2'],
      ['main', 'HEAD'],
    ],
  },
  {
    project: 'apache/spark-kubernetes-operator',
    folder: 'build-tools/helm/spark-kubernetes-operator/crds',
    olderFolder: undefined,
    releases: [
      ['0.4.0', '0.4.0'],
      ['0.6.0', '0.6.0'],
      ['0.9.0', '0.9.0'],
      ['1.0.0', '1.0.0'],
    ],
  },
] as const

const nodes: StructuralSchema[] = []
const indexes = new Map<string, number>()

/** The index of the node in the table, which holds each distinct node once. */
function pack(schema: StructuralSchema): number {
  const { properties, items, values, ...rest } = schema
  const node = {
    ...rest,
    ...(properties !== undefined && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, pack(part)])),
    }),
    ...(items !== undefined && { items: pack(items) }),
    ...(values !== undefined && { values: pack(values) }),
  }
  const text = JSON.stringify(node)
  const known = indexes.get(text)
  if (known !== undefined) return known
  indexes.set(text, nodes.length)
  nodes.push(node as never)
  return nodes.length - 1
}

function git(directory: string, ...args: readonly string[]): string {
  return execFileSync('git', ['--git-dir', directory, ...args], { encoding: 'utf8', maxBuffer: 2 ** 28 })
}

function readSource(directory: string, source: (typeof sources)[number]): readonly PackedSource[] {
  return source.releases.flatMap(([release, tag]) => {
    const commit = git(directory, 'rev-parse', `${tag}^{commit}`).trim()
    const files = git(directory, 'ls-tree', '-r', '--name-only', tag).split('\n')
    const isCrd = (file: string, folder: string | undefined) =>
      folder !== undefined && file.startsWith(`${folder}/`) && /\.(yaml|yml)$/.test(file) && /spark/.test(file)
    const inFolder = files.filter((file) => isCrd(file, source.folder))
    const found = inFolder.length > 0 ? inFolder : files.filter((file) => isCrd(file, source.olderFolder))
    return found.flatMap((file) => readCrd(source.project, release, commit, git(directory, 'show', `${tag}:${file}`)))
  })
}

function readCrd(project: string, release: string, commit: string, text: string): readonly PackedSource[] {
  const read = readYaml(text)
  if ('problem' in read) throw new Error(read.problem)
  return read.values.flatMap((crd) => {
    const { kind, spec } = toRecord(crd)
    if (kind !== 'CustomResourceDefinition') return []
    const { group, names, versions } = toRecord(spec)
    return toList(versions)
      .filter(isRecord)
      .filter(({ served }) => served === true)
      .map(({ name, schema }) => ({
        project,
        release,
        commit,
        group: toText(group),
        version: toText(name),
        kind: toText(toRecord(names).kind),
        root: pack(parseStructuralSchema(toRecord(toRecord(schema).openAPIV3Schema))),
      }))
  })
}

const directories = process.argv.slice(2)
if (directories.length !== sources.length) {
  console.error('usage: node_modules/.bin/node cli/operator-schemas/extract/renew.ts KUBEFLOW APACHE')
  process.exit(2)
}
const packed: PackedSchemas = {
  licence: 'Apache-2.0. Extracted from the CRDs of the projects and commits below; descriptions were left out.',
  sources: sources.flatMap((source, index) => readSource(directories[index] ?? '', source)),
  nodes: nodes as never,
}
const lines = [
  '{',
  `"licence": ${JSON.stringify(packed.licence)},`,
  `"sources": [\n${packed.sources.map((source) => JSON.stringify(source)).join(',\n')}\n],`,
  `"nodes": [\n${packed.nodes.map((node) => JSON.stringify(node)).join(',\n')}\n]`,
  '}',
]
writeFileSync(join(import.meta.dirname, '../schemas.json'), `${lines.join('\n')}\n`)
