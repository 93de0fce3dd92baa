import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createTextDecoder, decodeText } from '../../core/text-decoder.ts'

const withoutMark = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => !text.startsWith('\ufeff'))

const encodings: Readonly<Record<string, (text: string) => Uint8Array>> = {
  'UTF-8': (text) => Buffer.from(text),
  'UTF-8 with a mark': (text) => Buffer.from(`\ufeff${text}`),
  'UTF-16LE with a mark': (text) => Buffer.from(`\ufeff${text}`, 'utf16le'),
  'UTF-16BE with a mark': (text) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
}

describe('text decoder', () => {
  for (const [name, encode] of Object.entries(encodings)) {
    test(`${name}, in pieces of any size → the text`, () => {
      fc.assert(
        fc.property(withoutMark, fc.integer({ min: 1, max: 5 }), (content, size) => {
          const bytes = encode(content)
          const decoder = createTextDecoder()
          let text = ''
          for (let at = 0; at < bytes.length; at += size) text += decoder.push(bytes.subarray(at, at + size))
          assert.equal(text + decoder.end(), content)
          assert.equal(decodeText(bytes), content)
        }),
      )
    })
  }

  test('bytes that are not text → replacement characters instead of an error', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => typeof decodeText(bytes) === 'string'))
  })
})
