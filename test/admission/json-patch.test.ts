import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { addItems, addMembers, applyOperations, formatPointer } from '../../admission/json-patch.ts'

describe('JSON patch', () => {
  test('a missing or null list or map → is created', () => {
    assert.deepEqual(addItems('/a', undefined, [1, 2]), [{ op: 'add', path: '/a', value: [1, 2] }])
    assert.deepEqual(addItems('/a', null, [1]), [{ op: 'add', path: '/a', value: [1] }])
    assert.deepEqual(addItems('/a', [0], [1, 2]), [
      { op: 'add', path: '/a/-', value: 1 },
      { op: 'add', path: '/a/-', value: 2 },
    ])
    assert.deepEqual(addItems('/a', undefined, []), [])
    assert.deepEqual(addMembers('/a', null, { b: 1 }), [{ op: 'add', path: '/a', value: { b: 1 } }])
    assert.deepEqual(addMembers('/a', {}, { 'b/c~d': 1 }), [{ op: 'add', path: '/a/b~1c~0d', value: 1 }])
    assert.equal(formatPointer('a', 'b/c', '~'), '/a/b~1c/~0')
  })

  const rows: readonly [string, object, Parameters<typeof applyOperations>[1], object, boolean][] = [
    ['nothing to do', { a: 1 }, [], { a: 1 }, true],
    ['a member', { a: {} }, [{ op: 'add', path: '/a/b', value: 1 }], { a: { b: 1 } }, true],
    ['an item', { a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 2] }, true],
    ['what comes after in another order', { a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { b: 2, a: 1 }, true],
    ['another outcome', { a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 3] }, false],
    ['one too few', { a: [1] }, [], { a: [1, 2] }, false],
    ['one too many', { a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1 }, false],
    ['a list that is not there', {}, [{ op: 'add', path: '/a/-', value: 1 }], { a: [1] }, false],
    ['a map that is not there', {}, [{ op: 'add', path: '/a/b', value: 1 }], { a: { b: 1 } }, false],
    ['a value that JSON has not', {}, [{ op: 'add', path: '/a', value: undefined }], { a: undefined }, false],
  ]
  for (const [name, received, operations, intended, expected] of rows) {
    test(`${name} → ${expected ? 'the intended object' : 'not the intended object'}`, () => {
      const edited = applyOperations(structuredClone(received), operations)
      assert.equal(isDeepStrictEqual(edited, intended), expected)
    })
  }
})
