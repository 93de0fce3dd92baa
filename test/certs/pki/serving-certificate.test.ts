import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { type ConnectionOptions, connect, createServer } from 'node:tls'
import { createAuthority, issueServingCertificate } from '../../../certs/pki/issue-certificates.ts'
import { parseServingCertificate } from '../../../certs/pki/serving-certificate.ts'

const tls12 = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const

describe('parseServingCertificate', () => {
  test('the context that is served → TLS 1.3 and the authenticated suites of TLS 1.2, no others', async (t) => {
    const issued = issueServingCertificate(createAuthority(new Date(), 1), ['localhost'], new Date(), 1)
    const loaded = parseServingCertificate(issued.certificatePem, issued.privateKeyPem)
    assert.ok(loaded.kind === 'loaded')
    // Without a certificate first, as the webhook starts.
    const server = createServer({})
    server.setSecureContext(loaded.certificate.context)
    server.on('tlsClientError', () => {})
    await once(server.listen(0, '127.0.0.1'), 'listening')
    t.after(() => server.close())
    const { port } = server.address() as AddressInfo
    const negotiate = async (options: ConnectionOptions): Promise<string> => {
      const socket = connect({ ...options, port, host: '127.0.0.1', rejectUnauthorized: false })
      try {
        await once(socket, 'secureConnect')
        return socket.getCipher().name
      } catch {
        return 'refused'
      } finally {
        socket.destroy()
      }
    }
    assert.match(await negotiate({}), /^TLS_/)
    const suite = 'ECDHE-RSA-AES128-GCM-SHA256'
    assert.equal(await negotiate({ ...tls12, ciphers: suite }), suite)
    for (const ciphers of ['ECDHE-RSA-AES128-SHA', 'ECDHE-RSA-AES256-SHA384', 'AES128-SHA', 'AES128-GCM-SHA256']) {
      assert.equal(await negotiate({ ...tls12, ciphers }), 'refused', ciphers)
    }
    assert.equal(await negotiate({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' }), 'refused')
  })
})
