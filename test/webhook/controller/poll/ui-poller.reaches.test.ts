import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toDeadlines } from '../../../../core/settings/deadlines.ts'
import { resolveSettings } from '../../../../core/settings/settings.ts'
import type { Sample } from '../../../../core/verdict/witnesses.ts'
import { createRequestLimit } from '../../../../webhook/controller/poll/request-limit.ts'
import { createUiPoller } from '../../../../webhook/controller/poll/ui-poller.ts'
import { createdMs } from '../../../support/driver-pods.ts'
import { createDriver } from '../driver/drivers.ts'

const alive: Sample = { kind: 'alive', evidence: 'application' }
const silent: Sample = { kind: 'failing', cause: 'timeout', detail: '', tookMs: 10_000 }
const failed: Sample = { kind: 'inconclusive', detail: 'no socket' }

type Poll = readonly [Sample, 'connected' | 'not connected']
const answered: Poll = [alive, 'connected']
const held: Poll = [silent, 'connected']
const dropped: Poll = [silent, 'not connected']

/** Polls once for each of these results, and returns whether the network to the driver was shown to work. */
async function reachesAfter(polls: readonly Poll[]): Promise<boolean> {
  const { promise: done, resolve: finish } = Promise.withResolvers<void>()
  const stop = new AbortController()
  let made = 0
  const poller = createUiPoller(
    {
      uiClient: {
        poll: async () => {
          const [sample, connection] = polls[made] ?? dropped
          return { sample, connected: connection === 'connected', listedId: null, bytes: 0 }
        },
      },
      sendUiRequest: async () => ({ kind: 'refused' }),
      requestLimit: createRequestLimit(),
      monotonicMs: () => made * 40_000,
      nowMs: () => createdMs + made * 40_000,
      sleep: async () => {},
      random: () => 0,
      polled: () => {
        made += 1
        if (made < polls.length) return
        stop.abort()
        finish()
      },
    },
    stop.signal,
  )
  const driver = createDriver({ sidecar: null })
  const policy = { scheme: 'http', port: 4040, intervalMs: 30_000, ...toDeadlines(resolveSettings({}).values) } as const
  poller.start(driver, policy, 0)
  await done
  return poller.reaches(driver.uid)
}

describe('createUiPoller: reaches', () => {
  for (const [name, polls, expected] of [
    ['an answer', [answered], true],
    ['a UI that holds every connection', [answered, held, held, held], true],
    ['a JVM that stands still: two connections, until its accept queue is full', [held, held, dropped, dropped], true],
    ['a network that drops every packet', [answered, dropped, dropped, dropped], false],
    ['a network that fails during a poll', [answered, held, dropped, dropped], false],
    ['one held connection before each of two answers', [held, answered, held, dropped], false],
    ['a poll between them that the controller itself delayed', [held, [failed, 'not connected'], held], true],
    ['a network that never let a poll through', [dropped], false],
  ] as const satisfies readonly (readonly [string, readonly Poll[], boolean])[]) {
    test(`${name} → ${expected}`, async () => assert.equal(await reachesAfter(polls), expected))
  }

  test('a driver that is not polled → not reached', () => {
    const deps = {
      uiClient: { poll: () => Promise.reject(new Error('never polled')) },
      sendUiRequest: () => Promise.reject(new Error('never requested')),
      requestLimit: createRequestLimit(),
      monotonicMs: () => 0,
      nowMs: () => 0,
      sleep: async () => {},
      random: () => 0,
      polled: () => {},
    }
    assert.equal(createUiPoller(deps, new AbortController().signal).reaches('unknown'), false)
  })
})
