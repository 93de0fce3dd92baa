import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { capturedObject, runCli } from '../cli/run-cli.ts'

const examples = join(import.meta.dirname, '../../examples')
const names = await readdir(examples)
const read = (name: string) => readFile(join(examples, name), 'utf8')

describe('examples', () => {
  for (const name of names) {
    for (const args of [
      ['validate', '-f', name],
      ['preflight', '--offline', name],
    ]) {
      test(`${args.join(' ')} → no problems found`, async () => {
        const { exitCode, stdout, stderr } = await runCli([...args, '--strict'], { [name]: await read(name) })
        assert.equal(exitCode, 0, stdout + stderr)
        assert.match(stdout, /No problems found/)
      })
    }
  }

  test('annotations of the SparkApplication for kubeflow’s operator → inject accepts them without a warning', async () => {
    const pod = await capturedObject('driver-pod.spark-operator.json')
    const application = parse(await read('kubeflow-sparkapplication.yaml'))
    application.metadata.name = 'opl'
    application.metadata.namespace = 'spark'
    const files = { pod: JSON.stringify(pod), application: JSON.stringify(application) }
    const { exitCode, stdout, stderr } = await runCli(['inject', '-f', 'pod', '--application', 'application'], files)
    assert.equal(exitCode, 0, stderr)
    assert.equal(stderr, '')
    assert.ok(stdout.includes('spark-nanny'))
  })

  test('spark-submit.sh → inject accepts its driver annotations, validate its configuration', async () => {
    const script = await read('spark-submit.sh')
    const settings = [...script.matchAll(/--conf (\S+?)=(\S+)/g)].map(
      ([, key = '', value = '']) => [key, value] as const,
    )
    const prefix = 'spark.kubernetes.driver.annotation.'
    const annotations = settings.flatMap(([key, value]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : [],
    )
    assert.equal(annotations.length, 2)
    const pod = parse(JSON.stringify(await capturedObject('driver-pod.spark-submit.json')))
    pod.metadata.annotations = Object.fromEntries(annotations)
    const injected = await runCli(['inject', '-f', 'pod'], { pod: JSON.stringify(pod) })
    assert.equal(injected.exitCode, 0, injected.stderr)
    assert.equal(injected.stderr, '')

    const properties = settings.map(([key, value]) => `${key} ${value}\n`).join('')
    const validated = await runCli(['validate', '-f', 'spark.conf'], { 'spark.conf': properties })
    assert.equal(validated.exitCode, 0, validated.stdout + validated.stderr)
  })
})
