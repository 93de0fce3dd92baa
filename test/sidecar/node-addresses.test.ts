import assert from 'node:assert/strict'
import { test } from 'node:test'
import { locateUi } from '../../spark-ui/ui-address.ts'
import { policyWith } from './policies.ts'

test('a node with the addresses of all Services is not asked at each', () => {
  const addresses = Array.from({ length: 5_000 }, (_, n) => `10.96.${n >> 8}.${n & 255}`)
  const target = locateUi(policyWith(), null, addresses)
  assert.ok(target.kind === 'ui' && target.others.length < 30)
})
