import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { runCli } from '../../run-cli.ts'
import { runDiagnoseOn } from './run-diagnose.ts'

const oom = 'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space\n'

function createBundle(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'spark-nanny-bundle-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const path = (name: string) => join(dir, name)
  return {
    path,
    /** What could not be read, by the name of the evidence. */
    unread: async (): Promise<Readonly<Record<string, string>>> => {
      const { unknown } = JSON.parse((await runDiagnoseOn(dir, '-o', 'json')).stdout)
      return Object.fromEntries(unknown.map(({ what, why }: Record<string, string>) => [what, why]))
    },
  }
}

const link = 'a link; only regular files are read'
const planted: readonly (readonly [name: string, plant: (path: string) => void, why: string])[] = [
  ['a pipe', (path) => execFileSync('mkfifo', [path]), 'not a regular file'],
  ['a link to an endless device', (path) => symlinkSync('/dev/zero', path), link],
  ['a link to a file of the user', (path) => symlinkSync('/etc/passwd', path), link],
  ['a link to itself', (path) => symlinkSync(path, path), link],
  ['a directory', (path) => mkdirSync(path), 'not a regular file'],
]

const deep = (open: string, close: string, depth = 16_000) => `${open.repeat(depth)}1${close.repeat(depth)}`

describe('diagnose --bundle with hostile files', { timeout: 120_000 }, () => {
  for (const [name, plant, why] of planted) {
    test(`${name} in place of each file → unknown, with the reason`, async (t) => {
      const bundle = createBundle(t)
      for (const file of ['pod.json', 'events.json', 'previous.log', 'spark.properties']) plant(bundle.path(file))
      writeFileSync(bundle.path('driver.log'), oom)
      assert.deepEqual(await bundle.unread(), { pod: why, events: why, previousLog: why, conf: why })
    })
  }

  test('a document that is too long → unknown, without reading it', async (t) => {
    const bundle = createBundle(t)
    writeFileSync(bundle.path('driver.log'), oom)
    for (const file of ['pod.json', 'events.json']) {
      writeFileSync(bundle.path(file), '')
      truncateSync(bundle.path(file), 2 ** 40)
    }
    assert.deepEqual(await bundle.unread(), { pod: 'longer than 64 MiB', events: 'longer than 64 MiB' })
  })

  test('Events with 300,000 times → read', async (t) => {
    const bundle = createBundle(t)
    writeFileSync(bundle.path('driver.log'), oom)
    writeFileSync(bundle.path('pod.json'), '{"kind":"Pod","x":1}')
    const items = Array.from({ length: 300_000 }, () => '"2026-11-24T12:00:00Z"')
    writeFileSync(bundle.path('events.json'), `{"items":[],"x":[${items.join()}]}`)
    assert.equal((await bundle.unread()).events, undefined)
  })

  for (const [name, text] of [
    ['lists', deep('[', ']')],
    ['objects', deep('{"a":', '}', 5_000)],
    ['objects with index keys', deep('{"0":', '}', 5_000)],
    ['lists in a field', `{"kind":"Pod","spec":${deep('[', ']', 10_000)}}`],
  ] as const) {
    test(`a document of deeply nested ${name} → unknown, with the reason`, async (t) => {
      const bundle = createBundle(t)
      writeFileSync(bundle.path('driver.log'), oom)
      for (const file of ['pod.json', 'events.json']) writeFileSync(bundle.path(file), text)
      assert.deepEqual(await bundle.unread(), { pod: 'nested too deeply', events: 'nested too deeply' })
    })
  }
})

describe('manifests that are nested deeply', () => {
  const manifests: readonly (readonly [string, string])[] = [
    ['JSON', `{"apiVersion":"v1","kind":"Pod","x":${deep('[', ']')}}`],
    ['JSON with index keys', `{"apiVersion":"v1","kind":"Pod","x":${deep('{"0":', '}', 5_000)}}`],
    ['YAML', `apiVersion: v1\nkind: Pod\nx: ${deep('[', ']')}\n`],
    ['YAML in blocks', `apiVersion: v1\nkind: Pod\nx:\n${'- '.repeat(16_000)}1\n`],
  ]
  for (const [name, text] of manifests) {
    for (const args of [
      ['inject', '-f', 'f'],
      ['validate', '-f', 'f'],
      ['preflight', 'f', '--offline'],
    ]) {
      test(`${args[0]} of ${name} → usage error with the reason`, async () => {
        const { exitCode, stderr } = await runCli(args, { f: text })
        assert.equal(exitCode, 2, stderr)
        assert.match(stderr, /nested too deeply/)
      })
    }
  }
})
