import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { driverMemory, executorMemory } from '../../../cli/spark-conf/spark-memory.ts'
import { sparkAnswers } from './oracle/answers.ts'

const roles = ['driver', 'executor'] as const

describe('driverMemory and executorMemory', () => {
  test('configurations that Spark was asked about → the same memory for driver and executor pods', () => {
    const compared = { driver: 0, executor: 0, refused: 0 }
    for (const { question, answer } of sparkAnswers()) {
      if (!('conf' in question)) continue
      const conf = (key: string) => question.conf[key]
      const of = { driver: driverMemory(conf, question.language), executor: executorMemory(conf, question.language) }
      for (const role of roles.filter((name) => answer[name] !== undefined)) {
        const resources = answer[role]
        compared[role] += 1
        assert.equal(`${of[role]?.totalMiB}Mi`, resources?.requests.memory, `${role} of ${JSON.stringify(question)}`)
        assert.equal(resources?.limits.memory, resources?.requests.memory)
      }
      if (answer.refused?.includes('Size must be specified') === true) {
        compared.refused += 1
        assert.ok(of.driver === undefined || of.executor === undefined, JSON.stringify(question))
      }
    }
    assert.ok(compared.driver > 150 && compared.executor > 100 && compared.refused > 20, JSON.stringify(compared))
  })
})
