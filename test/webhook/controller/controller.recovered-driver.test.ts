import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { until } from '../../kubernetes/fixture.ts'
import { applications, defaultConfig, pods } from './controller-harness.ts'
import { application, createHungScenario, fallback } from './hung-scenario.ts'

describe('controller: recovered driver', () => {
  test('a driver that answers again while its deletion is recorded → is not deleted', async (t) => {
    const scene = await createHungScenario(t)
    scene.start(fallback('delete'))
    await scene.polled(4)
    let isPut = false
    scene.api.intercept((method, path) => {
      if (isPut || method !== 'PATCH' || !path.includes('/sparkapplications/')) return undefined
      isPut = true
      scene.ui.hang(false)
      return { status: 200, body: { ...application }, delayMs: 3_000 }
    })
    scene.ui.hang(true)
    await until(() => isPut, 'the record')
    await scene.polled(10)
    await scene.wait(4_000)
    assert.deepEqual(scene.decisions(), [])
  })

  test('a deletion that did not happen → does not count against the next driver', async (t) => {
    const scene = await createHungScenario(t)
    scene.start({
      ...fallback('delete'),
      safeguards: { ...defaultConfig.safeguards, perApplication: 1, breakerShare: 1 },
    })
    await scene.polled(4)
    let isTried = false
    scene.api.intercept((method) => {
      if (method !== 'DELETE' || isTried) return undefined
      isTried = true
      scene.ui.hang(false)
      return { status: 409, body: { kind: 'Status' } }
    })
    scene.ui.hang(true)
    await until(() => isTried, 'a try')
    await until(() => scene.lines.some(({ line }) => line.event === 'deletion-revoked'), 'the record')
    scene.api.set(pods, scene.pod({ uid: 'second' }))
    await scene.polled(4)
    scene.ui.hang(true)
    await until(() => scene.decisions('second').length > 0, 'a decision')
    assert.deepEqual(scene.decisions('second'), ['ok'])
    assert.ok(scene.api.list(applications).length > 0)
  })
})
