import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { describe, test } from 'node:test'
import { createAuthority, issueServingCertificate } from '../../../certs/pki/issue-certificates.ts'
import { createInjectionKeys } from '../../../webhook/injection/keys.ts'

const authority = createAuthority(new Date(), 1)
const createKeyPem = () => issueServingCertificate(authority, ['localhost'], new Date(), 1).privateKeyPem

describe('createInjectionKeys', () => {
  test('no certificate → no key', () => {
    const keys = createInjectionKeys()
    assert.deepEqual([keys.current(), keys.all()], [null, []])
  })

  test('two replicas with the same private key, in another encoding → the same key, which is not in the private key', () => {
    const pem = createKeyPem()
    const other = createPrivateKey(pem).export({ type: 'pkcs1', format: 'pem' }).toString()
    assert.notEqual(pem, other)
    const derived = [pem, other].map((text) => {
      const keys = createInjectionKeys()
      keys.usePrivateKey(text)
      return keys.current()
    })
    assert.ok(derived[0])
    assert.equal(derived[0].length, 32)
    assert.deepEqual(derived[0], derived[1])
    assert.equal(createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' }).includes(derived[0]), false)
  })

  test('a renewed certificate → its key signs, and those of the two before still count', () => {
    const keys = createInjectionKeys()
    let changes = 0
    keys.whenChanged(() => {
      changes += 1
    })
    const seen = [1, 2, 3, 4].map(() => {
      const pem = createKeyPem()
      keys.usePrivateKey(pem)
      keys.usePrivateKey(pem)
      return keys.current()
    })
    assert.equal(changes, 4)
    assert.deepEqual(keys.all(), seen.slice(1).toReversed())
  })
})
