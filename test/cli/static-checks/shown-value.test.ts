import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatValue } from '../../../cli/static-checks/shown-value.ts'

describe('formatValue', () => {
  test('the value of a secret key, even if misspelt → not shown', () => {
    for (const key of ['spark.authenticate.secret', 'spark.authenticate.secert']) {
      assert.doesNotMatch(formatValue(key, 'hunter2'), /hunter2/, key)
    }
    assert.equal(formatValue('spark.driver.memroy', '2g'), '2g')
  })
})
