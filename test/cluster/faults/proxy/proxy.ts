import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent, createServer, request as httpsRequest } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { parseJson } from '../../../../core/json.ts'
import type { ApiAccess } from '../../../../kubernetes/client.ts'
import { seeded } from '../../../support/random.ts'
import { type Answer, answerWith } from './answer.ts'
import { certificate } from './certificate.ts'
import { drawFault, drawWatchFault, type Fault, type FaultRates, noFaults } from './fault.ts'
import { relayWatch } from './watch-relay.ts'

/** A write, as it reached the proxy. */
export interface PassedWrite {
  readonly replica: string
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly body: unknown
  readonly fault: Fault['kind']
  /** From performance.now. */
  readonly receivedMs: number
  /** The lease holder that the API server had confirmed by then; empty if none. */
  readonly leader: string
  /** The API server's responses, one for each time the request was forwarded. */
  readonly answers: { readonly status: number; readonly body: unknown; readonly answeredMs: number }[]
}

export interface ProxyOptions {
  readonly replica: string
  readonly seed: number
  /** The API server behind the proxy. */
  readonly access: ApiAccess
  /** Rewrites the path before the request is forwarded. */
  rewrite(path: string): string
  /** The current lease holder. */
  leader(): string
  readonly writes: PassedWrite[]
  /** Called for each response of the API server to a write. */
  answered?(write: PassedWrite): void
}

/** A TLS proxy on a loopback port between one replica and the API server, with faults. */
export interface FaultyProxy {
  readonly access: ApiAccess
  setRates(rates: FaultRates): void
  /** Drops all traffic silently until `restore`. */
  cut(): void
  restore(): void
  connections(): number
  /** Number of requests, by fault. */
  readonly counts: ReadonlyMap<string, number>
  close(): Promise<void>
}

export async function startProxy(options: ProxyOptions): Promise<FaultyProxy> {
  const { replica, seed, access, rewrite, writes } = options
  const { ca, cert, key } = certificate()
  const upstream = new Agent({ ...access.tls, keepAlive: true })
  const counts = new Map<string, number>()
  const asked = new Map<string, number>()
  /** Raw sockets by remote port, because the TLS socket of a request cannot be reset. */
  const sockets = new Map<number, Socket>()
  const waitingForRepair: (() => void)[] = []
  let rates = noFaults
  let isCut = false
  const connectionRandom = seeded(seed, replica, 'connections')

  /** The n-th request of a kind gets the same fault with the same seed, independent of other requests. */
  const randomFor = (line: string) => {
    const nth = asked.get(line) ?? 0
    asked.set(line, nth + 1)
    return seeded(seed, replica, line, nth)
  }
  const count = (kind: string) => void counts.set(kind, (counts.get(kind) ?? 0) + 1)

  const send = (request: IncomingMessage, path: string, body: Buffer): Promise<IncomingMessage> => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const headers = { ...request.headers, host: new URL(access.server).host, connection: 'keep-alive' }
    const options = { method: request.method ?? 'GET', headers, agent: upstream }
    httpsRequest(`${access.server}${path}`, options, resolve).once('error', reject).end(body)
    return promise
  }
  const ask = async (request: IncomingMessage, path: string, body: Buffer): Promise<Answer> => {
    const response = await send(request, path, body)
    const retryAfter = response.headers['retry-after']
    return {
      status: response.statusCode ?? 0,
      headers: {
        'content-type': response.headers['content-type'] ?? 'application/json',
        ...(retryAfter !== undefined && { 'retry-after': retryAfter }),
      },
      body: await buffer(response),
    }
  }

  const relay = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const reset = () => void sockets.get(request.socket.remotePort ?? 0)?.resetAndDestroy()
    const body = await buffer(request)
    const [path = '', query = ''] = (request.url ?? '').split('?')
    const isWatch = query.includes('watch=true')
    const line = `${request.method} ${path}${isWatch ? '?watch' : ''}`
    const random = randomFor(line)
    const target = rewrite(request.url ?? '')
    if (isCut) {
      count('cut')
      await new Promise<void>((resolve) => waitingForRepair.push(resolve))
      response.socket?.destroy()
      return
    }
    if (isWatch) {
      const fault = drawWatchFault(random, rates)
      count(`watch-${fault.kind}`)
      await relayWatch({ response, reset, fault, open: () => send(request, target, body), isCut: () => isCut })
      return
    }
    const fault = drawFault(random, rates)
    count(fault.kind)
    const write: PassedWrite = {
      replica,
      method: request.method ?? '',
      path,
      body: parseJson(body.toString()),
      fault: fault.kind,
      receivedMs: performance.now(),
      leader: options.leader(),
      answers: [],
    }
    if (request.method !== 'GET') writes.push(write)
    const pass = async (): Promise<Answer> => {
      const answer = await ask(request, target, body)
      write.answers.push({
        status: answer.status,
        body: parseJson(answer.body.toString()),
        answeredMs: performance.now(),
      })
      options.answered?.(write)
      return answer
    }
    await answerWith(fault, pass, response, reset)
  }

  const server = createServer({ cert, key, keepAliveTimeout: 60_000 }, (request, response) => {
    response.on('error', () => {})
    // The client or the API server may be gone by now.
    relay(request, response).catch(() => response.socket?.destroy())
  })
  server.on('connection', (socket: Socket) => {
    const port = socket.remotePort ?? 0
    sockets.set(port, socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(port))
    if (connectionRandom() < rates.connections) socket.resetAndDestroy()
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    access: { server: `https://127.0.0.1:${port}`, tls: { ca }, authorization: access.authorization },
    setRates: (next) => {
      rates = next
    },
    cut: () => {
      isCut = true
    },
    restore: () => {
      isCut = false
      for (const resolve of waitingForRepair.splice(0)) resolve()
    },
    connections: () => sockets.size,
    counts,
    close: async () => {
      for (const resolve of waitingForRepair.splice(0)) resolve()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets.values()) socket.destroy()
      upstream.destroy()
      await closed
    },
  }
}
