import { connect, type TLSSocket } from 'node:tls'

/** One closed-loop client per connection: it sends the next request when the response is complete. */
export interface Load {
  readonly port: number
  readonly connections: number
  readonly durationMs: number
  readonly bodies: readonly string[]
}

export interface LoadResult {
  readonly requests: number
  readonly failures: number
  readonly durationMs: number
  /** One value per request. */
  readonly latenciesMs: readonly number[]
}

/** Raw requests over TLS with keep-alive: a full HTTP client would cost more than the server it measures. */
export async function applyLoad({ port, connections, durationMs, bodies }: Load): Promise<LoadResult> {
  const messages = bodies.map((body) =>
    Buffer.from(
      `POST /mutate?timeout=10s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nContent-Type: application/json\r\n` +
        `Accept: application/json, */*\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    ),
  )
  const latenciesMs: number[] = []
  let failures = 0
  const startMs = performance.now()
  const client = (socket: TLSSocket, offset: number): Promise<void> =>
    new Promise((resolve, reject) => {
      let turn = offset
      let sentMs = 0
      let received: Buffer = Buffer.alloc(0)
      const send = () => {
        if (performance.now() - startMs >= durationMs) {
          socket.destroy()
          resolve()
          return
        }
        received = Buffer.alloc(0)
        sentMs = performance.now()
        socket.write(messages[turn++ % messages.length] ?? '')
      }
      socket.on('data', (piece: Buffer) => {
        received = received.length === 0 ? piece : Buffer.concat([received, piece])
        const head = parseCompleteHead(received)
        if (head === undefined) return
        latenciesMs.push(performance.now() - sentMs)
        if (!head.startsWith('HTTP/1.1 200')) failures += 1
        send()
      })
      socket.once('error', reject)
      socket.once('secureConnect', send)
    })
  const clients = Array.from({ length: connections }, (_, index) =>
    client(connect({ port, host: '127.0.0.1', rejectUnauthorized: false }), index),
  )
  await Promise.all(clients)
  return { requests: latenciesMs.length, failures, durationMs: performance.now() - startMs, latenciesMs }
}

/** The head of the response, or undefined while the response is incomplete. */
function parseCompleteHead(received: Buffer): string | undefined {
  const headEnd = received.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const head = received.toString('latin1', 0, headEnd)
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1])
  return received.length < headEnd + 4 + length ? undefined : head
}
