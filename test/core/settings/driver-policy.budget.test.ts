import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodePolicy } from '../../../core/settings/driver-policy.ts'
import { policyWith } from '../../sidecar/policies.ts'

test('a policy that lacks its budget is refused at once, not by an error of /status later', () => {
  for (const kind of ['fail-pod', 'observe']) {
    assert.ok('problem' in decodePolicy(JSON.stringify({ ...policyWith(), onHung: { kind } })))
    assert.ok('policy' in decodePolicy(JSON.stringify({ ...policyWith(), onHung: { kind, budget: null } })))
  }
})
