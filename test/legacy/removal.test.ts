import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { legacyRemovalVersion } from '../../legacy/removal.ts'
import packageJson from '../../package.json' with { type: 'json' }

const toNumbers = (version: string) => version.split('.').map(Number)

describe('legacyRemovalVersion', () => {
  test('the package has not reached the version → the folder legacy may stay', () => {
    const [major = 0, minor = 0] = toNumbers(packageJson.version)
    const [removalMajor = 0, removalMinor = 0] = toNumbers(legacyRemovalVersion)
    assert.ok(major < removalMajor || (major === removalMajor && minor < removalMinor), 'remove the folder legacy')
  })
})
