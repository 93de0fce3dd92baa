import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { until } from '../../../support/api-fixture.ts'
import { driverPod, startupBlockedPod, waiting } from '../../../support/driver-pods.ts'
import { createControllerHarness, pods, untilLeading } from '../controller-harness.ts'
import { fallback, nowMs } from '../hung-scenario.ts'

const isEvent = (method: string, path: string) => method === 'POST' && path.endsWith('/events')

describe('action limits', () => {
  test('a blocked startup while many Events are published → the sidecar is bypassed without waiting for them', async (t) => {
    const harness = await createControllerHarness(t)
    harness.setNow(nowMs)
    for (let index = 0; index < 80; index += 1) {
      harness.api.set(pods, driverPod({ name: `u${index}-driver`, sidecar: null }))
    }
    harness.api.intercept((method, path) =>
      isEvent(method, path) ? { status: 201, body: { kind: 'Event' }, delayMs: 1_500 } : undefined,
    )
    harness.start(fallback('off'))
    await untilLeading(harness)
    harness.api.set(pods, startupBlockedPod(waiting('InvalidImageName')))
    await until(() => harness.calls().some((line) => line.startsWith('PATCH')), 'the bypass')
    const published = harness.calls().filter((line) => line.startsWith('POST')).length
    assert.ok(published <= 24, `${published} Events were published before it`)
  })

  test('many blocked startups while no Event can be published → all sidecars are bypassed', async (t) => {
    const harness = await createControllerHarness(t)
    harness.setNow(nowMs)
    for (let index = 0; index < 24; index += 1) {
      harness.api.set(pods, startupBlockedPod(waiting('InvalidImageName'), { name: `h${index}-driver` }))
    }
    harness.api.intercept((method, path) =>
      isEvent(method, path) ? { status: 429, body: { kind: 'Status' } } : undefined,
    )
    harness.start()
    const bypasses = () => harness.calls().filter((line) => line.startsWith('PATCH'))
    await until(() => new Set(bypasses()).size === 24, 'all bypasses')
  })
})
