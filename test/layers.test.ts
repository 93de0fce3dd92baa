import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, test } from 'node:test'

const root = join(import.meta.dirname, '..')

/** Which top-level folders a top-level folder may import, besides itself. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  kubernetes: ['core'],
  'spark-ui': ['core'],
  admission: ['core'],
  cluster: ['core', 'kubernetes', 'admission'],
  certs: ['core', 'kubernetes'],
  sidecar: ['core', 'spark-ui'],
  legacy: [],
  webhook: ['core', 'kubernetes', 'spark-ui', 'admission', 'cluster', 'certs', 'legacy'],
  cli: ['core', 'kubernetes', 'spark-ui', 'admission', 'cluster'],
}

/**
 * Inside the controller and the CLI: a folder may import those in the groups before its own. Folders of one group are
 * siblings that do not import each other. A name covers its subfolders, unless a longer name is listed too.
 */
const insideOrder: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'webhook/controller': [
    ['driver'],
    ['assess'],
    ['poll', 'deletions', 'metrics'],
    ['decide'],
    ['act'],
    ['reconcile'],
    ['.'],
  ],
  cli: [
    ['manifests', 'spark-conf'],
    ['options', 'operator-schemas'],
    ['redaction'],
    ['log'],
    ['evidence'],
    ['cluster', 'findings'],
    ['io', 'rules'],
    ['terminal', 'diagnosis'],
    ['render'],
    ['static-checks'],
    ['workload', 'config-checks'],
    ['commands'],
    ['.'],
  ],
  'cli/commands/recover': [['facts'], ['plan'], ['apply'], ['report'], ['.']],
  certs: [['pki'], ['.'], ['trust'], ['self-signed', 'mounted']],
}

/** Imports that break the tables, `FROM → TO`, folder by folder. The list only shrinks. */
const exceptions: readonly string[] = []

/** The folders that may import a package; a folder covers its subfolders. */
const packageFolders: Readonly<Record<string, readonly string[]>> = {
  '@kubernetes/client-node': ['kubernetes'],
  commander: ['cli'],
  'fast-json-patch': ['admission'],
  fastify: ['webhook/server'],
  'fastest-levenshtein': ['core/settings', 'cli'],
  'node-forge': ['certs/pki'],
  'p-limit': ['kubernetes', 'cluster', 'webhook', 'cli'],
  pino: ['webhook'],
  'prom-client': ['webhook/server', 'webhook/controller/metrics'],
  valibot: ['core/contract', 'core/settings', 'webhook/config', 'cli'],
  yaml: ['cli/manifests'],
}

/** Packages without I/O that core may use. */
const corePackages = ['fastest-levenshtein', 'valibot']

/** Globals through which a module reaches time, the network, files or the process without an import. */
const forbiddenGlobals =
  /\b(process|fetch|setTimeout|setInterval|setImmediate|performance|require|Date\.now|new Date\(\)|Math\.random|globalThis|console|navigator|WebSocket)\b/

const withoutComments = (source: string) => source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')

function importSpecifiers(source: string): readonly string[] {
  const patterns = [/\bfrom\s*['"]([^'"]+)['"]/g, /\bimport\s*['"]([^'"]+)['"]/g, /\bimport\s*\(([^)]*)\)/g]
  return patterns.flatMap((pattern) =>
    [...withoutComments(source).matchAll(pattern)].map(([, specifier]) => (specifier ?? '').replace(/^'(.*)'$/, '$1')),
  )
}

interface Import {
  readonly from: string
  readonly to: string
}

const files = globSync(`{${Object.keys(mayImport).join(',')}}/**/*.ts`, { cwd: root }).sort()
const read = (file: string) => readFileSync(join(root, file), 'utf8')

const imports: readonly Import[] = files.flatMap((from) =>
  importSpecifiers(read(from))
    .filter((specifier) => specifier.startsWith('.') && specifier.endsWith('.ts'))
    .map((specifier) => ({ from, to: normalize(join(dirname(from), specifier)) })),
)

const topFolder = (file: string) => file.split('/')[0] ?? ''
const folderArrow = ({ from, to }: Import) => `${dirname(from)} → ${dirname(to)}`

/** The index of the group that a file of `area` belongs to; undefined when the file is outside the area. */
function groupIndex(area: string, file: string): number | undefined {
  if (!file.startsWith(`${area}/`)) return undefined
  const folder = relative(area, dirname(file)) || '.'
  const groups = insideOrder[area] ?? []
  const index = groups.findIndex((group) =>
    group.some((name) => name === folder || (name !== '.' && folder.startsWith(`${name}/`))),
  )
  return index
}

function breaksInsideOrder(area: string, { from, to }: Import): boolean {
  const [a, b] = [groupIndex(area, from), groupIndex(area, to)]
  if (a === undefined || b === undefined || dirname(from) === dirname(to)) return false
  const siblings = a === b && relative(area, from).split('/')[0] !== relative(area, to).split('/')[0]
  return a < b || siblings
}

const breaksLayers = ({ from, to }: Import) =>
  topFolder(from) !== topFolder(to) && !mayImport[topFolder(from)]?.includes(topFolder(to))

describe('layers', () => {
  test('every import goes down the table → only the listed exceptions remain', () => {
    const broken = imports.filter(
      (edge) => breaksLayers(edge) || Object.keys(insideOrder).some((area) => breaksInsideOrder(area, edge)),
    )
    assert.deepEqual([...new Set(broken.map(folderArrow))].sort(), exceptions.toSorted())
  })

  test('every package is imported only where the table allows → no other folder knows it', () => {
    const isPackage = (specifier: string) => /^[@a-z]/.test(specifier) && !specifier.startsWith('node:')
    const misplaced = files.flatMap((file) =>
      importSpecifiers(read(file))
        .filter(isPackage)
        .filter((name) => !packageFolders[name]?.some((folder) => file.startsWith(`${folder}/`)))
        .map((name) => `${file} → ${name}`),
    )
    assert.deepEqual(misplaced, [])
  })

  test('every folder of an ordered area → has a place in its order', () => {
    for (const area of Object.keys(insideOrder)) {
      const unplaced = files.filter((file) => groupIndex(area, file) === -1).map((file) => dirname(file))
      assert.deepEqual([...new Set(unplaced)], [], area)
    }
  })

  test('an import in any syntax → is found', () => {
    const ways = [
      "import x from './x.ts'",
      "import './x.ts'",
      "export { x } from './x.ts'",
      "import type { X } from './x.ts'",
      "const x = await import('./x.ts')",
    ]
    for (const way of ways) assert.deepEqual(importSpecifiers(way), ['./x.ts'], way)
    assert.deepEqual(importSpecifiers('await import(name)'), ['name'])
  })
})

describe('core', () => {
  for (const file of files.filter((path) => topFolder(path) === 'core')) {
    test(`${file} → imports nothing that reaches I/O`, () => {
      const outside = importSpecifiers(read(file)).filter(
        (specifier) =>
          !corePackages.includes(specifier) &&
          !(specifier.startsWith('.') && files.includes(normalize(join(dirname(file), specifier)))),
      )
      assert.deepEqual(outside, [])
    })

    test(`${file} → names no global that reaches I/O`, () => {
      // Words in a string, a template or a pattern are not code.
      const code = withoutComments(read(file)).replace(/'(\\.|[^'\\\n])*'|`(\\.|[^`\\])*`/g, "''")
      assert.equal(forbiddenGlobals.exec(code)?.[0], undefined)
    })
  }
})
