import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseMetrics } from '../../../core/spark/metrics.ts'

const capture = (version: string) =>
  readFileSync(join(import.meta.dirname, '../../data/spark-ui', version, 'metrics.json'), 'utf8')

describe('parseMetrics', () => {
  const captures = {
    '3.5.7': { allJobs: 29 },
    '4.0.1': { allJobs: 28 },
  }
  for (const [version, expected] of Object.entries(captures)) {
    test(`Spark ${version} → every metric`, () => {
      assert.deepEqual(parseMetrics(capture(version)), { activeJobs: 0, droppedExecutorEvents: 0, ...expected })
    })
  }

  const none = {
    activeJobs: null,
    allJobs: null,
    droppedExecutorEvents: null,
  }
  const bodies: readonly (readonly [string, unknown, unknown])[] = [
    ['no metric of Spark', { gauges: {} }, none],
    [
      'a namespace instead of the application id',
      { gauges: { 'my.team.driver.DAGScheduler.job.activeJobs': { value: 3 } } },
      { ...none, activeJobs: 3 },
    ],
    [
      'an empty namespace',
      { gauges: { 'driver.DAGScheduler.job.activeJobs': { value: 3 } } },
      { ...none, activeJobs: 3 },
    ],
    [
      'a gauge that is no number, a metric of an executor',
      {
        gauges: {
          'x.driver.DAGScheduler.job.activeJobs': { value: 'many' },
          'x.1.DAGScheduler.job.allJobs': { value: 1 },
        },
        counters: [],
      },
      none,
    ],
    ['another answer', [], undefined],
  ]
  for (const [what, body, expected] of bodies) {
    test(`${what} → ${expected === undefined ? 'no reading' : 'what it has'}`, () => {
      assert.deepEqual(parseMetrics(JSON.stringify(body)), expected)
    })
  }

  test('any text → never throws', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseMetrics(text)))
    assert.equal(parseMetrics(capture('4.0.1').slice(0, -10)), undefined)
  })
})
