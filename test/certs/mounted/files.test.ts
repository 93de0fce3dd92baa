import assert from 'node:assert/strict'
import { mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createCertificateReader } from '../../../certs/mounted/files.ts'
import { createAuthority, issueServingCertificate } from '../../../certs/pki/issue-certificates.ts'
import { parseServingCertificate, type ServingCertificate } from '../../../certs/pki/serving-certificate.ts'

const authority = createAuthority(new Date(), 1)
const [first, second] = [2, 3].map((days) => issueServingCertificate(authority, ['localhost'], new Date(), days))

describe('createCertificateReader', () => {
  test('a matching pair → loaded with its expiry', () => {
    assert.ok(first)
    const loaded = parseServingCertificate(first.certificatePem, first.privateKeyPem)
    assert.ok(loaded.kind === 'loaded')
    assert.ok(Math.abs(loaded.certificate.expiresMs - Date.now() - 2 * 86_400_000) < 3_700_000)
  })

  test('a pair that does not match or is not PEM → unusable', () => {
    assert.ok(first && second)
    assert.equal(parseServingCertificate(first.certificatePem, second.privateKeyPem).kind, 'unusable')
    assert.equal(parseServingCertificate('', '').kind, 'unusable')
    assert.equal(parseServingCertificate(first.certificatePem, 'x').kind, 'unusable')
  })

  test('a changed volume → read again, and a half-written pair changes nothing', async (t) => {
    assert.ok(first && second)
    const dir = await mkdtemp(join(tmpdir(), 'spark-nanny-tls-'))
    t.after(() => rm(dir, { recursive: true, force: true }))
    const version = async (name: string, cert: string, key: string) => {
      await writeFile(join(dir, `${name}.crt`), cert)
      await writeFile(join(dir, `${name}.key`), key)
      for (const end of ['crt', 'key']) {
        await symlink(`${name}.${end}`, join(dir, `next.${end}`))
        await rename(join(dir, `next.${end}`), join(dir, `tls.${end}`))
      }
    }
    const loaded: ServingCertificate[] = []
    const trouble: string[] = []
    const read = createCertificateReader({
      certFile: join(dir, 'tls.crt'),
      keyFile: join(dir, 'tls.key'),
      readFile: (path) => readFile(path, 'utf8'),
      onLoaded: (certificate) => loaded.push(certificate),
      onUnusable: (detail) => trouble.push(detail),
    })
    await read()
    await read()
    assert.deepEqual([loaded.length, trouble.length], [0, 1], 'a missing file is reported once')
    await version('a', first.certificatePem, first.privateKeyPem)
    await read()
    await read()
    assert.equal(loaded.length, 1, 'a change only')
    await version('b', second.certificatePem, first.privateKeyPem)
    await read()
    assert.deepEqual([loaded.length, trouble.length], [1, 2])
    await version('c', second.certificatePem, second.privateKeyPem)
    await read()
    assert.equal(loaded.length, 2)
    assert.notEqual(loaded[0]?.fingerprint, loaded[1]?.fingerprint)
  })
})
