import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createWorkQueue } from '../../../../webhook/controller/reconcile/work-queue.ts'
import { runWorker } from '../../../../webhook/controller/reconcile/worker.ts'
import { createRecordingLog } from '../../../support/recording-log.ts'

const many = 1_000
/** How keys arrive: all at once, or each evaluation adds the next before any other work runs. */
const ways: readonly [string, boolean][] = [
  ['of many drivers', false],
  ['of drivers added one after another', true],
]
describe('runWorker', () => {
  for (const [name, oneByOne] of ways) {
    test(`evaluations ${name} → yield to other work every few milliseconds`, async () => {
      const queue = createWorkQueue()
      const stop = new AbortController()
      let [looks, sincePause, most] = [0, 0, 0]
      const add = () => queue.add(`spark/driver-${looks}-${queue.nextMs()}`)
      const reconcile = () => {
        looks += 1
        sincePause += 1
        most = Math.max(most, sincePause)
        if (looks === many) stop.abort()
        else if (oneByOne) void Promise.resolve().then(add)
      }
      const sleep = async (ms: number, signal: AbortSignal) => {
        if (ms > 1)
          return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
        sincePause = 0
      }
      if (oneByOne) add()
      else for (let index = 0; index < many; index += 1) queue.add(`spark/driver-${index}`)
      // Each evaluation takes a millisecond.
      await runWorker({ log: createRecordingLog().log, monotonicMs: () => looks, sleep }, queue, reconcile, stop.signal)
      assert.equal(looks, many)
      assert.ok(most <= 10, `${most} evaluations without a pause`)
    })
  }
})
