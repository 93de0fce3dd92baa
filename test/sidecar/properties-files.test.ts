import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { readPropertiesFiles } from '../../sidecar/properties-files.ts'

const dir = mkdtempSync(join(tmpdir(), 'properties-'))
after(() => rmSync(dir, { recursive: true }))
writeFileSync(join(dir, 'spark.properties'), 'spark.ui.port=4050\n')
writeFileSync(join(dir, 'spark-defaults.conf'), 'spark.ui.port 4060\nspark.ssl.enabled true\n')
writeFileSync(join(dir, 'huge.conf'), `spark.ui.port=1\n#${'x'.repeat(1024 ** 2)}\n`)
// A ConfigMap's files are symbolic links.
symlinkSync('spark.properties', join(dir, 'linked.properties'))
execFileSync('mkfifo', [join(dir, 'pipe.conf')])

describe('readPropertiesFiles', () => {
  for (const [name, names, expected] of [
    ['one file', ['spark.properties'], { 'spark.ui.port': '4050' }],
    ['a symbolic link', ['linked.properties'], { 'spark.ui.port': '4050' }],
    [
      'two files',
      ['spark.properties', 'spark-defaults.conf'],
      { 'spark.ui.port': '4050', 'spark.ssl.enabled': 'true' },
    ],
    ['a missing file and another', ['none', 'spark.properties'], { 'spark.ui.port': '4050' }],
    ['a missing file', ['none'], null],
    ['no file', [], null],
    ['a pipe', ['pipe.conf'], null],
    ['a file that no ConfigMap could hold', ['huge.conf'], null],
    ['a folder', ['.'], null],
  ] as const) {
    test(`${name} → ${JSON.stringify(expected)}`, () => {
      const properties = readPropertiesFiles(dir, names)
      assert.deepEqual(properties && Object.fromEntries(properties), expected)
    })
  }
})
