import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveSettings } from '../../../../core/settings/settings.ts'
import type { FallbackMode } from '../../../../webhook/config/controller-config.ts'
import { computeCoverage } from '../../../../webhook/controller/assess/coverage.ts'
import { planPolls } from '../../../../webhook/controller/poll/poll-policy.ts'
import { createdMs, type DriverPodOptions, waiting } from '../../../support/driver-pods.ts'
import { defaultConfig } from '../controller-harness.ts'
import { createDriver } from '../driver/drivers.ts'

const { fallback } = defaultConfig
const nowMs = createdMs + 600_000
const around = { isLegacyApp: false, namespace: { name: 'spark', annotations: {} } }

function plan(options: DriverPodOptions, fields: object = {}, mode: FallbackMode = 'report', atMs = nowMs) {
  const driver = createDriver({ sidecar: null, ...options })
  const settings = resolveSettings({ pod: driver.annotations })
  return planPolls(
    driver,
    {
      coverage: computeCoverage(driver, settings, true, atMs),
      settings,
      observed: driver.observed,
      ...around,
      ...fields,
    },
    { ...fallback, mode },
    atMs,
  )
}

const rows: readonly [string, ReturnType<typeof plan>, boolean][] = [
  ['unprotected', plan({}), true],
  ['unprotected, mode off', plan({}, {}, 'off'), false],
  ['unprotected, in another namespace', plan({}, { namespace: undefined }), false],
  ['named, in another namespace', plan({}, { namespace: undefined, isLegacyApp: true }), true],
  ['named, mode off', plan({}, { isLegacyApp: true }, 'off'), true],
  ['opted out', plan({ annotations: { 'spark-nanny.io/inject': 'false' } }), false],
  ['protected', plan({ sidecar: {} }), false],
  ['sidecar in a crash loop', plan({ sidecar: { state: waiting('CrashLoopBackOff') } }), true],
  ['sidecar bypassed', plan({ sidecar: { image: 'spark:4' } }), true],
  ['not running', plan({ state: waiting('ContainerCreating') }), false],
  ['not provably a driver', plan({ args: ['sleep', 'infinity'] }), false],
  ['not provably a driver, but named', plan({ args: ['sleep'] }, { isLegacyApp: true }), true],
  [
    'not provably a driver, but assumed to be one',
    plan({ args: ['sleep'], annotations: { 'spark-nanny.io/assume-driver': 'true' } }),
    true,
  ],
  ['without an IP address', plan({ podIp: '' }), false],
]
describe('planPolls', () => {
  for (const [name, found, expected] of rows) {
    test(`${name} → ${expected ? 'polled' : 'not polled'}`, () => assert.equal(found !== undefined, expected))
  }

  const ofApache: DriverPodOptions = { owner: { name: 'pi', uid: 'u', apiVersion: 'spark.apache.org/v1' } }

  test('a driver of Apache’s operator → is polled, and its silence must be as long as a long garbage collection', () => {
    assert.equal(plan(ofApache, {}, 'auto')?.policy.unresponsiveDeadlineMs, 300_000)
    assert.equal(plan({}, {}, 'auto')?.policy.unresponsiveDeadlineMs, 120_000)
    assert.equal(plan(ofApache, {}, 'off'), undefined)
  })

  test('port, scheme and delay → from annotations and the start time', () => {
    assert.equal(plan({ uiPort: 4050 })?.policy.port, 4050)
    const annotations = { 'spark-nanny.io/ui-port': '4060', 'spark-nanny.io/ui-scheme': 'https' }
    assert.deepEqual([plan({ annotations })?.policy.port, plan({ annotations })?.policy.scheme], [4060, 'https'])
    assert.equal(plan({})?.delayMs, 0)
    assert.equal(plan({}, {}, 'report', createdMs + 25_000)?.delayMs, 40_000, 'a minute after its start')
  })
})
