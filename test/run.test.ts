import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, test } from 'node:test'

const root = join(import.meta.dirname, '..')

/** NODE_TEST_CONTEXT would make the inner run a part of this one. */
const runPaths = (...paths: readonly string[]) => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  return spawnSync(process.execPath, ['test/run.ts', ...paths], { cwd: root, encoding: 'utf8', env })
}

const unusable: readonly (readonly [path: string, message: RegExp])[] = [
  ['core/duration.ts', /core\/duration\.ts: is not a test file; expected a folder or a \*\.test\.ts/],
  ['test/core/absent.test.ts', /test\/core\/absent\.test\.ts: there is no such file or folder/],
  ['examples', /examples: contains no \*\.test\.ts/],
]

describe('npm test with paths', () => {
  for (const [path, message] of unusable) {
    test(`${path} → a message and exit code 2, no result line`, () => {
      const { stdout, stderr, status } = runPaths('test/core/duration.test.ts', path)
      assert.equal(status, 2)
      assert.match(stderr, message)
      assert.doesNotMatch(stdout, /passed/)
    })
  }

  test('a test file → it is run, and the result line is last', () => {
    const { stdout, status } = runPaths('test/core/duration.test.ts')
    assert.equal(status, 0, stdout)
    assert.match(stdout, /\n[1-9]\d* passed, 0 failed\n$/)
  })
})
