import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createFairShares } from '../../core/fair-shares.ts'

function createRecordedShares(total: number) {
  const shares = createFairShares(total)
  const revoked: string[] = []
  const take = (peer: string, name: string, size: number) => shares.take(peer, size, () => revoked.push(name))
  return { take, revoked }
}

describe('createFairShares', () => {
  test('the total is exceeded → the oldest share of the peer that holds the most is revoked', () => {
    const { take, revoked } = createRecordedShares(10)
    take('attacker', 'a1', 4)
    take('attacker', 'a2', 4)
    take('server', 's1', 2)
    assert.ok(take('server', 's2', 2))
    assert.deepEqual(revoked, ['a1'])
  })

  test('the peer that holds the most takes more → it gives up its own oldest shares', () => {
    const { take, revoked } = createRecordedShares(10)
    take('server', 's1', 2)
    take('attacker', 'a1', 4)
    take('attacker', 'a2', 4)
    assert.ok(take('attacker', 'a3', 8))
    assert.deepEqual(revoked, ['a1', 'a2'])
  })

  test('a share that is larger than the total → null, and nothing is left of it', () => {
    const { take, revoked } = createRecordedShares(10)
    assert.equal(take('a', 'a1', 11), null)
    assert.ok(take('b', 'b1', 10))
    assert.deepEqual(revoked, [])
  })

  test('a share that was touched → is revoked last', () => {
    const { take, revoked } = createRecordedShares(2)
    const first = take('a', 'a1', 1)
    take('a', 'a2', 1)
    first?.touch()
    take('a', 'a3', 1)
    assert.deepEqual(revoked, ['a2'])
  })

  test('a settled share → counts until its release, and is never revoked', () => {
    const { take, revoked } = createRecordedShares(10)
    const settled = take('a', 'a1', 8)
    settled?.settle()
    assert.equal(take('b', 'b1', 3), null)
    settled?.release()
    settled?.release()
    assert.ok(take('b', 'b2', 10))
    assert.deepEqual(revoked, [])
  })

  test('any order of takes and releases → the total is kept, and only a peer with the most gives way', () => {
    const peers = ['a', 'b', 'c'] as const
    const steps = fc.array(
      fc.record({ peer: fc.constantFrom(...peers), size: fc.integer({ min: 1, max: 6 }), released: fc.nat(20) }),
      { maxLength: 60 },
    )
    fc.assert(
      fc.property(steps, (list) => {
        const shares = createFairShares(12)
        const open = new Map<number, { readonly peer: string; readonly size: number; readonly release: () => void }>()
        const sum = (peer?: string) =>
          [...open.values()].reduce(
            (total, share) => total + (peer === undefined || share.peer === peer ? share.size : 0),
            0,
          )
        for (const [at, { peer, size, released }] of list.entries()) {
          open.get(released)?.release()
          open.delete(released)
          open.set(at, { peer, size, release: () => {} })
          const giveWay = (id: number) => {
            const most = Math.max(...peers.map((each) => sum(each)))
            assert.equal(sum(open.get(id)?.peer), most)
            open.delete(id)
          }
          const share = shares.take(peer, size, () => giveWay(at))
          if (share === null) giveWay(at)
          else open.set(at, { peer, size, release: share.release })
          assert.ok(sum() <= 12)
        }
      }),
    )
  })
})
