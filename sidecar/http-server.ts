import { createServer, type Server, type Socket } from 'node:net'
import { type AcceptRate, limitAcceptRate } from './accept-rate.ts'
import { type ConnectionLimits, type LimitedConnection, limitConnectionsByAddress } from './connection-limits.ts'

export interface HttpRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** What follows the question mark; empty if there is none. */
  readonly query: string
}

export interface HttpResponse {
  readonly statusCode: keyof typeof statusTexts
  /** Plain text by default. */
  readonly contentType?: string
  readonly body: string
  /** Called once, when the connection is closed. */
  readonly onClose?: () => void
}

export interface HttpServerOptions extends ConnectionLimits {
  readonly acceptRate: AcceptRate
  readonly handle: (request: HttpRequest) => HttpResponse
}

const statusTexts = { 200: 'OK', 404: 'Not Found', 405: 'Method Not Allowed', 503: 'Service Unavailable' } as const

const maxHeadBytes = 8_192
/** The head of an honest request comes in one piece. Each piece costs a turn of the event loop. */
const maxHeadPieces = 16
const endOfHead = '\r\n\r\n'

/**
 * A server for one small GET per connection. Nothing after the head of the request is read. Node's own server parses all that
 * comes in one piece at once, up to thousands of requests, whatever it is configured to; that would hold the event loop of a
 * throttled process for seconds.
 */
export function createHttpServer({ acceptRate, handle, ...limits }: HttpServerOptions): Server {
  const server = createServer()
  limitAcceptRate(server, acceptRate)
  limitConnectionsByAddress(server, limits, (socket, connection) => serveOne(socket, connection, handle))
  return server
}

function serveOne(socket: Socket, connection: LimitedConnection, handle: HttpServerOptions['handle']): void {
  let head = ''
  let pieces = 0
  const read = (piece: Buffer) => {
    head += piece.toString('latin1', 0, maxHeadBytes)
    pieces += 1
    const end = head.indexOf(endOfHead)
    if (end === -1) {
      if (head.length >= maxHeadBytes || pieces >= maxHeadPieces) socket.destroy()
      return
    }
    socket.off('data', read).pause()
    const request = parseRequest(head.slice(0, end))
    if (request === null) socket.destroy()
    else send(socket, connection, request, handle(request))
  }
  socket.on('data', read)
}

/** Null if it is not HTTP. The fields of the head have no meaning here. */
function parseRequest(head: string): HttpRequest | null {
  const [, method, path, query = ''] = /^([A-Z]+) (\/[^\s?]*)(?:\?(\S*))? HTTP\/1\.[01](?:\r\n|$)/.exec(head) ?? []
  return method === undefined || path === undefined ? null : { method, path, query }
}

function send(
  socket: Socket,
  connection: LimitedConnection,
  { method }: HttpRequest,
  { statusCode, contentType = 'text/plain; charset=utf-8', body, onClose }: HttpResponse,
): void {
  connection.respond()
  if (onClose !== undefined) socket.once('close', onClose)
  const fields = [
    `HTTP/1.1 ${statusCode} ${statusTexts[statusCode]}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  const text = `${fields.join('\r\n')}${endOfHead}${method === 'HEAD' ? '' : body}`
  // The kernel delivers what it has taken. To wait until the client closes the connection would keep it for longer.
  socket.end(text, () => socket.destroy())
}
