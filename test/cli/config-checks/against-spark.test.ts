import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { validate } from '../../../cli/config-checks/validate.ts'
import type { Finding } from '../../../cli/findings/findings.ts'
import { createConfBuilder } from '../../../cli/spark-conf/effective-conf.ts'
import { sparkAnswers } from '../spark-conf/oracle/answers.ts'

const context = { values: {}, operator: 'none', memory: { driverMemory: null, driverMemoryOverhead: null } } as const

/** Mistakes that only the API server or the driver's JVM rejects. Spark itself accepts them. */
const laterRefusals = new Set([
  'SPN-VALIDATE-CORES',
  'SPN-VALIDATE-POD-NAME',
  'SPN-VALIDATE-HEAP-UNIT',
  'SPN-VALIDATE-HEAP-SMALL',
  'SPN-VALIDATE-TASK-CPUS',
])

describe('validate', () => {
  test('configurations that a real Spark refused or accepted → an error exactly for the refused ones', () => {
    const counted = { refused: 0, accepted: 0 }
    for (const { question, answer } of sparkAnswers()) {
      if (!('conf' in question)) continue
      const builder = createConfBuilder()
      for (const [key, value] of Object.entries(question.conf)) builder.set(key, value, { source: 'conf' })
      const conf = builder.build(question.language, [4, 0, 1])
      const subject = {
        conf,
        operator: 'none',
        origin: 'conf',
        mode: 'cluster',
        isWhole: true,
        unresolved: new Set<string>(),
        schema: null,
        commandLine: { applicationArguments: [], unknownOptions: [] },
        templateAccount: null,
        mountPaths: null,
        settingProblems: [],
        driverLimitMiB: null,
      } as const
      const errors = validate(subject, context).filter(({ severity }) => severity === 'error')
      const what = `${JSON.stringify(question)}: ${answer.refused ?? 'accepted'}; found ${listFindingIds(errors)}`
      if (answer.refused !== undefined) {
        counted.refused += 1
        assert.ok(errors.length > 0, what)
      } else {
        counted.accepted += 1
        assert.deepEqual(
          listFindingIds(errors).filter((id) => !laterRefusals.has(id)),
          [],
          what,
        )
      }
    }
    assert.ok(counted.refused > 150 && counted.accepted > 60, JSON.stringify(counted))
  })
})

const listFindingIds = (findings: readonly Finding[]) => findings.map(({ id }) => id)
