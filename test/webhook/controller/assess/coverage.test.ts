import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveSettings } from '../../../../core/settings/settings.ts'
import { computeCoverage } from '../../../../webhook/controller/assess/coverage.ts'
import { createdMs, type DriverPodOptions, iso, running, terminated, waiting } from '../../../support/driver-pods.ts'
import { assessDriver, createDriver } from '../driver/drivers.ts'

const minutes = (count: number) => createdMs + count * 60_000
const sidecar = (state: object, more: object = {}): DriverPodOptions => ({ ready: false, sidecar: { state, ...more } })
const crashed = (endedMs: number, exitCode = 1, ranForMs = 5_000) => ({
  lastState: terminated(exitCode, endedMs, { startedAt: iso(endedMs - ranForMs) }),
})
const loop = waiting('CrashLoopBackOff')

type Row = readonly [string, DriverPodOptions, number, string]
const rows: readonly Row[] = [
  ['the sidecar runs', {}, minutes(60), 'protected'],
  ['the sidecar has just ended', sidecar(terminated(1, minutes(59))), minutes(60), 'protected'],
  [
    'the sidecar waits for its third start',
    sidecar(loop, { restarts: 2, ...crashed(minutes(59)) }),
    minutes(60),
    'protected',
  ],
  ['the sidecar is not restarted', sidecar(terminated(1, minutes(58))), minutes(60), 'sidecar-crash-loop'],
  [
    'the sidecar’s image is no longer available',
    sidecar(waiting('ImagePullBackOff'), crashed(minutes(50))),
    minutes(60),
    'sidecar-crash-loop',
  ],
  ['an unknown end of the sidecar', sidecar(loop), minutes(60), 'sidecar-crash-loop'],
  ['an unknown end of the sidecar, and the driver started recently', sidecar(loop), minutes(1), 'protected'],
  [
    'the sidecar crash-loops',
    sidecar(loop, { restarts: 40, ...crashed(minutes(59.9)) }),
    minutes(60),
    'sidecar-crash-loop',
  ],
  [
    'the sidecar crashed once more, after a day',
    sidecar(loop, { restarts: 40, ...crashed(minutes(59.9), 1, 86_400_000) }),
    minutes(60),
    'protected',
  ],
  [
    'the sidecar crash-loops, and runs for a moment',
    sidecar(running(minutes(59.5)), { restarts: 40, ...crashed(minutes(55)) }),
    minutes(60),
    'sidecar-crash-loop',
  ],
  [
    'the sidecar crashed often, and runs again',
    sidecar(running(minutes(59)), { restarts: 40, ...crashed(minutes(54)) }),
    minutes(60),
    'protected',
  ],
  [
    'many restarts in place',
    { restarts: 6, state: running(minutes(59.8)), ...sidecar(loop, { restarts: 6, ...crashed(minutes(59.7), 88) }) },
    minutes(60),
    'protected',
  ],
  [
    'the sidecar requested a restart that does not happen',
    sidecar(terminated(88, minutes(50))),
    minutes(60),
    'protected',
  ],
  [
    'the sidecar runs again after requesting a restart',
    sidecar(running(minutes(59.9)), { restarts: 9, ...crashed(minutes(59.8), 88) }),
    minutes(60),
    'protected',
  ],
  ['the sidecar is bypassed', { sidecar: { image: 'spark:4', state: loop } }, minutes(60), 'sidecar-bypassed'],
  [
    'during a restart in place',
    { ...sidecar(loop), state: waiting('RestartingAllContainers') },
    minutes(60),
    'not-running',
  ],
  ['terminating', { ...sidecar(loop), deletionTimestamp: iso(minutes(60)) }, minutes(60), 'not-running'],
]
describe('computeCoverage', () => {
  for (const [name, options, nowMs, expected] of rows) {
    test(`${name} → ${expected}`, () => {
      const coverage = computeCoverage(createDriver(options), resolveSettings({}), true, nowMs)
      assert.equal(coverage.kind === 'unprotected' ? coverage.reason : coverage.kind, expected)
    })
  }

  const ofApache = createDriver({
    sidecar: null,
    owner: { name: 'pi', uid: 'u', apiVersion: 'spark.apache.org/v1' },
  })

  const labelled = createDriver({ sidecar: null, labels: { 'spark.operator/spark-app-name': 'pi' } })
  const missing = { applicationExists: false }

  for (const [name, driver, fields, context, expected] of [
    ['its operator is Apache’s', ofApache, {}, {}, 'judged-from-outside'],
    ['its operator is Apache’s, and no UI is polled', ofApache, {}, { pollsUis: false }, 'skipped'],
    ['its operator is Apache’s, and its application is not known yet', ofApache, {}, missing, 'judged-from-outside'],
    ['a label names an application of Apache’s operator', labelled, {}, {}, 'judged-from-outside'],
    ['a label names an application that does not exist', labelled, {}, missing, 'not-injected'],
    ['it asks for the sidecar', ofApache, { 'apache-sidecar': 'true' }, {}, 'not-injected'],
    ['it opted out', ofApache, { inject: 'false' }, {}, 'opted-out'],
    [
      'its operator is kubeflow’s',
      createDriver({ sidecar: null, owner: { name: 'pi', uid: 'u' } }),
      {},
      {},
      'not-injected',
    ],
  ] as const) {
    test(`without a sidecar, ${name} → ${expected}`, () => {
      const coverage = computeCoverage(driver, resolveSettings({ chart: fields }), true, minutes(60), context)
      assert.equal(coverage.kind === 'unprotected' ? coverage.reason : coverage.kind, expected)
    })
  }

  test('a sidecar that ended or flaps → is reassessed when it counts as down or running', () => {
    const again = (options: DriverPodOptions, nowMs: number) =>
      assessDriver(createDriver(options), { nowMs }).reassessAtMs
    assert.equal(again(sidecar(terminated(1, minutes(59))), minutes(60)), minutes(61))
    assert.equal(again(sidecar(terminated(1, minutes(58))), minutes(60)), null)
    const flapping = sidecar(running(minutes(59.5)), { restarts: 40, ...crashed(minutes(55)) })
    assert.equal(again(flapping, minutes(60)), minutes(60.5))
  })
})
