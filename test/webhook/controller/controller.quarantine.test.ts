import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { until } from '../../kubernetes/fixture.ts'
import { applications, defaultConfig, pods } from './controller-harness.ts'
import { application, createHungScenario, fallback } from './hung-scenario.ts'

describe('controller: quarantine', () => {
  test('a user clears a quarantine while the next driver is healthy → a later hang is deleted', async (t) => {
    const scene = await createHungScenario(t)
    scene.start({
      ...fallback('delete'),
      safeguards: { ...defaultConfig.safeguards, perApplication: 1, breakerShare: 1 },
    })
    await scene.polled(4)
    scene.ui.hang(true)
    await until(() => scene.api.get(pods, 'spark', 'pi-driver') === undefined, 'the deletion')
    scene.ui.hang(false)
    scene.api.set(pods, scene.pod({ uid: 'second' }))
    await scene.polled(4)
    // kubectl annotate sparkapplication pi spark-nanny.io/actions-
    scene.api.set(applications, application)
    await scene.wait(300)
    scene.ui.hang(true)
    await until(() => scene.decisions('second').length > 0, 'a decision')
    assert.deepEqual(scene.decisions('second'), ['ok'])
  })
})
