import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runCli } from '../run-cli.ts'

const long = 'x'.repeat(900)
const keys = [
  'spark.driver.memory',
  'spark.executor.instances',
  'spark.kubernetes.container.image',
  'spark.kubernetes.driver.pod.name',
  'spark.kubernetes.driver.request.cores',
  'spark.kubernetes.driver.secretKeyRef.A',
  `spark.kubernetes.driver.volumes.${long}.a.mount.path`,
  'spark.master',
  'spark.submit.deployMode',
  'spark.exector.memory',
]

describe('findings of a file', () => {
  for (const command of [['validate'], ['preflight', '--offline']]) {
    test(`${command.join(' ')} of values of any length → headlines and evidence stay readable`, async () => {
      const settings = keys.map((key) => `${key} ${long}\n`).join('')
      const { stdout } = await runCli([...command, '-f', '-', '-o', 'json'], {}, settings)
      const { findings } = JSON.parse(stdout)
      assert.ok(findings.length >= 3, stdout)
      for (const { title, explanation, evidence } of findings) {
        assert.ok(title.length <= 700 && explanation.length <= 1000, title)
        for (const { excerpt } of evidence) assert.ok(excerpt.length <= 400, excerpt)
      }
    })
  }
})
