import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { createAuthority, generateKeys, issueServingCertificate } from '../../../certs/pki/issue-certificates.ts'
import { parseSecretContents } from '../../../certs/pki/secret-contents.ts'

const authority = createAuthority(new Date(), 1)
const weakKeys = generateKeyPairSync('rsa', {
  modulusLength: 1024,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})

function parseWithKeys(keys: typeof weakKeys) {
  const leaf = issueServingCertificate(authority, ['localhost'], new Date(), 1, keys)
  const encode = (text: string) => Buffer.from(text).toString('base64')
  return parseSecretContents({
    'ca.crt': encode(authority.certificatePem),
    'ca.key': encode(authority.privateKeyPem),
    'tls.crt': encode(leaf.certificatePem),
    'tls.key': encode(leaf.privateKeyPem),
  })
}

describe('parseSecretContents', () => {
  test('a serving certificate whose key OpenSSL refuses → unusable, so that it is replaced', () => {
    const weak = parseWithKeys(weakKeys)
    assert.ok(weak.kind === 'usable' && weak.contents.leaf.kind === 'unusable')
    assert.match(weak.contents.leaf.detail, /cannot be served/)
  })

  test('a serving certificate with a key of 2048 bits → usable', () => {
    const sound = parseWithKeys(generateKeys())
    assert.ok(sound.kind === 'usable')
    assert.equal(sound.contents.leaf.kind, 'usable')
  })
})
