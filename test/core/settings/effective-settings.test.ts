import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveDriverSettings } from '../../../core/settings/effective-settings.ts'
import { resolveSettings } from '../../../core/settings/settings.ts'

describe('resolveDriverSettings', () => {
  test('the same annotations and chart values → the same object; others → another', () => {
    const chart = { timeout: '20s' }
    const plain = resolveDriverSettings({ chart, pod: { other: 'x' } })
    assert.equal(resolveDriverSettings({ chart, pod: { another: 'y', 'spark-nanny.io/injected': '1' } }), plain)
    const tuned = resolveDriverSettings({ chart, pod: { 'spark-nanny.io/timeout': '30s' } })
    assert.deepEqual([plain.values.timeout, tuned.values.timeout], [20_000, 30_000])
    const application = resolveDriverSettings({ chart, application: { 'spark-nanny.io/timeout': '30s' } })
    assert.deepEqual([tuned.sources.timeout, application.sources.timeout], ['pod', 'application'])
    assert.equal(resolveDriverSettings({ chart: {}, pod: {} }).values.timeout, 10_000)
  })

  test('annotations that take more than a few kB → are not remembered', () => {
    const chart = {}
    const pod = { 'spark-nanny.io/unknown': 'x'.repeat(5_000), 'spark-nanny.io/timeout': '30s' }
    const first = resolveDriverSettings({ chart, pod })
    assert.notEqual(resolveDriverSettings({ chart, pod }), first)
    assert.deepEqual(resolveDriverSettings({ chart, pod }), first)
    assert.equal(first.values.timeout, 30_000)
  })

  test('a remembered result → equals a computed one, for any number of annotations', () => {
    const chart = {}
    for (let round = 0; round < 2; round += 1) {
      for (let seconds = 1; seconds <= 300; seconds += 1) {
        const pod = { 'spark-nanny.io/timeout': `${seconds}s`, 'spark-nanny.io/wrong"\n': `${seconds}` }
        assert.deepEqual(resolveDriverSettings({ chart, pod }), resolveSettings({ chart, pod }))
      }
    }
  })
})
