import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createRequestLimit } from '../../../../webhook/controller/poll/request-limit.ts'

/** Requests that stay open until they are ended, by namespace. */
function openRequests(maxConcurrent: number, maxConcurrentPerNamespace: number) {
  const limit = createRequestLimit({ maxConcurrent, maxConcurrentPerNamespace })
  const open: { readonly namespace: string; end(): void }[] = []
  const send = (namespace: string, count: number) =>
    Array.from({ length: count }, () =>
      limit.run(namespace, async () => {
        const { promise, resolve } = Promise.withResolvers<void>()
        open.push({ namespace, end: resolve })
        await promise
      }),
    )
  const namespaces = async () => {
    await setImmediate()
    return open.map(({ namespace }) => namespace).join('')
  }
  return { send, open, namespaces }
}

describe('createRequestLimit', () => {
  test('many requests to one namespace → its share runs, and another namespace is not delayed', async () => {
    const { send, namespaces } = openRequests(5, 2)
    send('a', 100)
    send('b', 1)
    assert.equal(await namespaces(), 'aab')
  })

  test('requests to many namespaces → at most the total runs, and the next one when one has ended', async () => {
    const { send, open, namespaces } = openRequests(3, 2)
    for (const namespace of ['a', 'b', 'c']) send(namespace, 2)
    assert.equal(await namespaces(), 'aab')
    open[0]?.end()
    assert.equal(await namespaces(), 'aabb')
  })

  test('a request that fails → the caller gets the error, and its place is free', async () => {
    const limit = createRequestLimit({ maxConcurrent: 1, maxConcurrentPerNamespace: 1 })
    await assert.rejects(
      limit.run('a', () => Promise.reject(new Error('no'))),
      /no/,
    )
    assert.equal(await limit.run('a', async () => 'next'), 'next')
  })
})
