import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { type AddressInfo, connect as connectTcp } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import { admit } from '../../../admission/admit.ts'
import { createAuthority, issueServingCertificate } from '../../../certs/pki/issue-certificates.ts'
import { createWebhookServer } from '../../../webhook/server/server.ts'
import { capableContext, captureText } from '../../support/admission-captures.ts'

const authority = createAuthority(new Date(), 1)
const serving = issueServingCertificate(authority, ['localhost'], new Date(), 1)
const missing: string[] = []
const refused: number[] = []
/** In place of the usual limits, so that few connections reach them. */
const limits = { maxTotalBytes: 6 * 1024 ** 2, maxConnections: 60 }
const app = createWebhookServer({
  admit: async (admission) => admit(admission, capableContext),
  unready: () => missing,
  broken: () => [],
  onMalformedRequest: (status) => refused.push(status),
  certificate: { cert: serving.certificatePem, key: serving.privateKeyPem },
  timeouts: { keepAliveMs: 30_000, requestMs: 1_000, checkIntervalMs: 100 },
  limits,
})
let port = 0
before(async () => {
  await app.listen({ port: 0, host: '127.0.0.1' })
  port = (app.server.address() as AddressInfo).port
})
after(() => app.close())

interface Answer {
  readonly status: number
  readonly body: string
  readonly reused: boolean
}

async function send(
  path: string,
  body: string | null,
  contentType = 'application/json',
  agent?: Agent,
): Promise<Answer> {
  const sent = request({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: authority.certificatePem,
    method: body === null ? 'GET' : 'POST',
    path,
    ...(agent && { agent }),
    headers: body === null ? {} : { 'content-type': contentType },
  })
  sent.end(body ?? undefined)
  const [response] = await once(sent, 'response')
  return { status: response.statusCode, body: await text(response), reused: sent.reusedSocket }
}

const driver = captureText('driver-pod.spark-submit')

describe('createWebhookServer', () => {
  test('a captured AdmissionReview → a response with a patch', async () => {
    const { status, body } = await send('/mutate?timeout=10s', driver)
    assert.equal(status, 200)
    const { response } = JSON.parse(body)
    assert.deepEqual(
      [response.allowed, response.patchType, response.uid],
      [true, 'JSONPatch', '003132b5-9385-4b5c-bfa5-e4f2d753d5a9'],
    )
  })

  const changed = (changes: object) => JSON.stringify({ ...JSON.parse(driver), ...changes })
  const refusals: readonly [string, string, string, number, RegExp][] = [
    ['no JSON', '{"kind":', 'application/json', 400, /not JSON/],
    ['nothing', '', 'application/json', 400, /not JSON/],
    ['JSON of something else', '{"a":1}', 'application/json', 422, /"field":"kind"/],
    ['a list', '[]', 'application/json', 422, /"field":"body"/],
    ['the old version', changed({ apiVersion: 'admission.k8s.io/v1beta1' }), 'application/json', 422, /v1beta1/],
    ['a review without request', changed({ request: undefined }), 'application/json', 422, /"field":"request"/],
    ['text', driver, 'text/plain', 415, /Unsupported Media Type/],
    ['YAML', driver, 'application/yaml', 415, /Unsupported Media Type/],
    ['3 MiB and more', JSON.stringify({ a: 'x'.repeat(3 * 1024 * 1024) }), 'application/json', 413, /too large/],
  ]
  for (const [name, body, contentType, status, pattern] of refusals) {
    test(`${name} → ${status}, as JSON without a stack trace`, async () => {
      const answer = await send('/mutate', body, contentType)
      assert.equal(answer.status, status)
      assert.match(answer.body, pattern)
      assert.ok(typeof JSON.parse(answer.body).error === 'string')
      assert.doesNotMatch(answer.body, /\.ts:|node_modules|\bat /)
      assert.equal(refused.at(-1), status, 'it is counted')
    })
  }

  test('a key named __proto__ → the driver is admitted', async () => {
    const odd = driver.replace('"labels": {', '"labels": {"__proto__": "x",')
    assert.notEqual(odd, driver)
    const { status, body } = await send('/mutate', odd)
    assert.equal(status, 200)
    assert.equal(JSON.parse(body).response.allowed, true)
  })

  test('a response of more than 32 KiB → is the last on its connection, because Node may lose the next request', async () => {
    const review = JSON.parse(driver)
    const [container] = review.request.object.spec.containers
    container.terminationMessagePath = `/${'x'.repeat(20_000)}`
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const first = await send('/mutate', JSON.stringify(review), 'application/json', agent)
    assert.ok(first.status === 200 && first.body.length > 32 * 1024)
    assert.deepEqual((await send('/mutate', driver, 'application/json', agent)).reused, false)
    assert.deepEqual((await send('/mutate', driver, 'application/json', agent)).reused, true)
    agent.destroy()
  })

  test('malformed objects → are admitted', async () => {
    for (const object of [
      null,
      7,
      'x',
      [],
      {},
      { metadata: 3 },
      { metadata: { labels: { 'spark-role': 'driver' } }, spec: 1 },
    ]) {
      const review = JSON.parse(driver)
      review.request.object = object
      const { status, body } = await send('/mutate', JSON.stringify(review))
      assert.equal(status, 200, JSON.stringify(object))
      const { response } = JSON.parse(body)
      assert.deepEqual([response.allowed, 'patch' in response], [true, false])
    }
  })

  const nested = (open: string, depth: number, close: string) => `${open.repeat(depth)}1${close.repeat(depth)}`
  const deep: readonly [string, string][] = [
    ['index keys', nested('{"0":', 5_000, '}')],
    ['toJSON', nested('{"toJSON":', 5_000, '}')],
    ['toString', nested('{"toString":', 5_000, '}')],
    ['__proto__', nested('{"__proto__":', 5_000, '}')],
    ['lists', nested('[', 15_000, ']')],
    ['a long key', `{"${'k'.repeat(1_000_000)}":1}`],
    ['a long text', `"${'x'.repeat(1_000_000)}"`],
  ]
  const places: readonly [string, (value: string) => string][] = [
    ['the body', (value) => value],
    ['kind', (value) => `{"kind":${value}}`],
    ['apiVersion', (value) => `{"kind":"AdmissionReview","apiVersion":${value}}`],
    ['request', (value) => changed({}).replace(/"request":/, `"request":${value},"other":`)],
    ['request.uid', (value) => driver.replace(/"uid": "[^"]*"/, `"uid": ${value}`)],
    ['request.kind', (value) => driver.replace(/"request": \{/, `"request": {"odd":1,"kind":${value},`)],
    ['request.operation', (value) => driver.replace(/"operation": "CREATE"/, `"operation": ${value}`)],
  ]
  for (const [what, value] of deep) {
    test(`a field with ${what}, nested deeply or long → a response, wherever it is`, async () => {
      for (const [place, write] of places) {
        const { status, body } = await send('/mutate', write(value))
        assert.ok([200, 422].includes(status), `${place}: ${status}`)
        assert.ok(body.length < 20_000, `${place}: ${body.length} characters`)
      }
    })
  }

  test('a long body of an API server that is too complex → the object is admitted, with a warning', async () => {
    const text = changed({}).replace('"spec":', `"more":[${'[],'.repeat(20_000)}[]],"spec":`)
    const { status, body } = await send('/mutate', text)
    assert.equal(status, 200)
    const { response } = JSON.parse(body)
    assert.deepEqual([response.allowed, 'patch' in response], [true, false])
    assert.match(response.warnings[0], /too many fields/)
  })

  test('other paths and methods → 404', async () => {
    assert.equal((await send('/', null)).status, 404)
    assert.equal((await send('/mutate', null)).status, 404)
  })

  test('something missing → /readyz lists it, /healthz does not', async () => {
    assert.deepEqual(JSON.parse((await send('/readyz', null)).body), { ok: true, missing: [] })
    missing.push('certificate')
    const { status, body } = await send('/readyz', null)
    assert.deepEqual([status, JSON.parse(body)], [503, { ok: false, missing: ['certificate'] }])
    assert.equal((await send('/healthz', null)).status, 200)
    missing.pop()
  })

  /** What a raw client gets before the server ends the connection. */
  async function raw(...pieces: readonly string[]): Promise<string> {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: authority.certificatePem })
    socket.on('error', () => {})
    await once(socket, 'secureConnect')
    let received = ''
    socket.on('data', (piece) => {
      received += String(piece)
    })
    for (const piece of pieces) socket.write(piece)
    await once(socket, 'close')
    return received
  }

  test('an incomplete body or incomplete headers → 408', async () => {
    assert.match(await raw(head(1_000), '{"kind":'), /^HTTP\/1.1 408 /)
    assert.match(await raw(head(1_000).slice(0, -2)), /^HTTP\/1.1 408 /)
  })

  const head = (length: number) =>
    `POST /mutate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`
  /** A client of its own address: all of 127.0.0.0/8 are this host’s. */
  async function openFrom(address: string, toPort = port): Promise<TLSSocket> {
    const socket = connect({
      socket: connectTcp({ port: toPort, host: '127.0.0.1', localAddress: address }),
      rejectUnauthorized: false,
    })
    socket.on('error', () => {})
    await once(socket, 'secureConnect')
    return socket
  }
  const answerOf = async (socket: TLSSocket) => String((await once(socket, 'data'))[0])

  test('a body without a length, in chunks → 411, without reading it', async () => {
    const socket = await openFrom('127.0.0.2')
    socket.write('POST /mutate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n')
    socket.write('Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n')
    assert.match(await answerOf(socket), /^HTTP\/1.1 411 /)
    await once(socket, 'close')
    assert.equal(refused.at(-1), 411)
  })

  test('a body in pieces of a byte → the same response as in one piece', async () => {
    const socket = await openFrom('127.0.0.2')
    const body = Buffer.from(driver)
    socket.write(head(body.length))
    for (let at = 0; at < 2_000; at += 1) socket.write(body.subarray(at, at + 1))
    socket.write(body.subarray(2_000))
    assert.match(await answerOf(socket), /^HTTP\/1.1 200 [\s\S]*"patch":/)
    socket.destroy()
  })

  test('half-sent bodies take all of the memory for bodies → other clients get their responses', async () => {
    const flood = await Promise.all(Array.from({ length: 8 }, () => openFrom('127.0.0.3')))
    const ended = flood.map((socket) => once(socket, 'close'))
    let answers = ''
    for (const socket of flood)
      socket
        .on('data', (piece) => {
          answers += String(piece)
        })
        .write(`${head(3_000_000)}{`)
    const large = JSON.stringify({ ...JSON.parse(driver), padding: 'x'.repeat(2_000_000) })
    for (let round = 0; round < 5; round += 1) assert.equal((await send('/mutate', large)).status, 200)
    await Promise.all(ended)
    assert.match(answers, /HTTP\/1.1 503 [\s\S]*retry-after: 1/i)
  })

  test('more bodies of one client than fit → the oldest gets 503, and the memory is free afterwards', async () => {
    const first = await openFrom('127.0.0.4')
    first.write(`${head(3_000_000)}{`)
    const refusal = answerOf(first)
    const others = await Promise.all([openFrom('127.0.0.4'), openFrom('127.0.0.4')])
    for (const socket of others) socket.write(`${head(3_000_000)}{`)
    assert.match(await refusal, /^HTTP\/1.1 503 /)
    for (const socket of others) socket.destroy()
    assert.equal((await send('/mutate', driver)).status, 200)
  })

  test('one client’s bodies wait for lookups → it gets 503 for what is more than its share, and others are served', async (t) => {
    const held: (() => void)[] = []
    const slow = createWebhookServer({
      admit: async (admission, peer) => {
        if (peer === '127.0.0.6') await new Promise<void>((resolve) => held.push(resolve))
        return admit(admission, capableContext)
      },
      unready: () => missing,
      broken: () => [],
      onMalformedRequest: (status) => refused.push(status),
      certificate: { cert: serving.certificatePem, key: serving.privateKeyPem },
      limits,
    })
    t.after(() => slow.close())
    await slow.listen({ port: 0, host: '127.0.0.1' })
    const at = (slow.server.address() as AddressInfo).port
    const large = JSON.stringify({ ...JSON.parse(driver), padding: 'x'.repeat(2_000_000) })
    const post = async (address: string) => {
      const socket = await openFrom(address, at)
      t.after(() => socket.destroy())
      socket.write(`${head(Buffer.byteLength(large))}${large}`)
      return answerOf(socket)
    }
    const first = post('127.0.0.6')
    while (held.length < 1) await sleep(5)
    assert.match(await post('127.0.0.6'), /^HTTP\/1.1 503 [\s\S]*retry-after: 1/i)
    assert.match(await post('127.0.0.7'), /^HTTP\/1.1 200 /)
    for (const resume of held) resume()
    assert.match(await first, /^HTTP\/1.1 200 /)
    const again = post('127.0.0.6')
    while (held.length < 3) await sleep(5)
    held[2]?.()
    assert.match(await again, /^HTTP\/1.1 200 /, 'what was held is free again')
  })

  test('one client opens more connections than fit → it loses its own, and other clients keep theirs', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    await send('/mutate', driver, 'application/json', agent)
    const flood = await Promise.all(Array.from({ length: limits.maxConnections }, () => openFrom('127.0.0.5')))
    const { status, reused } = await send('/mutate', driver, 'application/json', agent)
    assert.deepEqual([status, reused], [200, true])
    assert.ok(flood.some((socket) => socket.closed || socket.readableEnded))
    for (const socket of flood) socket.destroy()
    agent.destroy()
  })

  test('bytes that are not HTTP → 400', async () => {
    assert.match(await raw('nonsense\r\n\r\n'), /^HTTP\/1.1 400 /)
  })

  test('a client that drops its connection → other clients are served', async () => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    socket.write('POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{')
    socket.destroy()
    assert.equal((await send('/mutate', driver)).status, 200)
  })

  test('an idle connection → stays open longer than the deadlines of a request', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    assert.equal((await send('/mutate', driver, 'application/json', agent)).reused, false)
    await sleep(2_500)
    assert.equal((await send('/mutate', driver, 'application/json', agent)).reused, true)
    agent.destroy()
  })

  test('the default keep-alive → longer than the 90 s of the API server’s client', () => {
    const usual = createWebhookServer({
      admit: async (admission) => admit(admission, capableContext),
      unready: () => [],
      broken: () => [],
      onMalformedRequest: () => {},
      certificate: null,
    })
    assert.ok(usual.server.keepAliveTimeout > 90_000)
  })
})
