import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { LineSplitter, maxLineLength } from '../../../cli/log/lines.ts'

function split(...pieces: readonly Uint8Array[]): readonly string[] {
  const lines: string[] = []
  const splitter = new LineSplitter((line) => lines.push(line))
  for (const piece of pieces) splitter.write(piece)
  splitter.end()
  return lines
}

const bytes = (text: string) => new TextEncoder().encode(text)

describe('line splitter', () => {
  test('lines end in LF, in CRLF or at the end of the text → they are split without their ends', () => {
    assert.deepEqual(split(bytes('a\nb\r\n\nc')), ['a', 'b', '', 'c'])
    assert.deepEqual(split(bytes('')), [])
    assert.deepEqual(split(bytes('a\n')), ['a'])
  })

  test('text before a carriage return → is omitted, as a terminal overwrites it', () => {
    assert.deepEqual(split(bytes('[Stage 0:>  ]\r[Stage 0:=> ]\r26/11/22 ERROR x\n')), ['26/11/22 ERROR x'])
  })

  test('a line longer than the maximum → it is cut, and the next line is complete', () => {
    const long = 'x'.repeat(3 * maxLineLength)
    for (const size of [1, 1000, 100_000]) {
      const all = bytes(`${long}\nnext\n`)
      const pieces = Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
        all.subarray(i * size, (i + 1) * size),
      )
      assert.deepEqual(
        split(...pieces).map((line) => [line.length, line.slice(0, 4)]),
        [
          [maxLineLength, 'xxxx'],
          [4, 'next'],
        ],
      )
    }
  })

  test('a log in UTF-16, as Windows PowerShell writes it → the same lines', () => {
    const text = '26/03/01 09:00:07 INFO é: 𝄞\r\njava.lang.OutOfMemoryError: Java heap space\r\n'
    assert.deepEqual(split(Buffer.from(`\ufeff${text}`, 'utf16le')), split(bytes(text)))
  })

  test('a stream arrives in pieces of any size → the lines are the same', () => {
    const text = fc
      .array(fc.constantFrom('a', 'é', '𝄞', '\n', '\r\n', 'xyz '), { maxLength: 40 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 7 })), (content, sizes) => {
        const all = bytes(content)
        const pieces: Uint8Array[] = []
        let at = 0
        for (const size of [...sizes, all.length]) {
          pieces.push(all.subarray(at, at + size))
          at += size
        }
        assert.deepEqual(split(...pieces), split(all))
      }),
    )
  })
})
