import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { watchDrivers } from '../../../../webhook/controller/driver/driver-watch.ts'
import { createApiFixture, until } from '../../../support/api-fixture.ts'
import { driverPod } from '../../../support/driver-pods.ts'
import { pods } from '../controller-harness.ts'

describe('watchDrivers', () => {
  test('a pod recreated under the same name → the old driver is gone, and the new one has no previous state', async (t) => {
    const { api, deps, signal } = await createApiFixture(t)
    api.define(pods)
    const story: string[] = []
    const drivers = watchDrivers(deps)
    drivers.listen(
      {
        changed: (driver, before) => story.push(`${driver.uid} after ${before?.uid ?? 'nothing'}`),
        gone: (driver) => story.push(`${driver.uid} gone`),
      },
      signal,
    )
    void drivers.reflector.run(signal)
    await until(() => api.watches() === 1, 'a watch')
    api.set(pods, driverPod({ uid: 'one' }))
    api.set(pods, driverPod({ uid: 'one', ready: false }))
    // Its deletion is never seen: the watch was away, or the events came too fast.
    api.set(pods, driverPod({ uid: 'two' }))
    api.remove(pods, driverPod({ uid: 'two' }))
    await until(() => story.length === 5, 'the events')
    assert.deepEqual(story, ['one after nothing', 'one after one', 'one gone', 'two after nothing', 'two gone'])
  })
})
