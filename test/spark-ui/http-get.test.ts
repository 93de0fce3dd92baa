import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { sendUiRequest, type UiResult } from '../../spark-ui/http-get.ts'
import { answersAs, httpUi, rawUi } from '../support/fake-spark-ui.ts'

const request = (port: number, timeoutMs: number, maxBodyBytes = 262_144) =>
  sendUiRequest({ address: { scheme: 'http', host: '127.0.0.1', port }, path: '/', timeoutMs, maxBodyBytes })

/** Stops this process, as the CPU limit of a container does. */
function stopLoop(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

describe('sendUiRequest', () => {
  test('a silent UI, and a loop that is held → the time of the hold is added to the timeout', async (t) => {
    const ui = await rawUi(t, () => {})
    const beganMs = performance.now()
    const pending = request(ui.port, 600)
    await sleep(100)
    stopLoop(300)
    const result = await pending
    assert.ok(result.kind === 'failed' && result.cause === 'timeout' && result.tookMs >= 600)
    // A beat of the loop may have been due at any moment of the hold.
    assert.ok(performance.now() - beganMs > 600 + 300 - 600 / 20 - 10)
  })

  test('a loop that is held, and an answer in the time that is added → the answer', async (t) => {
    const ui = await rawUi(t, (socket: Socket) => {
      setTimeout(() => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'), 800)
    })
    const pending = request(ui.port, 600)
    await sleep(100)
    stopLoop(400)
    assert.equal((await pending).kind, 'response')
  })

  test('a silent UI, and a loop that hardly runs → inconclusive, after four timeouts at the latest', async (t) => {
    const ui = await rawUi(t, () => {})
    const pending = request(ui.port, 300)
    for (let count = 0; count < 14; count += 1) {
      stopLoop(90)
      await sleep(0)
    }
    assert.equal((await pending).kind, 'inconclusive')
  })

  test('a UI that resets the connection, and a loop that is held often and briefly → failed', async (t) => {
    const ui = await rawUi(t, (socket: Socket) => {
      socket.once('data', () => setTimeout(() => socket.resetAndDestroy(), 2_000))
    })
    const pending = request(ui.port, 5_000)
    for (let count = 0; count < 8; count += 1) {
      stopLoop(200)
      await sleep(10)
    }
    const result = await pending
    assert.equal(result.kind === 'failed' && result.cause, 'reset')
  })

  test('a UI that resets the connection after the loop was held for long → inconclusive', async (t) => {
    const ui = await rawUi(t, (socket: Socket) => {
      socket.once('data', () => setTimeout(() => socket.resetAndDestroy(), 100))
    })
    const pending = request(ui.port, 1_000)
    await sleep(20)
    stopLoop(300)
    assert.equal((await pending).kind, 'inconclusive')
  })

  test('a loop that is held past the timeout before the request is written → inconclusive', async (t) => {
    const ui = await httpUi(t, answersAs('spark-1'))
    const pending = request(ui.port, 1_000)
    stopLoop(1_050)
    // The answer may still be read, but silence must not be blamed on the UI.
    assert.notEqual((await pending).kind, 'failed')
  })

  test('a poller that is stopped and continued beside a healthy UI → no failure', async (t) => {
    const ui = await httpUi(t, answersAs('spark-1'))
    const script = join(import.meta.dirname, 'freezing-poller.ts')
    const poller = spawn(process.execPath, [script, String(ui.port), '1000'], { stdio: ['ignore', 'pipe', 'inherit'] })
    t.after(() => poller.kill('SIGKILL'))
    let output = ''
    poller.stdout.on('data', (piece: Buffer) => {
      output += piece
    })
    await once(poller.stdout, 'data')
    // The stops are longer than the timeout, but by less than any slack. Between them the poller runs for much less than a
    // timeout, so that no silence of the UI can be real, however loaded the machine is.
    for (const runMs of [3, 10, 17, 31, 5, 50]) {
      await sleep(runMs)
      poller.kill('SIGSTOP')
      await sleep(1_030)
      poller.kill('SIGCONT')
    }
    assert.doesNotMatch(output, /"failing"/)
    assert.ok(ui.count() > 5)
  })

  test('a body of many one-byte chunks → cut, without a buffer per chunk', async (t) => {
    const pieces = 300_000
    const ui = await rawUi(t, (socket: Socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(pieces)}0\r\n\r\n`)
    })
    const before = process.memoryUsage().arrayBuffers
    const result = await request(ui.port, 20_000, 4_000_000)
    assert.ok(process.memoryUsage().arrayBuffers - before < 20_000_000)
    assert.ok(result.kind === 'response' && result.isTruncated && result.response.body.length < pieces)
  })

  test('another server that ends its lines as HTTP does not, and keeps the connection → malformed, not silent', async (t) => {
    const ui = await rawUi(t, (socket: Socket) => {
      socket.write('HTTP/1.1 200 OK\nContent-Length: 2\n\nok')
    })
    const result = await request(ui.port, 20_000)
    assert.equal(result.kind === 'failed' && result.cause, 'malformed')
  })

  test('another server that sends a line break and waits → malformed, not silent', async (t) => {
    const ui = await rawUi(t, (socket: Socket) => {
      socket.write('\r\n')
    })
    const result = await request(ui.port, 2_000)
    // A loaded machine may hold this process up, which is not blamed on the server.
    assert.ok(result.kind === 'inconclusive' || (result.kind === 'failed' && result.cause === 'malformed'))
  })

  test('a body that is longer than asked for → truncated, and its bytes counted', async (t) => {
    const ui = await httpUi(t, (_request, response) => response.end('x'.repeat(100_000)))
    const read = (result: UiResult) =>
      result.kind === 'response' ? [result.response.body.length, result.isTruncated, result.bytes] : result.kind
    const [length, isTruncated] = read(await request(ui.port, 20_000, 10_000))
    assert.deepEqual([length, isTruncated], [10_000, true])
    const [whole, isCut, bytes] = read(await request(ui.port, 20_000, 100_000))
    assert.deepEqual([whole, isCut], [100_000, false])
    assert.ok(Number(bytes) > 100_000 && Number(bytes) < 101_000)
  })

  test('a body that is announced to be too long, of which only the whole is of use → no byte of it is read', async (t) => {
    const ui = await rawUi(t, (socket: Socket) => {
      // The body never comes: a reader that waits for it would time out.
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000001\r\n\r\n')
    })
    const address = { scheme: 'http', host: '127.0.0.1', port: ui.port } as const
    const bounds = { timeoutMs: 20_000, maxBodyBytes: 1_000_000 }
    const result = await sendUiRequest({ address, path: '/', ...bounds, onlyWhole: true })
    assert.ok(result.kind === 'response' && result.isTruncated && result.response.body === '')
  })

  test('pieces that arrive after the last one that counts → read no further', async (t) => {
    // One write brings thousands of one-byte pieces at once, long after the body is full.
    const ui = await rawUi(t, (socket: Socket) => {
      const full = `${(4_000).toString(16)}\r\n${'x'.repeat(4_000)}\r\n`
      socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${full}${'1\r\nx\r\n'.repeat(50_000)}`)
    })
    const result = await request(ui.port, 20_000, 4_000)
    assert.ok(result.kind === 'response' && result.isTruncated && result.response.body.length === 4_000)
  })

  const zipped: readonly (readonly [
    what: string,
    body: Buffer,
    expected: readonly [text: string, isTruncated: boolean],
  ])[] = [
    ['a compressed body', gzipSync('the answer'), ['the answer', false]],
    ['a compressed body that is longer than asked for', gzipSync('x'.repeat(10_001)), ['', true]],
    [
      'a body of a gigabyte in a megabyte',
      Buffer.concat(Array(1_000).fill(gzipSync(Buffer.alloc(1_000_000)))),
      ['', true],
    ],
    ['a damaged body', Buffer.from('no gzip'), ['', true]],
    ['a compressed body without its end', gzipSync('the answer').subarray(0, -5), ['', true]],
  ]
  for (const [what, body, expected] of zipped) {
    test(`${what} → ${expected[1] ? 'no text' : 'its text'}, and the bytes that were sent`, async (t) => {
      const ui = await httpUi(t, (_request, response) =>
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(body),
      )
      const before = process.memoryUsage().rss
      const result = await sendUiRequest({
        address: { scheme: 'http', host: '127.0.0.1', port: ui.port },
        path: '/',
        timeoutMs: 20_000,
        maxBodyBytes: 10_000,
        acceptsGzip: true,
      })
      assert.ok(result.kind === 'response')
      assert.deepEqual([result.response.body, result.isTruncated], expected)
      assert.ok(result.bytes >= Math.min(body.length, 10_000))
      assert.ok(process.memoryUsage().rss - before < 100_000_000)
    })
  }
})
