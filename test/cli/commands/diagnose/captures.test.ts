import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { outputForms } from '../../../../cli/render/report.ts'
import { assertGoldenText } from '../../../support/golden-text.ts'
import { runDiagnoseOn } from './run-diagnose.ts'

const crashes = join(import.meta.dirname, '../../../data/crashes')

const captures = [
  { name: 'class-missing', exitCode: 3, root: 'SPN-CLASSPATH-MAIN-CLASS', cause: 'classpath' },
  { name: 'forbidden-sa', exitCode: 3, root: 'SPN-PERMISSION-FORBIDDEN', cause: 'permission' },
  { name: 'heap-oom', exitCode: 3, root: 'SPN-MEMORY-HEAP', cause: 'memory' },
  { name: 'image-missing', exitCode: 3, root: 'SPN-IMAGE-REGISTRY', cause: 'image' },
  { name: 'plain-pi', exitCode: 0, root: undefined, cause: undefined },
  { name: 'unschedulable', exitCode: 3, root: 'SPN-SCHEDULING-CPU', cause: 'scheduling' },
  { name: 'user-error', exitCode: 3, root: 'SPN-APPLICATION-EXCEPTION', cause: 'application' },
] as const

describe('diagnose on captured drivers', () => {
  for (const { name, exitCode, root, cause } of captures) {
    test(`${name} → ${root ?? 'no finding'}`, async () => {
      const ran = await runDiagnoseOn(join(crashes, name), '-o', 'json')
      assert.equal(ran.exitCode, exitCode)
      assert.equal(ran.stderr, '')
      const { findings, unknown } = JSON.parse(ran.stdout)
      assert.equal(findings[0]?.id, root)
      assert.equal(findings[0]?.cause, cause)
      assert.deepEqual(unknown, [])
      for (const { symptomOf } of findings.slice(1))
        assert.equal(symptomOf, root, 'each other finding must be a symptom of the root cause')

      const text = await runDiagnoseOn(join(crashes, name))
      await assertGoldenText(`cli/diagnose/${name}.txt`, text.stdout)
    })
  }

  for (const form of outputForms.filter((one) => one !== 'text')) {
    test(`-o ${form} → golden report`, async () => {
      const { stdout } = await runDiagnoseOn(join(crashes, 'forbidden-sa'), '-o', form)
      await assertGoldenText(`cli/diagnose/forbidden-sa.${form}`, stdout)
    })
  }

  test('evidence from a log → names its line number', async () => {
    const { stdout } = await runDiagnoseOn(join(crashes, 'heap-oom'), '-o', 'json')
    const [{ evidence }] = JSON.parse(stdout).findings
    const lines = (await readFile(join(crashes, 'heap-oom/driver.log'), 'utf8')).split('\n')
    assert.equal(lines[evidence[0].line - 1], evidence[0].excerpt)
  })
})
