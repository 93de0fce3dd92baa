import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { toRecord, toRecords } from '../core/json.ts'
import packageJson from '../package.json' with { type: 'json' }

const root = join(import.meta.dirname, '..')
const file = (name: string) => join(root, 'dist', `${name}.cdx.json`)

/** Builds the images' bundles and returns the SBOM of each, as text. */
function build(): Readonly<Record<'webhook' | 'sidecar', string>> {
  execFileSync(process.execPath, ['build.ts', '--sbom', 'webhook', 'sidecar'], { cwd: root, stdio: 'ignore' })
  return { webhook: readFileSync(file('webhook'), 'utf8'), sidecar: readFileSync(file('sidecar'), 'utf8') }
}

const componentsOf = (text: string) => toRecords(toRecord(JSON.parse(text)).components)

describe('SBOM of the images', () => {
  const built = build()

  test('the webhook → lists the packages that its bundle contains, each with version, hash and licence', () => {
    const components = componentsOf(built.webhook)
    const names = components.map(({ name }) => String(name))
    for (const name of ['fastify', 'pino', 'node-forge', 'prom-client', 'ajv']) assert.ok(names.includes(name), name)
    for (const name of ['@kubernetes/client-node', 'commander', 'yaml', 'typescript', 'esbuild']) {
      assert.ok(!names.includes(name), name)
    }
    for (const { name, version, purl, hashes, licenses } of components) {
      assert.equal(purl, `pkg:npm/${String(name).replace('@', '%40')}@${version}`)
      assert.ok(toRecords(hashes).length > 0 && toRecords(licenses).length > 0, String(name))
    }
  })

  test('the sidecar → lists no package that only the webhook contains', () => {
    const names = componentsOf(built.sidecar).map(({ name }) => name)
    for (const name of ['fastify', 'pino', 'node-forge']) assert.ok(!names.includes(name), name)
  })

  test('both → are CycloneDX documents about the image in this version', () => {
    for (const [name, text] of Object.entries(built)) {
      const { bomFormat, metadata, dependencies, components } = toRecord(JSON.parse(text))
      assert.equal(bomFormat, 'CycloneDX')
      const { name: subject, version } = toRecord(toRecord(metadata).component)
      assert.deepEqual([subject, version], [`spark-nanny-${name}`, packageJson.version])
      const known = [`spark-nanny@${version}`, ...toRecords(components).map((one) => one['bom-ref'])]
      assert.deepEqual(
        toRecords(dependencies)
          .map(({ ref }) => ref)
          .toSorted(),
        known.toSorted(),
      )
    }
  })

  test('two builds → have the same SBOM', () => assert.deepEqual(build(), built))
})
