import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodePolicy } from '../../../core/settings/driver-policy.ts'
import { policyWith } from '../../sidecar/policies.ts'

describe('decodePolicy of a policy without a budget', () => {
  test('a missing budget → is rejected at once', () => {
    for (const kind of ['fail-pod', 'observe']) {
      assert.ok('problem' in decodePolicy(JSON.stringify({ ...policyWith(), onHung: { kind } })))
      assert.ok('policy' in decodePolicy(JSON.stringify({ ...policyWith(), onHung: { kind, budget: null } })))
    }
  })
})
