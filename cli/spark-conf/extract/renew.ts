import { execFileSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SparkKey, SparkRelease } from '../spark-keys.ts'

/**
 * Entry, run manually: `node_modules/.bin/node cli/spark-conf/extract/renew.ts JARS…` regenerates keys.json. JARS are
 * folders, each with the jars of one Spark release (spark-sql and spark-kubernetes with the dependencies that
 * `mvn dependency:copy-dependencies` copies), oldest first. Java 17 must be on the PATH. Run `biome format --write` afterwards.
 */
const opens = ['java.lang', 'java.util', 'java.nio', 'sun.nio.ch'].map(
  (name) => `--add-opens=java.base/${name}=ALL-UNNAMED`,
)

/** A line of ConfigRegistry.java. */
type RegistryLine = { readonly key: string } & { [field in keyof SparkKey]?: SparkKey[field] } & {
  readonly only?: string
  readonly alternatives?: readonly string[]
}

const releases = process.argv.slice(2).map((jars) => ({ release: findRelease(jars), lines: ask(jars) }))
const newest = releases.at(-1)
if (newest === undefined) {
  console.error('usage: node_modules/.bin/node cli/spark-conf/extract/renew.ts JARS…')
  process.exit(2)
}
const keys: Record<string, SparkKey> = {}
for (const { release, lines } of releases) {
  for (const { key, type, deprecated, replacement, removed, only, alternatives, ...rest } of lines) {
    if (type === undefined) continue
    const { default: before } = keys[key] ?? {}
    const changed = before !== undefined && rest.default !== undefined && before !== rest.default
    const previously = changed ? { previously: before } : {}
    keys[key] = { type, ...rest, ...previously, ...(release !== newest.release && { last: release }) }
  }
}
// Deprecated, renamed and removed keys. A later release overrides an earlier one.
for (const { lines } of releases) {
  for (const { key, type, deprecated, replacement, removed, only, alternatives = [] } of lines) {
    for (const old of alternatives) keys[old] = { ...(keys[old] ?? { type: 'string' }), replacement: key }
    if (type !== undefined) continue
    const known = replacement !== undefined && keys[replacement] !== undefined
    keys[key] = {
      ...(keys[key] ?? { type: 'string' }),
      ...(deprecated !== undefined && { deprecated }),
      ...(known && { replacement }),
      ...(removed !== undefined && { removed, default: only }),
    }
  }
}
const sorted = Object.entries(keys).toSorted(([a], [b]) => (a < b ? -1 : 1))
const lines = sorted.map(([key, row]) => `  ${JSON.stringify(key)}: ${JSON.stringify(row)}`)
writeFileSync(join(import.meta.dirname, '../keys.json'), `{\n${lines.join(',\n')}\n}\n`)
console.log(`${sorted.length} keys of Spark ${releases.map(({ release }) => release).join(', ')}`)

function ask(jars: string): readonly RegistryLine[] {
  const program = join(import.meta.dirname, 'ConfigRegistry.java')
  const output = execFileSync('java', [...opens, '-cp', join(jars, '*'), program, jars], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return output
    .trim()
    .split('\n')
    .map((line): RegistryLine => JSON.parse(line))
}

function findRelease(jars: string): SparkRelease {
  const core = readdirSync(jars).find((name) => name.startsWith('spark-core_'))
  const release = /-(\d+\.\d+)\.[^-]*\.jar$/.exec(core ?? '')?.[1]
  if (release === undefined) throw new Error(`${jars}: no spark-core jar`)
  return release as SparkRelease
}
