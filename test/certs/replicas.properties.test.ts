import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { quickIssuer } from './quick-issuer.ts'
import { type Happening, holdMs, Replicas } from './replicas.ts'

const issuer = quickIssuer()
const who = fc.nat(2)
const rarely = 1
const happenings: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 30, arbitrary: fc.record({ kind: fc.constant('go-on'), who, told: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('lose'), who, done: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash'), who, late: fc.boolean() }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'late-requests' } as const) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.constantFrom(1_000, 3_000, 9_000, holdMs / 2, holdMs) }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'age' } as const) },
  {
    weight: rarely,
    arbitrary: fc.record({ kind: fc.constant('damage'), how: fc.constantFrom('delete', 'empty', 'cut') }),
  },
)

test('whatever fails between replicas: none that is ready is ever unverified, and all end with one authority', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happenings, { maxLength: 300, size: 'max' }), fc.boolean(), async (list, installed) => {
      const replicas = new Replicas(3, issuer)
      const check = () => assert.equal(replicas.unverified(), null)
      if (installed) assert.equal(await replicas.settle(check), null)
      for (const happening of list) {
        await replicas.happen(happening)
        check()
      }
      assert.equal(await replicas.settle(check), null)
    }),
    { numRuns: 40 },
  )
})
