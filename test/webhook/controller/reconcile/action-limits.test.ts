import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { until } from '../../../kubernetes/fixture.ts'
import { driverPod, heldBackPod, waiting } from '../../../support/driver-pods.ts'
import { createControllerHarness, pods, untilLeading } from '../controller-harness.ts'
import { fallback, nowMs } from '../hung-scenario.ts'

const isEvent = (method: string, path: string) => method === 'POST' && path.endsWith('/events')

describe('action limits', () => {
  test('a driver that is held back does not wait until all is told of others', async (t) => {
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
    harness.api.set(pods, heldBackPod(waiting('InvalidImageName')))
    await until(() => harness.calls().some((line) => line.startsWith('PATCH')), 'the rescue')
    const told = harness.calls().filter((line) => line.startsWith('POST')).length
    assert.ok(told <= 24, `${told} Events were told before it`)
  })

  test('many are held back, and no Event can be told: all are let go', async (t) => {
    const harness = await createControllerHarness(t)
    harness.setNow(nowMs)
    for (let index = 0; index < 24; index += 1) {
      harness.api.set(pods, heldBackPod(waiting('InvalidImageName'), { name: `h${index}-driver` }))
    }
    harness.api.intercept((method, path) =>
      isEvent(method, path) ? { status: 429, body: { kind: 'Status' } } : undefined,
    )
    harness.start()
    const rescues = () => harness.calls().filter((line) => line.startsWith('PATCH'))
    await until(() => new Set(rescues()).size === 24, 'all rescues')
  })
})
