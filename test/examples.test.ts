import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { runCli } from './cli/run-cli.ts'

const folder = join(import.meta.dirname, '..', 'examples')

describe('examples', () => {
  for (const name of readdirSync(folder)) {
    const files = { [name]: readFileSync(join(folder, name), 'utf8') }

    test(`validate -f ${name} → no problems found`, async () => {
      const { stdout, stderr, exitCode } = await runCli(['validate', '-f', name, '--strict'], files)
      assert.equal(exitCode, 0, stdout + stderr)
      assert.match(stdout, /No problems found/)
    })

    test(`preflight --offline ${name} → no problems found`, async () => {
      const { stdout, stderr, exitCode } = await runCli(['preflight', '--offline', name, '--strict'], files)
      assert.equal(exitCode, 0, stdout + stderr)
      assert.match(stdout, /No problems found/)
    })
  }
})
