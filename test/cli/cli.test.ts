import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import packageJson from '../../package.json' with { type: 'json' }
import { runCli } from './run-cli.ts'

const wrong: readonly { args: readonly string[]; files?: Record<string, string>; message: RegExp }[] = [
  { args: ['injekt'], message: /unknown command 'injekt'/ },
  { args: ['--bogus'], message: /unknown option '--bogus'/ },
  { args: ['inject'], message: /FILE is required/ },
  { args: ['inject', '-f', 'x', '--bogus'], message: /unknown option '--bogus'/ },
  { args: ['inject', 'absent.yaml'], message: /absent\.yaml: there is no such file/ },
  { args: ['inject', 'a', '-f', 'b'], message: /specify only one FILE/ },
  { args: ['inject', '-f', 'absent.yaml'], message: /absent\.yaml: there is no such file; expected Pods/ },
  { args: ['inject', '-f', '.'], message: /\.: is a directory; expected Pods/ },
  { args: ['inject', '-f', 'x'], files: { x: '' }, message: /x: is empty; expected Pods/ },
  { args: ['inject', '-f', 'x'], files: { x: '{"kind": "Pod"' }, message: /x: is not JSON: .* expected Pods/ },
  { args: ['inject', '-f', 'x'], files: { x: 'a: b: c' }, message: /x: is not YAML: .*line 1.* expected Pods/ },
  {
    args: ['inject', '-f', 'x'],
    files: { x: 'hello' },
    message: /x: contains something other than Kubernetes objects/,
  },
  {
    args: ['inject', '-f', 'x'],
    files: { x: 'a: 1\n---\nkind: Pod' },
    message: /x: .*`kind` is missing in document 1/,
  },
  { args: ['inject', '-f', 'x'], files: { x: 'apiVersion: v1\nkind: Pod' }, message: /x: Pod .* is not a valid Pod/ },
  {
    args: ['inject', '-f', 'x'],
    files: { x: 'kind: AdmissionReview' },
    message: /x: AdmissionReview: apiVersion is absent/,
  },
  {
    args: ['inject', '-f', 'x', '--application', 'y'],
    files: { x: 'kind: A', y: 'kind: B' },
    message: /y: .*SparkApplication/,
  },
  { args: ['inject', '-f', 'x', '--set', 'intervall=3s'], message: /did you mean interval\?/ },
  { args: ['inject', '-f', 'x', '--set', 'interval=3'], message: /interval must be a duration/ },
  { args: ['inject', '-f', 'x', '--set', 'interval'], message: /must be KEY=VALUE/ },
  { args: ['inject', '-f', 'x', '--kubernetes-version', 'new'], message: /must be a version such as 1\.36/ },
  { args: ['inject', '-f', 'x', '-o', 'json'], message: /-o requires --explain/ },
  { args: ['check', 'now'], message: /too many arguments for 'check'/ },
  { args: ['check', '--wait', 'soon'], message: /must be a duration with its unit, such as 2m/ },
  { args: ['check', '-o', 'yaml'], message: /Allowed choices are text, json/ },
  { args: ['completion'], message: /missing required argument 'SHELL'/ },
]
describe('command line', () => {
  for (const { args, files = {}, message } of wrong) {
    test(`${args.join(' ')} ${JSON.stringify(files)} → usage error`, async () => {
      const { exitCode, stdout, stderr } = await runCli(args, files)
      assert.equal(exitCode, 2)
      assert.equal(stdout, '')
      assert.match(stderr, message)
      assert.match(stderr, /^usage: spark-nanny/m)
      assert.doesNotMatch(stderr, /^\s+at /m)
      assert.equal(stderr.trimEnd().split('\n').length, 2, stderr)
    })
  }

  test('YAML anchors that expand without bounds → usage error', async () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const item = level === 0 ? 'x' : `*a${level - 1}`
      return `a${level}: &a${level} [${Array(9).fill(item).join(', ')}]`
    })
    const { exitCode, stderr } = await runCli(['inject', '-f', 'x'], { x: `kind: Pod\n${levels.join('\n')}\n` })
    assert.equal(exitCode, 2)
    assert.match(stderr, /Excessive alias count/)
  })

  test('--help and --version → stdout, exit code 0', async () => {
    const help = await runCli(['inject', '--help'])
    assert.equal(help.exitCode, 0)
    assert.match(help.stdout, /--application <FILE>/)
    const version = await runCli(['--version'])
    assert.deepEqual(version, { exitCode: 0, stdout: `${packageJson.version}\n`, stderr: '' })
  })

  test('no arguments → help, exit code 2', async () => {
    const { exitCode, stderr } = await runCli([])
    assert.equal(exitCode, 2)
    assert.match(stderr, /Usage: spark-nanny/)
  })

  test('called as a kubectl plugin → help and usage show that name', async () => {
    for (const calledAs of ['kubectl-spark_nanny', 'kubectl-spark_nanny.exe']) {
      const help = await runCli(['--help'], {}, '', { calledAs })
      assert.match(help.stdout, /^Usage: kubectl spark-nanny \[options\]/)
      const wrong = await runCli(['inject'], {}, '', { calledAs })
      assert.match(wrong.stderr, /\nusage: kubectl spark-nanny inject /)
    }
    assert.match((await runCli(['--help'], {}, '', { calledAs: 'spark-nanny.mjs' })).stdout, /^Usage: spark-nanny /)
  })

  const root = join(import.meta.dirname, '../..')
  const spawnCli = (args: readonly string[], input = '') =>
    spawnSync(process.execPath, ['cli/main.ts', ...args], { cwd: root, encoding: 'utf8', input })

  test('real process → reads a file and stdin, and returns the exit code', () => {
    const capture = 'test/data/admission/driver-pod.spark-submit.json'
    const fromFile = spawnCli(['inject', '-f', capture])
    assert.equal(fromFile.status, 0, fromFile.stderr)
    assert.equal(JSON.parse(fromFile.stdout).response.allowed, true)

    const fromStdin = spawnCli(['inject', '-f', '-'], 'kind: Secret\n')
    assert.deepEqual([fromStdin.status, fromStdin.stdout], [0, 'kind: Secret\n'])

    const unreadable = spawnCli(['inject', '-f', 'absent.yaml'])
    assert.equal(unreadable.status, 2)
    assert.match(unreadable.stderr, /^error: absent\.yaml: there is no such file/)
  })
})
