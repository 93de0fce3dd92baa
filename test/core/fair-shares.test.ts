import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createFairShares, type Share } from '../../core/fair-shares.ts'

interface OpenShare {
  readonly peer: string
  readonly size: number
  readonly share: Share | null
}

function createRecordedShares(total: number) {
  const shares = createFairShares(total)
  const revoked: string[] = []
  const take = (peer: string, name: string, size: number) => shares.take(peer, size, () => revoked.push(name))
  return { take, revoked }
}

/** Shares, and which of them are open by what the module reported. Fails if another peer should have given way. */
function createModel(total: number) {
  const shares = createFairShares(total)
  const open = new Map<number, OpenShare>()
  const settled = new Set<number>()
  const sum = (peer?: string) =>
    [...open.values()]
      .filter((share) => peer === undefined || share.peer === peer)
      .reduce((all, { size }) => all + size, 0)
  const giveWay = (id: number) => {
    assert.ok(!settled.has(id))
    const revocable = [...open].filter(([other]) => !settled.has(other))
    const most = Math.max(...revocable.map(([, { peer }]) => sum(peer)))
    assert.equal(sum(open.get(id)?.peer), most)
    open.delete(id)
  }
  return {
    sum,
    release: (id: number) => {
      open.get(id)?.share?.release()
      open.delete(id)
    },
    settle: (id: number) => {
      const share = settled.has(id) ? undefined : open.get(id)?.share
      if (share?.settle() === true) settled.add(id)
      else if (share !== undefined) open.delete(id)
    },
    take: (id: number, peer: string, size: number) => {
      open.set(id, { peer, size, share: null })
      const share = shares.take(peer, size, () => giveWay(id))
      if (share === null) giveWay(id)
      else open.set(id, { peer, size, share })
    },
  }
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
    const settled = take('a', 'a1', 5)
    assert.equal(settled?.settle(), true)
    assert.equal(take('b', 'b1', 6), null)
    assert.equal(take('a', 'a2', 6), null)
    settled?.release()
    settled?.release()
    assert.ok(take('b', 'b2', 10))
    assert.deepEqual(revoked, [])
  })

  test('a peer settles all it can → half remains for others, and of that half for the next', () => {
    const { take } = createRecordedShares(16)
    const settleAll = (peer: string) => {
      const names = Array.from({ length: 16 }, (_, index) => `${peer}${index}`)
      return names.filter((name) => take(peer, name, 1)?.settle() === true).length
    }
    assert.deepEqual(['a', 'b', 'c', 'd'].map(settleAll), [8, 4, 2, 1])
  })

  test('a peer with settled shares takes more → it gives up what it has not settled, and others keep theirs', () => {
    const { take, revoked } = createRecordedShares(10)
    take('attacker', 'a1', 5)?.settle()
    take('server', 's1', 3)
    take('attacker', 'a2', 2)
    take('server', 's2', 1)
    assert.deepEqual(revoked, ['a2'])
  })

  test('any order of takes, settlements and releases → the total is kept, and only a peer with the most that is revocable gives way', () => {
    const peers = ['a', 'b', 'c'] as const
    const steps = fc.array(
      fc.record({
        peer: fc.constantFrom(...peers),
        size: fc.integer({ min: 1, max: 6 }),
        released: fc.nat(20),
        settled: fc.nat(20),
      }),
      { maxLength: 60 },
    )
    fc.assert(
      fc.property(steps, (list) => {
        const model = createModel(12)
        for (const [at, { peer, size, released, settled }] of list.entries()) {
          model.release(released)
          model.settle(settled)
          model.take(at, peer, size)
          assert.ok(model.sum() <= 12)
        }
      }),
    )
  })
})
