import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { createResponseReader, type ResponseStep } from '../../spark-ui/http-response.ts'

const maxBodyBytes = 1_000

/** Reads pieces until one of them ends the response, then the end of the connection. */
function read(pieces: readonly Buffer[], maxBytes = maxBodyBytes): ResponseStep {
  const reader = createResponseReader({ maxBodyBytes: maxBytes })
  for (const piece of pieces) {
    const step = reader.add(piece)
    if (step.kind !== 'incomplete') return step
  }
  return reader.end()
}

function describeStep(step: ResponseStep): string {
  switch (step.kind) {
    case 'incomplete':
      return 'incomplete'
    case 'failed':
      return step.cause
    case 'response': {
      const { statusCode, location, body } = step.response
      return [statusCode, location, body, step.isTruncated ? 'truncated' : undefined].filter((part) => part).join(' ')
    }
  }
}

const byPieces = (bytes: Buffer, cuts: readonly number[]): readonly Buffer[] => {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end)).filter(({ length }) => length > 0)
}

const ok = 'HTTP/1.1 200 OK\r\n'
const long = 'x'.repeat(maxBodyBytes + 1)
const cases: readonly (readonly [what: string, response: string, expected: string])[] = [
  ['a body with its length', `${ok}Content-Length: 3\r\n\r\nabc`, '200 abc'],
  ['more bytes than the length', `${ok}content-length:3\r\n\r\nabcdef`, '200 abc'],
  ['fewer bytes than the length', `${ok}Content-Length: 9\r\n\r\nabc`, 'reset'],
  ['a body without a length', `${ok}A: b\r\n\r\nabc`, '200 abc'],
  ['no body and a length', `${ok}Content-Length: 0\r\n\r\n`, '200'],
  ['a body without a length that is too long', `${ok}\r\n${long}`, `200 ${long.slice(1)} truncated`],
  ['chunks', `${ok}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0A;q=1\r\nbcdefghijk\r\n0\r\n\r\n`, '200 abcdefghijk'],
  ['no chunk', `${ok}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, '200'],
  ['chunks without their end', `${ok}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n`, 'reset'],
  ['chunks and a length', `${ok}Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n2\r\nab\r\n0\r\n\r\n`, '200 ab'],
  ['a chunk without a size', `${ok}Transfer-Encoding: chunked\r\n\r\nz\r\na\r\n0\r\n\r\n`, 'malformed'],
  ['a chunk that is longer than its size', `${ok}Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n`, 'malformed'],
  ['a size without an end', `${ok}Transfer-Encoding: chunked\r\n\r\n${'1'.repeat(2_000)}`, 'malformed'],
  [
    'a chunk that is too long',
    `${ok}Transfer-Encoding: chunked\r\n\r\nfffffff\r\n${long}`,
    `200 ${long.slice(1)} truncated`,
  ],
  ['an error with a body', 'HTTP/1.1 500 Server Error\r\nContent-Length: 99\r\n\r\n', '500'],
  ['a redirection', 'HTTP/1.1 302 Found\r\nLocation: https://a:1/\r\n\r\n', '302 https://a:1/'],
  [
    'an informational response before',
    `HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${ok}Content-Length: 1\r\n\r\na`,
    '200 a',
  ],
  ['a status without a reason', 'HTTP/1.1 401\r\n\r\n', '401'],
  ['an older HTTP', 'HTTP/1.0 200 OK\r\n\r\nabc', '200 abc'],
  ['another protocol', 'SSH-2.0-OpenSSH\r\n', 'malformed'],
  ['a newer HTTP', 'HTTP/2.0 200 OK\r\n\r\n', 'malformed'],
  ['a status that is none', 'HTTP/1.1 OK\r\n\r\n', 'malformed'],
  ['a length with a space before its colon', `${ok}Content-Length : 1\r\n\r\nbc`, '200 b'],
  ['a folded line that looks like a length', `${ok}A: b\r\n Content-Length: 1\r\n\r\nbc`, '200 bc'],
  ['line breaks before the status', `\r\n\r\n${ok}Content-Length: 1\r\n\r\nb`, '200 b'],
  ['too many line breaks before the status', `${'\r\n'.repeat(20)}${ok}Content-Length: 1\r\n\r\nb`, 'malformed'],
  [
    'a size with zeros before it',
    `${ok}Transfer-Encoding: chunked\r\n\r\n${'0'.repeat(20)}1\r\na\r\n000\r\n\r\n`,
    '200 a',
  ],
  ['a size with too many zeros', `${ok}Transfer-Encoding: chunked\r\n\r\n${'0'.repeat(2_000)}1\r\na\r\n`, 'malformed'],
  ['a bare line feed beside line breaks', `${ok}A: b\nContent-Length: 1\r\n\r\nb`, 'malformed'],
  ['a bare carriage return beside line breaks', `${ok}A: b\rContent-Length: 1\r\n\r\nb`, 'malformed'],
  ['lines of the head that are no fields', `${ok}: a\r\nfolded\r\n more\r\nContent-Length: 1\r\n\r\nb`, '200 b'],
  ['a length that is none', `${ok}Content-Length: -1\r\n\r\n`, 'malformed'],
  ['a head that never ends', `${ok}A: ${'x'.repeat(70_000)}`, 'malformed'],
  ['a head without its end', `${ok}A: b\r\n`, 'reset'],
  ['the start of a head', 'HTT', 'reset'],
  ['nothing', '', 'reset'],
]

const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`
/** Answers of servers of another protocol, which may keep the connection open. To wait for more of them would look like a hang. */
const openCases: readonly (readonly [what: string, response: string, expected: 'malformed' | 'incomplete'])[] = [
  ['a head with bare line feeds', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok', 'malformed'],
  ['a bare line feed after a line of HTTP', `${ok}Content-Length: 2\n\nok`, 'malformed'],
  ['a head with bare carriage returns', 'HTTP/1.1 200 OK\rContent-Length: 2\r\rok', 'malformed'],
  ['a status line that is none', 'HTTP/1.1 OK\r\n', 'malformed'],
  ['a size with a bare line feed', `${chunked}2\nok\n0\n\n`, 'malformed'],
  ['a later size with a bare line feed', `${chunked}2\r\nok\r\n0\n\n`, 'malformed'],
  ['a chunk with a bare line feed after it', `${chunked}2\r\nok\n`, 'malformed'],
  ['a chunk that is longer than its size', `${chunked}2\r\nokok`, 'malformed'],
  ['a size that is none', `${chunked}ok`, 'malformed'],
  ['a head that goes on', `${ok}A: b\r`, 'incomplete'],
  ['a chunk that ends in a carriage return', `${chunked}2\r\na\r\r`, 'incomplete'],
  ['a size that goes on', `${chunked}2\r\nok\r\n00a ;b=c\r`, 'incomplete'],
  ['line breaks alone', '\r\n', 'incomplete'],
]

describe('createResponseReader', () => {
  for (const [what, response, expected] of openCases) {
    test(`${what}, on a connection that stays open → ${expected}, however it is cut into pieces`, () => {
      fc.assert(
        fc.property(fc.array(fc.nat(), { maxLength: 30 }), (cuts) => {
          const reader = createResponseReader({ maxBodyBytes })
          const steps = byPieces(Buffer.from(response), cuts).map((piece) => describeStep(reader.add(piece)))
          assert.equal(steps.find((step) => step !== 'incomplete') ?? 'incomplete', expected)
        }),
        { numRuns: 50 },
      )
    })
  }

  for (const [what, response, expected] of cases) {
    test(`${what} → ${expected.slice(0, 40)}, however it is cut into pieces`, () => {
      const bytes = Buffer.from(response)
      assert.equal(describeStep(read([bytes].filter(({ length }) => length > 0))), expected)
      const cuts = fc.array(fc.nat(), { maxLength: 30 })
      fc.assert(
        fc.property(cuts, (list) => assert.equal(describeStep(read(byPieces(bytes, list))), expected)),
        { numRuns: 50 },
      )
    })
  }

  test('any body in any chunks and pieces, compressed or not → the body', () => {
    const input = fc.record({
      body: fc.string({ unit: 'grapheme', maxLength: 300 }),
      isZipped: fc.boolean(),
      chunkCuts: fc.array(fc.nat(), { maxLength: 5 }),
      pieceCuts: fc.array(fc.nat(), { maxLength: 20 }),
    })
    fc.assert(
      fc.property(input, ({ body, isZipped, chunkCuts, pieceCuts }) => {
        const content = isZipped ? gzipSync(body) : Buffer.from(body)
        const chunks = byPieces(content, chunkCuts).flatMap((chunk) => [
          Buffer.from(`${chunk.length.toString(16)}\r\n`),
          chunk,
          Buffer.from('\r\n'),
        ])
        const fields = `Transfer-Encoding: chunked\r\n${isZipped ? 'Content-Encoding: gzip\r\n' : ''}`
        const bytes = Buffer.concat([Buffer.from(`${ok}${fields}\r\n`), ...chunks, Buffer.from('0\r\n\r\n')])
        const step = read(byPieces(bytes, pieceCuts), 10_000)
        assert.ok(step.kind === 'response')
        assert.deepEqual([step.response.body, step.isTruncated], [body, false])
      }),
    )
  })

  test('any bytes → a result, and no more of them than was asked for', () => {
    const start = fc.constantFrom('', ok, `${ok}\r\n`, `${ok}Transfer-Encoding: chunked\r\n\r\n`)
    fc.assert(
      fc.property(start, fc.array(fc.uint8Array({ maxLength: 200 })), (text, pieces) => {
        const step = read([Buffer.from(text), ...pieces.map((piece) => Buffer.from(piece))], 100)
        assert.ok(step.kind !== 'response' || step.response.body.length <= 100)
      }),
    )
  })

  const zipped: readonly (readonly [what: string, body: Buffer, expected: string])[] = [
    ['a compressed body', gzipSync('abc'), '200 abc'],
    ['a compressed body that is longer than asked for', gzipSync(long), '200 truncated'],
    ['a gigabyte in a megabyte', Buffer.concat(Array(1_000).fill(gzipSync(Buffer.alloc(1_000_000)))), '200 truncated'],
    ['a damaged body', Buffer.from('no gzip'), '200 truncated'],
    ['a compressed body without its end', gzipSync('abc').subarray(0, -5), '200 truncated'],
    ['an empty body', Buffer.alloc(0), '200'],
  ]
  for (const [what, body, expected] of zipped) {
    test(`${what} → ${expected}`, () => {
      const head = Buffer.from(`${ok}Content-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`)
      const before = process.memoryUsage().rss
      const reader = createResponseReader({ maxBodyBytes })
      assert.equal(describeStep(reader.add(Buffer.concat([head, body]))), expected)
      assert.ok(process.memoryUsage().rss - before < 100_000_000)
    })
  }

  test('a body in very many pieces → cut', () => {
    const reader = createResponseReader({ maxBodyBytes: 1_000_000 })
    let step = reader.add(Buffer.from(`${ok}\r\n`))
    for (let count = 0; step.kind === 'incomplete' && count < 10_000; count += 1) step = reader.add(Buffer.from('x'))
    assert.ok(step.kind === 'response' && step.isTruncated)
  })
})
