import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createWorkQueue } from '../../../../webhook/controller/reconcile/work-queue.ts'

describe('createWorkQueue', () => {
  test('keys added twice → are taken once, in order', () => {
    const queue = createWorkQueue()
    for (const key of ['a', 'b', 'a']) queue.add(key)
    assert.deepEqual([queue.take(0), queue.take(0), queue.take(0)], ['a', 'b', undefined])
  })

  test('a key added for several times → is taken at the earliest', () => {
    const queue = createWorkQueue()
    queue.addAt('a', 20)
    queue.addAt('a', 10)
    queue.addAt('a', 30)
    assert.equal(queue.nextMs(), 10)
    assert.equal(queue.take(9), undefined)
    assert.equal(queue.take(10), 'a')
    assert.equal(queue.nextMs(), Number.POSITIVE_INFINITY)
  })

  test('a removed key → is not taken, now or later', () => {
    const queue = createWorkQueue()
    queue.add('a')
    queue.addAt('b', 10)
    queue.add('c')
    for (const key of ['a', 'b']) queue.remove(key)
    assert.deepEqual([queue.take(100), queue.take(100)], ['c', undefined])
  })

  test('a waiting worker → wakes up for a new key and for an earlier time', async () => {
    const queue = createWorkQueue()
    queue.addAt('late', 100)
    const first = queue.added()
    queue.addAt('early', 50)
    await first
    const second = queue.added()
    queue.add('now')
    await second
  })

  test('any sequence of keys → each is taken, never before its time', () => {
    const adding = fc.record({ key: fc.constantFrom('a', 'b', 'c'), atMs: fc.integer({ min: 0, max: 50 }) })
    fc.assert(
      fc.property(fc.array(adding), (added) => {
        const queue = createWorkQueue()
        for (const { key, atMs } of added) queue.addAt(key, atMs)
        const taken = new Map<string, number>()
        for (let nowMs = 0; nowMs <= 50; nowMs += 1) {
          for (let key = queue.take(nowMs); key !== undefined; key = queue.take(nowMs)) taken.set(key, nowMs)
        }
        const due = new Map<string, number>()
        for (const { key, atMs } of added) due.set(key, Math.min(due.get(key) ?? 50, atMs))
        assert.deepEqual(taken, due)
      }),
    )
  })
})
