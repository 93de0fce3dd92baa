import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { connect, createServer } from 'node:tls'
import {
  createAuthority,
  createSerialNumber,
  generateKeysInBackground,
  issueServingCertificate,
} from '../../../certs/pki/issue-certificates.ts'

const now = new Date()

describe('issue certificates', () => {
  test('a client that trusts the authority → accepts the certificate by name and by address', async () => {
    const authority = createAuthority(now)
    const leaf = issueServingCertificate(authority, ['spark-nanny.spark-nanny.svc', '127.0.0.1'], now)
    const server = createServer({ cert: leaf.certificatePem, key: leaf.privateKeyPem }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    try {
      for (const options of [{ servername: 'spark-nanny.spark-nanny.svc' }, {}]) {
        const socket = connect({ host: '127.0.0.1', port, ca: authority.certificatePem, ...options })
        await once(socket, 'secureConnect')
        assert.equal(socket.authorized, true)
        socket.destroy()
      }
      const other = connect({ host: '127.0.0.1', port, ca: createAuthority(now).certificatePem })
      const [error] = await once(other, 'error')
      assert.match(String(error), /certificate|self-signed|unable to verify/)
    } finally {
      server.close()
    }
  })

  test('a serving certificate → valid from one hour before until its last day', () => {
    const authority = createAuthority(now)
    const leaf = new X509Certificate(issueServingCertificate(authority, ['a.svc'], now, 10).certificatePem)
    assert.equal(Math.round((leaf.validToDate.getTime() - now.getTime()) / 86_400_000), 10)
    assert.equal(Math.round((now.getTime() - leaf.validFromDate.getTime()) / 3_600_000), 1)
    assert.equal(leaf.checkHost('a.svc'), 'a.svc')
    assert.equal(leaf.ca, false)
  })

  for (const random of ['0000007f', '00000000', '007f0000', '00800000', '7fffffff', '80000000', 'ffffffff']) {
    test(`random bytes ${random}… → the serial number is a positive DER integer without superfluous zeros`, () => {
      const serialNumber = createSerialNumber(Buffer.from(random.padEnd(32, '0'), 'hex'))
      assert.match(serialNumber, /^[4-7][0-9a-f]{31}$/)
      assert.equal(serialNumber.slice(2), random.slice(2).padEnd(30, '0'))
    })
  }

  test('generating keys → the event loop is not blocked', async () => {
    let turns = 0
    let made = false
    const turn = () => {
      turns += 1
      if (!made) setImmediate(turn)
    }
    setImmediate(turn)
    const keys = await generateKeysInBackground()
    made = true
    assert.ok(turns > 1, String(turns))
    const authority = new X509Certificate(createAuthority(now, 1, keys).certificatePem)
    assert.ok(authority.verify(authority.publicKey) && authority.ca)
  })
})
