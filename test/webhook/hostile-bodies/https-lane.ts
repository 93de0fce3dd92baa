import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'

export interface Answer {
  readonly status: number
  readonly body: string
}

/** One connection to the webhook, opened again when the server has ended it. */
export interface Lane {
  post(body: string | Buffer): Promise<Answer>
  /** The status of the response to these bytes, which need not be a whole request. */
  sendRaw(...pieces: readonly string[]): Promise<number>
  close(): void
}

export const formatHead = (length: number): string =>
  `POST /mutate?timeout=3s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`

export async function openSocket(port: number): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  socket.on('error', () => {})
  // Otherwise each body waits 40 ms for the acknowledgement of its head.
  socket.setNoDelay(true)
  await once(socket, 'secureConnect')
  return socket
}

/** Without an HTTP client, which would take most of the time. */
export function createLane(port: number): Lane {
  let socket: TLSSocket | undefined
  const exchange = async (pieces: readonly (string | Buffer)[]): Promise<Answer> => {
    if (socket === undefined || socket.destroyed || socket.readableEnded) socket = await openSocket(port)
    const current = socket
    const answer = readAnswer(current)
    for (const piece of pieces) current.write(piece)
    const { closes, ...read } = await answer
    if (closes) {
      current.destroy()
      socket = undefined
    }
    return read
  }
  return {
    post: (body) => exchange([formatHead(Buffer.byteLength(body)), body]),
    sendRaw: async (...pieces) => (await exchange(pieces)).status,
    close: () => socket?.destroy(),
  }
}

async function readAnswer(socket: TLSSocket): Promise<Answer & { readonly closes: boolean }> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer & { readonly closes: boolean }>()
  let received: Buffer = Buffer.alloc(0)
  const onData = (piece: Buffer) => {
    received = received.length === 0 ? piece : Buffer.concat([received, piece])
    const headEnd = received.indexOf('\r\n\r\n')
    if (headEnd < 0) return
    const head = received.toString('latin1', 0, headEnd)
    const end = headEnd + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
    if (received.length < end) return
    resolve({
      status: Number(head.slice(9, 12)),
      body: received.toString('utf8', headEnd + 4, end),
      closes: /\r\nconnection: close/i.test(head),
    })
  }
  const onClose = () => reject(new Error(`the server ended the connection after ${received.length} bytes`))
  socket.on('data', onData).once('close', onClose)
  try {
    return await promise
  } finally {
    socket.off('data', onData).off('close', onClose)
  }
}
