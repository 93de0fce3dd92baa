import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createControllerMetrics } from '../../../../webhook/controller/metrics/metrics.ts'
import { createMetrics } from '../../../../webhook/server/metrics.ts'

const hourMs = 3_600_000

describe('series of createControllerMetrics', () => {
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

  const countSeries = async (record: (metrics: ReturnType<typeof createControllerMetrics>) => void) => {
    const all = createMetrics('1.2.3')
    record(createControllerMetrics(all.registry, () => 0))
    const lines = (await all.render()).split('\n')
    return {
      of: (name: string) => lines.filter((line) => line.startsWith(`${name}{`)).length,
      value: (series: string) =>
        lines
          .find((line) => line.startsWith(`${series} `))
          ?.split(' ')
          .at(-1),
    }
  }

  test('more applications of one namespace than its share → the rest is one series, and another namespace has its own', async () => {
    const { of, value } = await countSeries((metrics) => {
      for (let index = 0; index < 5_000; index += 1) metrics.recordTermination('noisy', `run-${index}`, 'error')
      metrics.recordTermination('quiet', 'etl', 'hung')
    })
    const name = 'spark_nanny_driver_terminations_total'
    assert.equal(of(name), 250 + 1 + 1)
    assert.equal(value(`${name}{namespace="noisy",application="other",cause="error"}`), '4750')
    assert.equal(value(`${name}{namespace="quiet",application="etl",cause="hung"}`), '1')
  })

  test('more namespaces than places → at most the maximum of applications, and none is lost', async () => {
    const { of } = await countSeries((metrics) => {
      for (let index = 0; index < 3_000; index += 1)
        metrics.recordTermination(`n-${index % 10}`, `run-${index}`, 'error')
      for (let index = 0; index < 3_000; index += 1) metrics.recordPoll(`run-${index}`, 0.1)
    })
    assert.equal(of('spark_nanny_driver_terminations_total'), 1_000 + 10)
    assert.equal(of('spark_nanny_poke_duration_seconds_count'), 1_000 + 1)
  })

  test('series that expired → their places are free again', async () => {
    const all = createMetrics('1.2.3')
    let nowMs = 0
    const metrics = createControllerMetrics(all.registry, () => nowMs)
    for (const day of [1, 2, 3]) {
      for (let index = 0; index < 400; index += 1) metrics.recordTermination('spark', `run-${day}-${index}`, 'error')
      const text = await all.render()
      assert.match(text, new RegExp(`application="run-${day}-249"`))
      assert.doesNotMatch(text, new RegExp(`application="run-${day}-250"`))
      assert.doesNotMatch(text, new RegExp(`application="run-${day - 1}-`))
      nowMs += 25 * hourMs
    }
  })
})
