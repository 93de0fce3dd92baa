import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  findNearestSpelling,
  formatSetting,
  resolveSettings,
  type SettingKey,
  settingKeys,
  settings,
} from '../../../core/settings/settings.ts'

describe('settings', () => {
  test('no settings → the documented defaults', () => {
    const { values, sources, problems } = resolveSettings({})
    assert.deepEqual(problems, [])
    assert.ok(Object.values(sources).every((source) => source === 'default'))
    assert.deepEqual(Object.fromEntries(settingKeys.map((key) => [key, formatSetting(key, values[key])])), {
      inject: 'true',
      'apache-sidecar': 'false',
      'assume-driver': 'false',
      restart: 'auto',
      'act-on': 'certain',
      interval: '5s',
      timeout: '10s',
      'failure-threshold': '2',
      'frozen-deadline': '20s',
      'unresponsive-deadline': '2m',
      'busy-deadline': '5m',
      'startup-deadline': '10m',
      'stop-deadline': '10m',
      'thread-dump-interval': '30s',
      'query-ended-deadline': '2m',
      'streaming-stall-deadline': '15m',
      'no-executors-deadline': '10m',
      'stall-deadline': 'off',
      'max-run-time': 'off',
      'max-restarts': '3',
      'restart-backoff': '10s',
      'pending-deadline': 'off',
      'image-pull-deadline': 'off',
      'container-creating-deadline': 'off',
      'ui-port': 'auto',
      'ui-scheme': 'http',
      'probe-handler': 'exec',
      'log-level': 'info',
      'sidecar-cpu-request': '10m',
      'sidecar-cpu-limit': '200m',
      'sidecar-memory-request': '64Mi',
      'sidecar-memory-limit': '128Mi',
    })
  })

  test('several sources → the pod overrides the application, the chart and the default', () => {
    const chart = { timeout: '11s', interval: '6s', 'stop-deadline': '1h' }
    const application = { 'spark-nanny.io/timeout': '12s', 'spark-nanny.io/interval': '7s', 'other.io/timeout': '1s' }
    const pod = { 'spark-nanny.io/timeout': '13s' }
    const { values, sources, problems } = resolveSettings({ chart, application, pod })
    assert.deepEqual([values.timeout, sources.timeout], [13_000, 'pod'])
    assert.deepEqual([values.interval, sources.interval], [7_000, 'application'])
    assert.deepEqual([values['stop-deadline'], sources['stop-deadline']], [3_600_000, 'chart'])
    assert.deepEqual([values['startup-deadline'], sources['startup-deadline']], [600_000, 'default'])
    assert.deepEqual(problems, [])
  })

  const values: readonly (readonly [SettingKey, string, unknown])[] = [
    ['inject', 'false', false],
    ['inject', 'no', undefined],
    ['restart', 'in-place', 'in-place'],
    ['restart', 'In-Place', undefined],
    ['interval', '1s', 1_000],
    ['interval', '999ms', undefined],
    ['interval', '10m1s', undefined],
    ['failure-threshold', '100', 100],
    ['failure-threshold', '0', undefined],
    ['failure-threshold', '1e2', undefined],
    ['failure-threshold', '3.0', undefined],
    ['stall-deadline', 'off', null],
    ['stall-deadline', '30s', 30_000],
    ['stall-deadline', 'none', undefined],
    ['pending-deadline', 'off', null],
    ['pending-deadline', '10m', 600_000],
    ['image-pull-deadline', '9m59s', undefined],
    ['container-creating-deadline', '31d', undefined],
    ['max-restarts', '0', 0],
    ['max-restarts', '-1', undefined],
    ['ui-port', 'auto', null],
    ['ui-port', '4041', 4041],
    ['ui-port', '0', undefined],
    ['ui-port', '65536', undefined],
    ['sidecar-cpu-limit', '0.5', '0.5'],
    ['sidecar-cpu-limit', 'much', undefined],
    ['sidecar-cpu-limit', '4', '4'],
    ['sidecar-cpu-limit', '10', undefined],
    ['sidecar-cpu-limit', '0m', undefined],
    ['sidecar-cpu-limit', '50m', '50m'],
    ['sidecar-cpu-limit', '49m', undefined],
    ['sidecar-cpu-limit', '0.04', undefined],
    ['sidecar-cpu-request', '1m', '1m'],
    ['sidecar-memory-limit', '4Gi', '4Gi'],
    ['sidecar-memory-limit', '64Gi', undefined],
    ['sidecar-memory-limit', '64Mb', undefined],
    ['sidecar-memory-limit', '1Gi', '1Gi'],
    ['sidecar-memory-limit', '0', undefined],
  ]
  for (const [key, text, expected] of values) {
    test(`${key}: ${text} → ${expected === undefined ? 'rejected' : String(expected)}`, () => {
      const { values: resolved, problems } = resolveSettings({ pod: { [`spark-nanny.io/${key}`]: text } })
      assert.deepEqual(resolved[key], expected === undefined ? settings[key].default : expected)
      assert.equal(problems.length, expected === undefined ? 1 : 0)
    })
  }

  test('a wrong value → the value of the next source, and a problem', () => {
    const {
      values: resolved,
      sources,
      problems,
    } = resolveSettings({
      application: { 'spark-nanny.io/timeout': '20s' },
      pod: { 'spark-nanny.io/timeout': '20' },
    })
    assert.deepEqual([resolved.timeout, sources.timeout], [20_000, 'application'])
    assert.equal(problems.length, 1)
    assert.deepEqual(
      { ...problems[0], message: '' },
      { kind: 'bad-value', source: 'pod', key: 'spark-nanny.io/timeout', value: '20', message: '' },
    )
    assert.match(problems[0]?.message ?? '', /spark-nanny\.io\/timeout: "20" must be a duration .*; 20s is used/)
  })

  test('an unknown key → the nearest right spelling', () => {
    const { problems } = resolveSettings({ application: { 'spark-nanny.io/startup-dedline': '5m' } })
    assert.match(problems[0]?.message ?? '', /did you mean spark-nanny\.io\/startup-deadline\?/)
    assert.equal(findNearestSpelling('Stall_Deadline', settingKeys), 'stall-deadline')
    assert.equal(findNearestSpelling('completely-else', settingKeys), undefined)
    assert.equal(findNearestSpelling('x', []), undefined)
  })

  test('many wrong settings → the first 20 problems, and the right settings are used', () => {
    const wrong = Array.from({ length: 100 }, (_, at) => [`spark-nanny.io/wrong-${at}`, 'x'] as const)
    const resolved = resolveSettings({ pod: { ...Object.fromEntries(wrong), 'spark-nanny.io/timeout': '20s' } })
    assert.deepEqual([resolved.problems.length, resolved.values.timeout], [20, 20_000])
  })

  test('a long key or value → a short problem', () => {
    const long = 'x'.repeat(100_000)
    const { problems } = resolveSettings({ pod: { [`spark-nanny.io/${long}`]: 'x', 'spark-nanny.io/timeout': long } })
    assert.equal(problems.length, 2)
    for (const { key, value, message } of problems) assert.ok(key.length + value.length + message.length < 1_500)
    assert.equal(findNearestSpelling('stall-deadline'.padEnd(64, 'x'), settingKeys), undefined)
  })

  test('annotations that spark-nanny writes → are not settings', () => {
    const { problems } = resolveSettings({
      pod: { 'spark-nanny.io/injected': '0.1.0', 'spark-nanny.io/next-application-id-suffix': '-2' },
    })
    assert.deepEqual(problems, [])
  })

  test('any settings → every value is parsed again from its text', () => {
    const key = fc.oneof(fc.constantFrom(...settingKeys), fc.string())
    const written = fc.dictionary(
      key,
      fc.oneof(fc.string(), fc.constantFrom('true', 'off', 'auto', '5s', '3', '1Gi', '__proto__')),
    )
    fc.assert(
      fc.property(written, written, (chart, pod) => {
        const annotations = Object.fromEntries(
          Object.entries(pod).map(([name, value]) => [`spark-nanny.io/${name}`, value]),
        )
        const resolved = resolveSettings({ chart, pod: annotations })
        for (const each of settingKeys) {
          const value = resolved.values[each]
          assert.deepEqual(settings[each].parse(formatSetting(each, value)), value)
        }
      }),
    )
  })
})
