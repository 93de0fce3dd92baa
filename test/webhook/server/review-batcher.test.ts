import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { admit } from '../../../admission/admit.ts'
import { batchReviews } from '../../../webhook/server/review-batcher.ts'
import { capableContext, captureText } from '../../support/admission-captures.ts'

const driver = captureText('driver-pod.spark-submit')

const unansweredReview = {
  body: Buffer.from(driver),
  peer: '10.0.0.1',
  hold: () => null,
  send: () => {},
  sendUnread: () => {},
  refuse: () => {},
  fail: () => {},
}

describe('batchReviews', () => {
  test('a batch with a failing review → every other review gets its own response', async () => {
    let turn = 0
    const post = batchReviews((request) => {
      turn += 1
      if (turn === 2) throw new Error('bug')
      const admission = admit(request, capableContext)
      return turn === 3 ? Promise.resolve(admission) : admission
    })
    const bodies = [driver, driver, driver, '{', '{}', driver]
    const answers = await Promise.all(
      bodies.map(
        (body, index) =>
          new Promise<string>((resolve) => {
            post({
              body: Buffer.from(body),
              peer: '10.0.0.1',
              hold: () => null,
              sendUnread: () => {},
              send: (review) => {
                if (index === 5) throw new Error('the socket is gone')
                resolve(JSON.parse(review).response.auditAnnotations.reason)
              },
              refuse: ({ status }) => resolve(String(status)),
              fail: (error) => resolve(`failed: ${error instanceof Error ? error.message : ''}`),
            })
          }),
      ),
    )
    assert.deepEqual(answers, ['injected', 'failed: bug', 'injected', '400', '422', 'failed: the socket is gone'])
  })

  test('bodies that take long together → a few in each turn of the event loop, in their order', async () => {
    let nowMs = 0
    let turn = 0
    const turns: number[] = []
    // Reading the clock once before a batch and once after each body makes each body take 4 ms.
    const post = batchReviews(
      (request) => admit(request, capableContext),
      () => {
        nowMs += 4
        return nowMs
      },
    )
    const countTurn = () => {
      turn += 1
      if (turns.length < 7) setImmediate(countTurn)
    }
    setImmediate(countTurn)
    await new Promise<void>((resolve) => {
      const note = () => {
        if (turns.push(turn) === 7) resolve()
      }
      for (let count = 0; count < 7; count += 1) {
        post({ ...unansweredReview, send: note, sendUnread: note, refuse: note, fail: note })
      }
    })
    assert.deepEqual(turns, [1, 1, 1, 2, 2, 2, 3])
  })

  test('a peer posts more bodies than fit into a turn → those of another peer do not wait for them', async () => {
    let nowMs = 0
    const post = batchReviews(
      (request) => admit(request, capableContext),
      () => {
        nowMs += 4
        return nowMs
      },
    )
    const answered: string[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    const postFrom = (peer: string) => {
      const note = () => {
        if (answered.push(peer) === 60) resolve()
      }
      post({ ...unansweredReview, peer, send: note, sendUnread: note, refuse: note, fail: note })
    }
    for (let count = 0; count < 50; count += 1) postFrom('attacker')
    for (let count = 0; count < 10; count += 1) postFrom('server')
    await promise
    assert.deepEqual(answered.slice(0, 4), ['attacker', 'server', 'attacker', 'server'])
    assert.equal(answered.lastIndexOf('server'), 19)
  })

  test('a body that is removed before its turn → is not read', async () => {
    const read: string[] = []
    const post = batchReviews((request) => {
      read.push(request.uid)
      return admit(request, capableContext)
    })
    const { promise, resolve } = Promise.withResolvers<void>()
    post(unansweredReview).remove()
    post({ ...unansweredReview, send: () => resolve() })
    await promise
    assert.equal(read.length, 1)
  })

  test('something is awaited for a body that may not be held → it fails at once, and gets no review', async () => {
    const admissions: PromiseWithResolvers<void> = Promise.withResolvers()
    const post = batchReviews(async (request) => {
      await admissions.promise
      return admit(request, capableContext)
    })
    const failure = new Error('too much is held')
    const failed = await new Promise<unknown>((resolve) => {
      post({ ...unansweredReview, hold: () => failure, send: () => resolve('a review'), fail: resolve })
    })
    assert.equal(failed, failure)
    admissions.resolve()
  })
})
