import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkNodeVersion } from '../../../cli/cluster/node-version.ts'

describe('checkNodeVersion', () => {
  for (const version of ['20.20.2', '22.18.0']) {
    test(`Node ${version} → usage error`, () => {
      assert.throws(() => checkNodeVersion(version), {
        message: new RegExp(`^Node ${version} is too old.*use Node 26$`),
      })
    })
  }

  for (const version of ['22.19.0', '24.0.0', '26.10.0']) {
    test(`Node ${version} → accepted`, () => {
      checkNodeVersion(version)
    })
  }
})
