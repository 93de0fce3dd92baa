import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { validate } from '../../../cli/config-checks/validate.ts'
import type { Finding } from '../../../cli/findings/findings.ts'
import { createConfBuilder } from '../../../cli/spark-conf/effective-conf.ts'
import { sparkAnswers } from '../spark-conf/oracle/answers.ts'

const context = { values: {}, operator: 'none', memory: { driverMemory: null, driverMemoryOverhead: null } } as const

/** What only the API server or the driver's JVM refuses; Spark makes such pods. */
const laterRefusals = new Set([
  'SPN-VALIDATE-CORES',
  'SPN-VALIDATE-POD-NAME',
  'SPN-VALIDATE-HEAP-UNIT',
  'SPN-VALIDATE-HEAP-SMALL',
  'SPN-VALIDATE-TASK-CPUS',
])

describe('validate', () => {
  test('an error is found in each configuration that a real Spark refuses, and in no other', () => {
    const counted = { refused: 0, taken: 0 }
    for (const { question, answer } of sparkAnswers()) {
      if (!('conf' in question)) continue
      const builder = createConfBuilder()
      for (const [key, value] of Object.entries(question.conf)) builder.set(key, value, { source: 'conf' })
      const conf = builder.build(question.language, [4, 0, 1])
      const subject = {
        conf,
        operator: 'none',
        origin: 'conf',
        mistyped: [],
        settingProblems: [],
        driverLimitMiB: null,
      } as const
      const errors = validate(subject, context).filter(({ severity }) => severity === 'error')
      const what = `${JSON.stringify(question)}: ${answer.refused ?? 'taken'}; found ${idsOf(errors)}`
      if (answer.refused !== undefined) {
        counted.refused += 1
        assert.ok(errors.length > 0, what)
      } else {
        counted.taken += 1
        assert.deepEqual(
          idsOf(errors).filter((id) => !laterRefusals.has(id)),
          [],
          what,
        )
      }
    }
    assert.ok(counted.refused > 150 && counted.taken > 60, JSON.stringify(counted))
  })
})

const idsOf = (findings: readonly Finding[]) => findings.map(({ id }) => id)
