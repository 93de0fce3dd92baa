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
import { until } from '../../../support/api-fixture.ts'
import { defaultConfig } from '../controller-harness.ts'
import { createDriver } from '../driver/drivers.ts'
import { createHungScenario, fallback } from '../hung-scenario.ts'

describe('createEventRecorder', () => {
  test('a driver that hung, answered and hangs again → is reported again', async (t) => {
    const scenario = await createHungScenario(t)
    scenario.start(fallback('report'))
    await scenario.polled(4)
    scenario.ui.hang(true)
    await until(() => scenario.decisions().length === 1, 'a decision')
    scenario.ui.hang(false)
    await scenario.polled(20)
    scenario.ui.hang(true)
    await scenario.wait(3_000)
    assert.deepEqual(scenario.decisions(), ['report-only', 'report-only'])
  })

  test('Events of writes that wait for the API server → do not delay other Events', async () => {
    const published: string[] = []
    const { publish, publishWithRetry } = createEventRecorder(
      {
        // An API server that never answers the creation of an Event.
        writer: {
          publishEvent: ({ name }) => {
            published.push(name)
            return new Promise(() => {})
          },
        },
        metrics: { recordAction: () => {} },
        log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
        sleep: async () => {},
      },
      new AbortController().signal,
    )
    const contentOf = (reason: EventContent['reason']): EventContent => ({
      type: 'Warning',
      reason,
      message: '',
      dedupKey: '',
    })
    for (let index = 0; index < 20; index += 1)
      publishWithRetry(taskOf(`write-${index}`), contentOf('SparkNannyStartupBlocked'), false)
    void publish(taskOf('other'), contentOf('SparkNannyInvalidSetting'))
    await setImmediate()
    assert.equal(published.filter((name) => name.startsWith('write')).length, 8, 'the limit of concurrent Events')
    assert.ok(published.includes('other'))
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
