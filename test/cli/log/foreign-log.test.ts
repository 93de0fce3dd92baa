import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { LogScan } from '../../../cli/log/scan.ts'

const log = '26/03/01 09:00:07 INFO SparkContext: Running Spark version 3.5.3\nError from server: 500\n'

function scan(bytes: Uint8Array): string | null {
  const reading = new LogScan([])
  reading.write(bytes)
  return reading.end().foreign
}

describe('a text in place of a log', () => {
  test('a log, also with an error message in it, or an empty one → a log', () => {
    for (const text of [log, '', '\n', 'Error from the server: no rows\n', `${'Error from server (x)\n'.repeat(9)}`]) {
      assert.equal(scan(Buffer.from(text)), null, text)
    }
  })

  test('a compressed log → named with the program that unpacks it', () => {
    assert.equal(scan(gzipSync(log)), 'compressed with gzip; unpack it first')
    assert.equal(scan(zstdCompressSync(log)), 'compressed with zstd; unpack it first')
  })
})
