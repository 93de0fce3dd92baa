import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
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
    const work = await uiClient.fetchWork(at(ui.port), listedId ?? '', patientMs)
    assert.deepEqual(work.jobs, { jobs: [{ id: 4, endedTasks: 8, activeTasks: 0, streaming: null }] })
  })

  test('jobs that cannot be read → no reading', async (t) => {
    const work = async (listener: RequestListener, context: TestContext) =>
      uiClient.fetchWork(at((await httpUi(context, listener)).port), applicationId, patientMs)
    assert.deepEqual(await work(responding(500), t), {})
    assert.deepEqual(await work(responding(200, 'no json'), t), {})
    assert.deepEqual(await uiClient.fetchWork(at(await freePort()), applicationId, patientMs), {})
  })

  test('jobs without a running task → the executors are read', async (t) => {
    const state = { active: 0, executors: [{ id: 'driver', isActive: true, totalCores: 0 }] as unknown }
    const job = () => ({ jobId: 4, name: 'count', numActiveTasks: state.active, numCompletedTasks: 7 })
    const asked: string[] = []
    const ui = await httpUi(t, (request, response) => {
      asked.push(request.url ?? '')
      response.end(JSON.stringify(request.url?.includes('/jobs') ? [job()] : state.executors))
    })
    const address = { scheme: 'http', host: '127.0.0.1', port: ui.port } as const
    const work = () => uiClient.fetchWork(address, applicationId, 5_000)
    const running = (activeTasks: number) => ({
      jobs: { jobs: [{ id: 4, endedTasks: 7, activeTasks, streaming: null }] },
    })
    assert.deepEqual(await work(), { ...running(0), executors: { executors: 0, cores: 0 } })
    assert.equal(asked.at(-1), `/api/v1/applications/${applicationId}/executors`)
    state.executors = [
      { id: 'driver', isActive: true, totalCores: 0 },
      { id: '1', isActive: true, totalCores: 2 },
    ]
    assert.deepEqual(await work(), { ...running(0), executors: { executors: 1, cores: 2 } })
    state.executors = 'garbage'
    assert.deepEqual(await work(), running(0))
    asked.length = 0
    state.active = 1
    assert.deepEqual(await work(), running(1))
    assert.equal(asked.length, 1)
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
