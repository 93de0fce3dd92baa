import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { createHttpServer, type HttpServerOptions } from '../../sidecar/http-server.ts'

type Limits = Omit<HttpServerOptions, 'handle'>
const noAcceptLimit = { perSecond: 1_000_000, burst: 1_000_000 }
const sidecarLimits: Limits = { total: 64, requestMs: 1_000, responseMs: 5_000, acceptRate: noAcceptLimit }
/** Long enough that no connection of a test ends by itself. */
const patient: Limits = { ...sidecarLimits, requestMs: 600_000, responseMs: 600_000 }

async function serve(t: TestContext, limits: Limits, body = 'ok\n') {
  const handled: string[] = []
  const server = createHttpServer({
    ...limits,
    handle: ({ method, path }) => {
      handled.push(`${method} ${path}`)
      return { statusCode: 200, body }
    },
  })
  let accepted = 0
  server.on('connection', () => {
    accepted += 1
  })
  server.listen(0)
  await once(server, 'listening')
  const clients: Socket[] = []
  let stopped = false
  t.after(() => {
    stopped = true
    for (const client of clients) client.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    handled,
    accepted: () => accepted,
    connections: () => new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count))),
    /** Opens a connection that sends nothing, or `text`. */
    open(localAddress: string, text = ''): Socket {
      const socket = connect({ port, host: '127.0.0.1', localAddress })
      clients.push(socket)
      socket.on('error', () => {})
      socket.resume()
      socket.write(text)
      return socket
    },
    /** Keeps a connection that sends nothing, and opens another one whenever the server closes it. */
    occupy(localAddress: string): void {
      const socket = this.open(localAddress)
      socket.once('close', () => {
        clients.splice(clients.indexOf(socket), 1)
        if (!stopped) this.occupy(localAddress)
      })
    },
    /** The status of one request of `localAddress`; null if the connection was closed before. */
    ask: (localAddress: string) =>
      new Promise<number | null>((resolve) => {
        const request = get({ port, host: '127.0.0.1', localAddress, agent: false }, (response) => {
          response.resume()
          response.on('end', () => resolve(response.statusCode ?? null))
          response.on('error', () => resolve(null))
        })
        request.on('error', () => resolve(null))
      }),
  }
}

/** Waits for a condition that the event loop brings about. */
async function until(isMet: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isMet())) await new Promise((resolve) => setTimeout(resolve, 5))
}

const addresses = (count: number) => Array.from({ length: count }, (_, index) => `127.0.0.${index + 2}`)

describe('createHttpServer', { timeout: 120_000 }, () => {
  test('24 sockets of one address that reconnect → each probe of another address is answered', async (t) => {
    const server = await serve(t, sidecarLimits)
    for (let count = 0; count < 24; count++) server.occupy('127.0.0.2')
    for (let count = 0; count < 30; count++) assert.equal(await server.ask('127.0.0.1'), 200)
    assert.ok((await server.connections()) <= 24)
  })

  test('three sockets of each of 40 addresses that reconnect → each probe of another address is answered', async (t) => {
    const server = await serve(t, sidecarLimits)
    for (const address of addresses(40)) for (let count = 0; count < 3; count++) server.occupy(address)
    for (let count = 0; count < 30; count++) assert.equal(await server.ask('127.0.0.1'), 200)
  })

  test('one address holds many connections → a probe of the same address is answered', async (t) => {
    const server = await serve(t, patient)
    const held = Array.from({ length: 24 }, () => server.open('127.0.0.2'))
    for (let count = 0; count < 10; count++) assert.equal(await server.ask('127.0.0.2'), 200)
    assert.ok(held.every(({ closed }) => !closed))
  })

  test('many addresses → never more connections than the total', async (t) => {
    const server = await serve(t, patient)
    const held = addresses(100).map((address) => server.open(address))
    await until(() => held.filter(({ closed }) => closed).length === 36)
    assert.equal(await server.connections(), 64)
    assert.equal(await server.ask('127.0.0.1'), 200)
  })

  test('a request that comes byte by byte → its connection is closed', async (t) => {
    const server = await serve(t, { ...sidecarLimits, requestMs: 200 })
    const socket = server.open('127.0.0.2', 'GET / HTTP/1.1\r\n')
    const drip = setInterval(() => socket.write('a'), 100)
    t.after(() => clearInterval(drip))
    await once(socket, 'close')
    assert.equal(await server.ask('127.0.0.2'), 200)
  })

  test('a request that came in time, while this process did not run → it is answered', async (t) => {
    const limits = { ...sidecarLimits, requestMs: 2_000 }
    const server = await serve(t, limits)
    const socket = server.open('127.0.0.2')
    await until(async () => (await server.connections()) === 1)
    // The event loop runs timers next, before it reads.
    await new Promise((resolve) => setImmediate(resolve))
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, limits.requestMs + 100)
    await once(socket, 'close')
    assert.ok(socket.bytesRead > 0)
  })

  test('a client that does not read its response → its connection is closed', async (t) => {
    const server = await serve(t, { ...sidecarLimits, responseMs: 200 }, 'x'.repeat(50_000_000))
    const socket = server.open('127.0.0.2', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    socket.pause()
    await until(async () => (await server.connections()) === 1)
    await until(async () => (await server.connections()) === 0)
  })

  test('one address holds as many as there may be → a probe of the same address is answered', async (t) => {
    const server = await serve(t, patient)
    const held = Array.from({ length: 100 }, () => server.open('127.0.0.2'))
    await until(() => held.filter(({ closed }) => closed).length === 36)
    for (let count = 0; count < 10; count++) assert.equal(await server.ask('127.0.0.2'), 200)
  })

  test('clients that reconnect all the time → accepted at the rate, and a probe is answered', async (t) => {
    const acceptRate = { perSecond: 100, burst: 10 }
    const server = await serve(t, { ...sidecarLimits, acceptRate })
    const beganMs = performance.now()
    for (const address of addresses(3)) for (let count = 0; count < 40; count++) server.occupy(address)
    for (let count = 0; count < 10; count++) assert.equal(await server.ask('127.0.0.1'), 200)
    const seconds = (performance.now() - beganMs) / 1_000
    assert.ok(server.accepted() <= acceptRate.burst + 1 + acceptRate.perSecond * seconds)
  })

  test('thousands of requests in one piece → the first is answered, and no other is read', async (t) => {
    const server = await serve(t, patient)
    const socket = server.open('127.0.0.2', 'GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2_000))
    await once(socket, 'close')
    assert.deepEqual(server.handled, ['GET /a'])
  })

  const refused: readonly (readonly [what: string, text: string])[] = [
    ['TLS', '\x16\x03\x01\x00\xa5\x01\r\n\r\n'],
    ['a line of another protocol', 'HELO x\r\n\r\n'],
    ['a version that is not known', 'GET / HTTP/2\r\n\r\n'],
    ['a target that is no path', 'CONNECT x:443 HTTP/1.1\r\n\r\n'],
    ['a head that is too long', `GET / HTTP/1.1\r\nX: ${'x'.repeat(10_000)}`],
    ['a head without an end, of line breaks only', '\n'.repeat(10_000)],
  ]
  for (const [what, text] of refused) {
    test(`${what} → the connection is closed without an answer`, async (t) => {
      const server = await serve(t, patient)
      const socket = server.open('127.0.0.2', text)
      await once(socket, 'close')
      assert.deepEqual([server.handled, socket.bytesRead], [[], 0])
    })
  }

  test('a head in more pieces than any client sends → the connection is closed', async (t) => {
    const server = await serve(t, patient)
    const socket = server.open('127.0.0.2', 'GET / HTTP/1.1\r\nX: ')
    const drip = setInterval(() => socket.write('a'), 5)
    t.after(() => clearInterval(drip))
    await once(socket, 'close')
    assert.deepEqual(server.handled, [])
  })

  test('a head in a few pieces, and a body → one request, whose body is not read', async (t) => {
    const server = await serve(t, patient)
    const socket = server.open('127.0.0.2', 'POST /')
    await until(async () => (await server.connections()) === 1)
    socket.write('x HTTP/1.1\r\n')
    await new Promise((resolve) => setTimeout(resolve, 20))
    socket.write('Content-Length: 5\r\n\r\nGET /')
    await once(socket, 'close')
    assert.deepEqual(server.handled, ['POST /x'])
  })

  test('HEAD → the head of the answer only', async (t) => {
    const server = await serve(t, patient)
    const socket = server.open('127.0.0.2', 'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(socket, 'close')
    const length = socket.bytesRead
    const whole = server.open('127.0.0.2', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(whole, 'close')
    assert.equal(whole.bytesRead - length, 'ok\n'.length)
  })

  test('a client that leaves in the middle → its connection is forgotten', async (t) => {
    const server = await serve(t, patient)
    for (const text of ['', 'GET / HT', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n']) {
      const socket = server.open('127.0.0.2', text)
      socket.on('connect', () => setTimeout(() => socket.resetAndDestroy(), 10))
      await once(socket, 'close')
    }
    await until(async () => (await server.connections()) === 0)
    assert.equal(await server.ask('127.0.0.2'), 200)
  })

  test('a request that keeps its connection alive → it is closed after the response', async (t) => {
    const server = await serve(t, patient)
    const socket = server.open('127.0.0.2', 'GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n')
    await once(socket, 'close')
    assert.equal(await server.connections(), 0)
  })
})
