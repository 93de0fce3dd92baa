import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createFairTurns } from '../../../webhook/server/fair-turns.ts'

/** Takes all items. Each takes the time that `cost` returns for it. */
function takeAll(turns: ReturnType<typeof createFairTurns<string>>, cost: (item: string) => number): readonly string[] {
  const taken: string[] = []
  for (let turn = turns.take(); turn !== undefined; turn = turns.take()) {
    taken.push(turn.item)
    turn.spend(cost(turn.item))
  }
  return taken
}

describe('createFairTurns', () => {
  test('items of one peer → in the order of their arrival', () => {
    const turns = createFairTurns<string>()
    for (const item of ['a1', 'a2', 'a3']) turns.add('a', item)
    assert.deepEqual(
      takeAll(turns, () => 5),
      ['a1', 'a2', 'a3'],
    )
    assert.equal(turns.size, 0)
  })

  test('a peer with many expensive items → another peer waits for one of them, not for all', () => {
    const turns = createFairTurns<string>()
    for (let index = 0; index < 100; index += 1) turns.add('attacker', `a${index}`)
    for (let index = 0; index < 50; index += 1) turns.add('server', `s${index}`)
    const taken = takeAll(turns, (item) => (item.startsWith('a') ? 10 : 0.1))
    assert.deepEqual(
      taken.slice(0, 51).filter((item) => item.startsWith('a')),
      ['a0'],
    )
  })

  test('a peer that arrives late → gets its turn next, and no credit for the time before', () => {
    const turns = createFairTurns<string>()
    for (let index = 0; index < 20; index += 1) turns.add('a', `a${index}`)
    for (let index = 0; index < 10; index += 1) turns.take()?.spend(10)
    for (let index = 0; index < 20; index += 1) turns.add('b', `b${index}`)
    const next = takeAll(turns, () => 10).slice(0, 10)
    assert.equal(next.filter((item) => item.startsWith('b')).length, 5)
  })

  test('peers that send one expensive item after another → do not overtake one that sends cheap ones', () => {
    const turns = createFairTurns<string>()
    const names = ['x', 'y', 'z']
    for (const name of names) turns.add(name, name)
    turns.add('server', 'server')
    const taken: string[] = []
    for (let index = 0; index < 400; index += 1) {
      const turn = turns.take()
      assert.ok(turn)
      taken.push(turn.item)
      turn.spend(turn.item === 'server' ? 0.1 : 10)
      turns.add(turn.item, turn.item)
    }
    assert.ok(taken.filter((item) => item === 'server').length > 350)
  })

  test('an item that is removed → is not taken, and no other with it', () => {
    const turns = createFairTurns<string>()
    const first = turns.add('a', 'a1')
    turns.add('a', 'a2')
    turns.add('b', 'b1')
    first.remove()
    first.remove()
    assert.equal(turns.size, 2)
    assert.deepEqual(
      takeAll(turns, () => 1),
      ['a2', 'b1'],
    )
  })

  test('any arrivals and costs → each item is taken once, and no peer that waits gets less time than another, but for one item', () => {
    const arrival = fc.record({ peer: fc.constantFrom('a', 'b', 'c'), cost: fc.integer({ min: 0, max: 10 }) })
    fc.assert(
      fc.property(fc.array(arrival, { maxLength: 80 }), (arrivals) => {
        const turns = createFairTurns<(typeof arrivals)[number]>()
        for (const item of arrivals) turns.add(item.peer, item)
        const waiting = new Map(
          [...Map.groupBy(arrivals, ({ peer }) => peer)].map(([peer, items]) => [peer, items.length]),
        )
        const spent = new Map([...waiting.keys()].map((peer) => [peer, 0]))
        const of = (numbers: ReadonlyMap<string, number>, peer: string) => numbers.get(peer) ?? 0
        for (let turn = turns.take(); turn !== undefined; turn = turns.take()) {
          const { peer, cost } = turn.item
          const others = [...waiting].filter(([, count]) => count > 0).map(([other]) => of(spent, other))
          assert.equal(of(spent, peer), Math.min(...others))
          waiting.set(peer, of(waiting, peer) - 1)
          spent.set(peer, of(spent, peer) + cost)
          turn.spend(cost)
        }
        assert.deepEqual(
          [...waiting.values()].filter((count) => count !== 0),
          [],
        )
      }),
    )
  })
})
