import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createQuickIssuer } from './quick-issuer.ts'
import { type Disturbance, holdMs, ReplicaSet } from './replicas.ts'

const issuer = createQuickIssuer()
const who = fc.nat(2)
const rarely = 1
const happenings: fc.Arbitrary<Disturbance> = fc.oneof(
  { weight: 30, arbitrary: fc.record({ kind: fc.constant('go-on'), who, watched: fc.boolean() }) },
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

describe('self-signed replicas', () => {
  test('any failures between replicas → ready replicas always verify, and one authority remains', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(happenings, { maxLength: 300, size: 'max' }), fc.boolean(), async (list, installed) => {
        const replicas = new ReplicaSet(3, issuer)
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
})
