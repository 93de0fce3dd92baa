import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { aliases } from '../../cli/aliases.ts'
import { parseInvocation } from '../../cli/invocation.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { runCli } from './run-cli.ts'

const calls: readonly (readonly [name: string, args: readonly string[], expected: readonly string[]])[] = [
  ['validate-spark-config', ['nightly', 'jobs'], ['validate', 'nightly', '--namespace', 'jobs']],
  [
    'validate-spark-config',
    ['nightly', 'jobs', '-o', 'json'],
    ['validate', 'nightly', '--namespace', 'jobs', '-o', 'json'],
  ],
  ['validate-spark-config', ['--help'], ['validate', '--help']],
  ['preflight-check', ['app.yaml', '--offline'], ['preflight', 'app.yaml', '--offline']],
  ['recover-driver-crash', ['jobs', 'nightly', '--apply'], ['recover', 'nightly', '--namespace', 'jobs', '--apply']],
  ['preflight-check', ['-'], ['preflight', '-']],
  ['preflight-check.mjs', ['app.yaml'], ['preflight', 'app.yaml']],
]
describe('command aliases', () => {
  for (const [name, args, expected] of calls) {
    test(`${name} ${args.join(' ')} → ${expected.join(' ')}`, () =>
      assert.deepEqual(parseInvocation(name, args).args, expected))
  }

  const wrong: readonly (readonly [name: string, args: readonly string[], message: RegExp])[] = [
    ['validate-spark-config', [], /^error: APP is missing\nusage: validate-spark-config APP NAMESPACE /],
    ['validate-spark-config', ['nightly'], /^error: NAMESPACE is missing\n/],
    ['validate-spark-config', ['nightly', '--strict'], /^error: NAMESPACE is missing\n/],
    ['preflight-check', ['a', 'b'], /^error: too many arguments: b\nusage: preflight-check APP_CONFIG /],
  ]
  for (const [calledAs, args, message] of wrong) {
    test(`${calledAs} ${args.join(' ')} → usage error`, async () => {
      const { exitCode, stderr, stdout } = await runCli(args, {}, '', { calledAs })
      assert.equal(exitCode, 2)
      assert.match(stderr, message)
      assert.equal(stdout, '')
    })
  }

  test('every alias → is a bin of the package', () => {
    for (const name of Object.keys(aliases)) assert.ok(Object.hasOwn(packageJson.bin, name), name)
  })
})
