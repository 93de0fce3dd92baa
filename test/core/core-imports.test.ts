import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'

const coreDir = join(import.meta.dirname, '../../core')
const files = readdirSync(coreDir, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))

/** Pure packages that the core may use. */
const allowedPackages = ['fastest-levenshtein']
/** Globals by which a module could reach time, network, files or the process without an import. */
const forbiddenGlobals =
  /\b(process|fetch|setTimeout|setInterval|setImmediate|performance|require|Date\.now|new Date|Math\.random|globalThis|console|navigator|WebSocket)\b/

function specifiers(source: string): readonly string[] {
  const patterns = [/\bfrom\s*['"]([^'"]+)['"]/g, /\bimport\s*['"]([^'"]+)['"]/g, /\bimport\s*\(([^)]*)\)/g]
  return patterns.flatMap((pattern) => [...source.matchAll(pattern)].map(([, specifier]) => specifier ?? ''))
}

const withoutComments = (source: string) => source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')
const isAllowed = (specifier: string) =>
  allowedPackages.includes(specifier) || (/^\.\/[\w-]+\.ts$/.test(specifier) && files.includes(basename(specifier)))

test('there is a core, and it is flat', () => {
  assert.ok(files.length >= 9)
  assert.deepEqual(
    files.filter((file) => file !== basename(file)),
    [],
  )
})

for (const file of files) {
  test(`core/${file} imports nothing that could reach I/O`, () => {
    const source = withoutComments(readFileSync(join(coreDir, file), 'utf8'))
    assert.deepEqual(
      specifiers(source).filter((specifier) => !isAllowed(specifier)),
      [],
    )
  })

  test(`core/${file} names no global that could`, () => {
    // Words in a string or a pattern are no code.
    const code = withoutComments(readFileSync(join(coreDir, file), 'utf8')).replace(
      /'(\\.|[^'\\\n])*'|`(\\.|[^`\\])*`/g,
      "''",
    )
    assert.equal(forbiddenGlobals.exec(code)?.[0], undefined)
  })
}

test('the check itself sees every way to import', () => {
  const ways = [
    "import fs from 'node:fs'",
    'import "node:fs"',
    "export { x } from 'node:fs'",
    "import type { X } from 'node:fs'",
    "const fs = await import('node:fs')",
    'await import(name)',
  ]
  for (const way of ways) {
    const found = specifiers(way)
    assert.ok(found.length > 0 && found.every((specifier) => !isAllowed(specifier)), way)
  }
})
