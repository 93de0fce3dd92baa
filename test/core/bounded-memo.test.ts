import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createBoundedMemo } from '../../core/bounded-memo.ts'

describe('createBoundedMemo', () => {
  function countedMemo() {
    const memo = createBoundedMemo<string>({ maxKeyLength: 4, maxEntries: 2 })
    let computed = 0
    const read = (key: string) =>
      memo(key, () => {
        computed += 1
        return key
      })
    return { read, computed: () => computed }
  }

  test('the same key twice → is computed once', () => {
    const { read, computed } = countedMemo()
    assert.deepEqual([read('a'), read('a'), computed()], ['a', 'a', 1])
  })

  test('a long key → is computed each time', () => {
    const { read, computed } = countedMemo()
    assert.deepEqual([read('abcde'), read('abcde'), computed()], ['abcde', 'abcde', 2])
  })

  test('more keys than are remembered → all are forgotten, and the results stay right', () => {
    const { read, computed } = countedMemo()
    for (const key of ['a', 'b', 'c', 'a']) assert.equal(read(key), key)
    assert.equal(computed(), 4)
    assert.equal(read('c'), 'c')
    assert.equal(computed(), 4)
  })
})
