import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { LabelledNamespace } from '../../../../cluster/namespaces.ts'
import type { EventContent } from '../../../../kubernetes/event.ts'
import { createObjectStore } from '../../../../kubernetes/store.ts'
import { createEventRecorder } from '../../../../webhook/controller/act/event-recorder.ts'
import { computeDriverContext } from '../../../../webhook/controller/assess/driver-context.ts'
import type { ActionTask } from '../../../../webhook/controller/decide/action-task.ts'
import { createDriverStates } from '../../../../webhook/controller/decide/driver-state.ts'
import { until } from '../../../kubernetes/fixture.ts'
import { defaultConfig } from '../controller-harness.ts'
import { createDriver } from '../driver/drivers.ts'
import { createHungScenario, fallback } from '../hung-scenario.ts'

describe('createEventRecorder', () => {
  test('a driver that hung, answered and hangs again → is reported again', async (t) => {
    const scene = await createHungScenario(t)
    scene.start(fallback('report'))
    await scene.polled(4)
    scene.ui.hang(true)
    await until(() => scene.decisions().length === 1, 'a decision')
    scene.ui.hang(false)
    await scene.polled(20)
    scene.ui.hang(true)
    await scene.wait(3_000)
    assert.deepEqual(scene.decisions(), ['report-only', 'report-only'])
  })

  test('Events of writes that wait for the API server → do not delay other Events', async () => {
    const asked: string[] = []
    const { publish: tell, publishWithRetry: tellDone } = createEventRecorder(
      {
        // An API server that takes no Events any more, and does not say so.
        writer: {
          publishEvent: ({ name }) => {
            asked.push(name)
            return new Promise(() => {})
          },
        },
        metrics: { recordAction: () => {} },
        log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
        sleep: async () => {},
      },
      new AbortController().signal,
    )
    const told = (reason: EventContent['reason']): EventContent => ({
      type: 'Warning',
      reason,
      message: '',
      dedupKey: '',
    })
    for (let index = 0; index < 20; index += 1)
      tellDone(taskOf(`done-${index}`), told('SparkNannyStartupBlocked'), false)
    void tell(taskOf('other'), told('SparkNannyInvalidSetting'))
    await setImmediate()
    assert.equal(asked.filter((name) => name.startsWith('done')).length, 8, 'so many at a time')
    assert.ok(asked.includes('other'))
  })
})

function taskOf(name: string): ActionTask {
  const driver = createDriver({ name })
  return {
    driver,
    assessment: { kind: 'unprotected', reason: 'not-injected' },
    choice: { kind: 'report' },
    context: computeDriverContext(driver, {
      namespaces: createObjectStore<LabelledNamespace>(() => undefined),
      applications: { known: () => undefined },
      chartSettings: {},
      config: defaultConfig,
      nativeSidecars: () => true,
      nowMs: () => 0,
    }),
    state: createDriverStates().of(driver.uid),
  }
}
