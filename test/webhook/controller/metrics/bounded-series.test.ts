import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createControllerMetrics } from '../../../../webhook/controller/metrics/metrics.ts'
import { createMetrics } from '../../../../webhook/server/metrics.ts'

const hourMs = 3_600_000

describe('expiring series of createControllerMetrics', () => {
  test('the series of an application → expire a day after the last change', async () => {
    const all = createMetrics('1.2.3')
    let nowMs = 0
    const metrics = createControllerMetrics(all.registry, () => nowMs)
    const shown = async () =>
      [
        ...(await all.render()).matchAll(
          /^(spark_nanny_(?:driver_terminations_total|kill_count|poke_duration_seconds_count)\{.*\}) (\d+)$/gm,
        ),
      ].map(([, series, value]) => `${series} ${value}`)
    const count = (application: string) => {
      metrics.recordTermination('spark', application, 'error')
      metrics.recordKill(application)
      metrics.recordPoll(application, 0.1)
    }
    const series = (application: string, value: number) => [
      `spark_nanny_driver_terminations_total{namespace="spark",application="${application}",cause="error"} ${value}`,
      `spark_nanny_kill_count{spark_app="${application}"} ${value}`,
      `spark_nanny_poke_duration_seconds_count{spark_app="${application}"} ${value}`,
    ]
    count('once')
    count('daily')
    nowMs = 23 * hourMs
    count('daily')
    assert.deepEqual((await shown()).toSorted(), [...series('once', 1), ...series('daily', 2)].toSorted())
    nowMs = 25 * hourMs
    count('new')
    assert.deepEqual((await shown()).toSorted(), [...series('daily', 2), ...series('new', 1)].toSorted())
  })
})
