import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toSample } from '../../../core/spark/rest-api.ts'
import { applicationId } from '../../sidecar/policies.ts'

describe('toSample of a history server', () => {
  test('a long list of applications → a short detail', () => {
    const body = JSON.stringify(Array.from({ length: 5_000 }, (_, n) => ({ id: `spark-${n}` })))
    const sample = toSample({ statusCode: 200, body }, applicationId, 1)
    assert.ok(sample.kind === 'other' && sample.detail.length < 500, JSON.stringify(sample).slice(0, 100))
  })
})
