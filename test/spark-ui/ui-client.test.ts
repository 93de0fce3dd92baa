import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { UiWitness } from '../../core/verdict/witnesses.ts'
import type { UiResult } from '../../spark-ui/http-get.ts'
import type { UiAddress } from '../../spark-ui/ui-address.ts'
import { createUiClient } from '../../spark-ui/ui-client.ts'
import { describeSample } from '../core/verdict/judged-samples.ts'
import { applicationId } from '../support/driver-policy.ts'
import { answersAs, applicationList, httpUi, rawUi, tlsUi } from '../support/fake-spark-ui.ts'
import { freePort } from '../support/free-ports.ts'

const uiClient = createUiClient()
const timeoutMs = 400
/** Where nothing may time out, however loaded the machine is. */
const patientMs = 20_000

const at = (port: number, scheme: 'http' | 'https' = 'http'): UiAddress => ({ scheme, host: '127.0.0.1', port })
/** Polls until the sample counts: on a loaded machine, this process itself may be late. */
async function probeText(address: UiAddress, withinMs = patientMs): Promise<string> {
  for (;;) {
    const { sample } = await uiClient.poll(address, applicationId, withinMs)
    if (sample.kind !== 'inconclusive') return describeSample(sample)
  }
}

const responding =
  (statusCode: number, body = '', headers: Record<string, string> = {}): RequestListener =>
  (_request, response) =>
    response.writeHead(statusCode, headers).end(body)

const answers: readonly (readonly [string, RequestListener, string])[] = [
  ['the driver’s id', answersAs(applicationId), 'alive application'],
  ['the id of a restarted driver', answersAs(`${applicationId}-2`), 'alive application'],
  ['a foreign id', answersAs('spark-foreign'), 'other'],
  ['the starting page', responding(200, '<html>Spark is starting up. Please wait</html>'), 'alive not-started'],
  ['other HTML', responding(200, '<html>hello</html>'), 'failing malformed'],
  ['401', responding(401, 'who?'), 'alive authentication'],
  ['403', responding(403), 'alive authentication'],
  ['302 to https', responding(302, '', { location: 'https://127.0.0.1:4440/' }), 'alive redirect'],
  ['500', responding(500, 'x'.repeat(100_000)), 'failing server-error'],
  ['404', responding(404), 'other'],
  ['a body beyond all bounds', endless, 'failing malformed'],
  ['a list in many pieces', inPieces, 'alive application'],
]
describe('createUiClient', () => {
  for (const [what, listener, expected] of answers) {
    test(`${what} → ${expected}`, async (t) => {
      const ui = await httpUi(t, listener)
      assert.equal(await probeText(at(ui.port)), expected)
    })
  }

  test('no listener → refused', async () => assert.equal(await probeText(at(await freePort())), 'refused'))

  const failures: readonly (readonly [string, (socket: Socket) => void, string])[] = [
    ['no answer at all', () => {}, 'failing timeout'],
    [
      'headers that never end',
      (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Type: a\r\n'),
      'failing timeout',
    ],
    [
      'a body that never ends',
      (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n['),
      'failing timeout',
    ],
    ['a byte now and then', drip, 'failing timeout'],
    ['closed at once', (socket) => socket.destroy(), 'failing reset'],
    ['reset after the request', (socket) => void socket.once('data', () => socket.resetAndDestroy()), 'failing reset'],
    ['closed within the body', closeWithinBody, 'failing reset'],
    ['not HTTP', (socket) => void socket.end('SSH-2.0-OpenSSH\r\n'), 'failing malformed'],
  ]
  for (const [what, onConnection, expected] of failures) {
    test(`${what} → ${expected}`, async (t) => {
      const ui = await rawUi(t, onConnection)
      assert.equal(await probeText(at(ui.port), expected.endsWith('timeout') ? timeoutMs : patientMs), expected)
    })
  }

  test('a frozen process with a full accept queue → a timeout each time', async (t) => {
    const script =
      "const s = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(s.address().port))"
    const frozen = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    t.after(() => frozen.kill('SIGKILL'))
    const [line]: readonly unknown[] = await once(frozen.stdout, 'data')
    frozen.kill('SIGSTOP')
    const polls: string[] = []
    for (let count = 0; count < 4; count += 1) polls.push(await probeText(at(Number(String(line))), timeoutMs))
    assert.deepEqual(polls, Array(4).fill('failing timeout'))
  })

  test('a certificate that is not trusted → alive', async (t) => {
    const ui = await tlsUi(t, answersAs(applicationId))
    assert.equal(await probeText(at(ui.port, 'https')), 'alive application')
  })

  test('the wrong scheme → malformed', async (t) => {
    const plain = await httpUi(t, answersAs(applicationId))
    const tls = await tlsUi(t, answersAs(applicationId))
    assert.equal(await probeText(at(plain.port, 'https')), 'failing malformed')
    assert.match(await probeText(at(tls.port)), /^failing (malformed|reset)$/)
  })

  test('each poll → its own connection, closed afterwards', async (t) => {
    let open = 0
    const ui = await rawUi(t, (socket) => {
      open += 1
      socket.resume()
      socket.on('close', () => {
        open -= 1
      })
    })
    for (let count = 0; count < 3; count += 1) await probeText(at(ui.port), 100)
    assert.equal(ui.count(), 3)
    while (open > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  })

  test('a request that cannot be sent → inconclusive', async () => {
    const unsent: UiResult = { kind: 'inconclusive', detail: 'EMFILE' }
    const { sample } = await createUiClient(async () => unsent).poll(at(1), applicationId, 10_000)
    assert.equal(sample.kind, 'inconclusive')
  })

  test('a listed application → its running jobs', async (t) => {
    const job = { jobId: 4, name: 'count', numCompletedTasks: 7, numFailedTasks: 1, numKilledTasks: 0 }
    const ui = await httpUi(t, (request, response) => {
      const isJobs = request.url === `/api/v1/applications/${applicationId}-2/jobs?status=running`
      response.end(isJobs ? JSON.stringify([job]) : applicationList('local-1', `${applicationId}-2`))
    })
    const { listedId } = await uiClient.poll(at(ui.port), applicationId, patientMs)
    assert.equal(listedId, `${applicationId}-2`)
    const { readings: observed, bytes } = await uiClient.read('jobs', at(ui.port), listedId ?? '', patientMs)
    assert.deepEqual(observed, { jobs: { jobs: [{ id: 4, endedTasks: 8, activeTasks: 0, streaming: null }] } })
    assert.ok(bytes > JSON.stringify([job]).length)
  })

  test('each witness → read where Spark serves it', async (t) => {
    const capture = (name: string) => readFileSync(join(import.meta.dirname, '../data/spark-ui/4.0.1', name), 'utf8')
    const answers: Readonly<Record<string, string>> = {
      [`/api/v1/applications/${applicationId}/jobs?status=running`]: capture('jobs.json'),
      [`/api/v1/applications/${applicationId}/executors`]: capture('executors.json'),
      [`/api/v1/applications/${applicationId}/executors/driver/threads`]: capture('threads.json'),
      '/metrics/json/': capture('metrics.json'),
      '/StreamingQuery/': capture('streaming-query.html'),
    }
    const ui = await httpUi(t, (request, response) => {
      const body = answers[request.url ?? '']
      response.writeHead(body === undefined ? 404 : 200).end(body)
    })
    const read = async (witness: UiWitness) =>
      (await uiClient.read(witness, at(ui.port), applicationId, patientMs)).readings
    assert.equal((await read('jobs')).jobs?.jobs.length, 28)
    assert.deepEqual((await read('executors')).executors, { executors: 0, cores: 2 })
    assert.equal((await read('metrics')).metrics?.allJobs, 28)
    assert.equal((await read('threads')).threads?.threads.length, 8)
    assert.equal((await read('queries')).queries?.queries.length, 3)
    const text = await uiClient.readText('threads', at(ui.port), applicationId, patientMs, 1_000)
    assert.equal(text, capture('threads.json').slice(0, 1_000))
  })

  test('a UI that compresses on request → readings are compressed, polls and texts are not', async (t) => {
    const threads = readFileSync(join(import.meta.dirname, '../data/spark-ui/4.0.1/threads.json'))
    const ui = await httpUi(t, (request, response) => {
      const body = request.url?.endsWith('/threads') === true ? threads : Buffer.from(applicationList(applicationId))
      const isZipped = request.headers['accept-encoding'] === 'gzip'
      if (isZipped) response.setHeader('content-encoding', 'gzip')
      response.end(isZipped ? gzipSync(body) : body)
    })
    const { readings, bytes } = await uiClient.read('threads', at(ui.port), applicationId, patientMs)
    assert.equal(readings.threads?.threads.length, 8)
    assert.ok(bytes < threads.length / 8, String(bytes))
    const { bytes: polled } = await uiClient.poll(at(ui.port), applicationId, patientMs)
    assert.ok(polled > applicationList(applicationId).length)
    const text = await uiClient.readText('threads', at(ui.port), applicationId, patientMs, 10)
    assert.equal(text, threads.toString('utf8', 0, 10))
  })

  test('a witness that the UI does not report → no reading', async (t) => {
    const read = async (listener: RequestListener, witness: UiWitness = 'metrics') => {
      const address = at((await httpUi(t, listener)).port)
      return (await uiClient.read(witness, address, applicationId, patientMs)).readings
    }
    assert.deepEqual(await read(responding(500)), {})
    assert.deepEqual(await read(responding(302, '', { location: '/jobs/' }), 'queries'), {})
    assert.deepEqual(await read(responding(200, 'no json')), {})
    assert.deepEqual(await read(responding(200, `[${'{"threadId":1},'.repeat(200_000)}{"threadId":1}]`), 'threads'), {})
    assert.deepEqual((await uiClient.read('jobs', at(await freePort()), applicationId, patientMs)).readings, {})
  })
})

function endless(_request: unknown, response: ServerResponse): void {
  const chunk = 'x'.repeat(65_536)
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  }
  response.on('drain', more)
  more()
}

function inPieces(_request: unknown, response: ServerResponse): void {
  const body = applicationList(applicationId)
  let sent = 0
  const next = () => {
    if (sent >= body.length) return void response.end()
    response.write(body.slice(sent, sent + 40))
    sent += 40
    setImmediate(next)
  }
  next()
}

function drip(socket: Socket): void {
  socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n')
  const timer = setInterval(() => socket.write('x'), 50)
  socket.on('close', () => clearInterval(timer))
}

function closeWithinBody(socket: Socket): void {
  socket.once('data', () => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n[')
    setTimeout(() => socket.destroy(), 50)
  })
}
