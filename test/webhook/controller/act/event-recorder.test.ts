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

  test('a pod whose annotations change 1,000 times → a few Events and decisions, and what is remembered stays small', async () => {
    let [nowMs, events] = [0, 0]
    const lines: unknown[] = []
    const note = (line: unknown) => void lines.push(line)
    const recorder = createEventRecorder(
      {
        writer: {
          publishEvent: async () => {
            events += 1
            return { kind: 'ok' }
          },
        },
        metrics: { recordAction: () => {} },
        log: { debug: note, info: note, warn: note, error: note },
        nowMs: () => nowMs,
        sleep: async () => {},
      },
      new AbortController().signal,
    )
    const task = taskOf('noisy')
    const change = async (index: number) => {
      const text = `${index} ${'x'.repeat(20_000)}`
      const event = { type: 'Warning', reason: 'SparkNannyInvalidSetting', message: text, dedupKey: text } as const
      assert.deepEqual(await recorder.publish(task, event), { kind: 'ok' })
      recorder.recordDecision(task, { action: 'report', result: 'ok', details: { text } })
    }
    for (let index = 0; index < 1_000; index += 1) await change(index)
    assert.equal(events, 20)
    assert.equal(lines.length, 60 + 1, 'decisions, and one line about the Events')
    const { published, decided } = task.state
    assert.ok(JSON.stringify([...published, ...decided]).length < 2_000)
    nowMs = 3_600_000
    for (let index = 1_000; index < 1_100; index += 1) await change(index)
    assert.equal(events, 40)
  })

  test('an API server that refuses Events → they do not count, and are published later', async () => {
    let isAway = true
    const recorder = createEventRecorder(
      {
        writer: {
          publishEvent: async () => (isAway ? { kind: 'failed', detail: 'away', retryAfterMs: 0 } : { kind: 'ok' }),
        },
        metrics: { recordAction: () => {} },
        log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
        nowMs: () => 0,
        sleep: async () => {},
      },
      new AbortController().signal,
    )
    const task = taskOf('unlucky')
    const event = { type: 'Warning', reason: 'SparkNannyInvalidSetting', message: '', dedupKey: 'x' } as const
    for (let index = 0; index < 100; index += 1) assert.equal((await recorder.publish(task, event)).kind, 'failed')
    isAway = false
    assert.equal((await recorder.publish(task, event)).kind, 'ok')
    assert.equal(task.state.published.size, 1)
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
        nowMs: () => 0,
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
