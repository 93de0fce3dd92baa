import type { IncomingMessage } from 'node:http'
import type { Server, Socket } from 'node:net'
import { createFairShares, type Share } from '../../core/fair-shares.ts'

interface Connection {
  readonly share: Share
  /** The TCP socket, then the TLS socket that has taken it over. */
  socket: Socket
}

/**
 * Limits the open connections of a server of HTTP or HTTPS. The one that is over the limit is accepted, and the connection that
 * was not used for longest is ended, of the address with the most. `server.maxConnections` would refuse the API server instead,
 * as soon as another client holds all connections.
 */
export function limitConnections(server: Server, maxConnections: number): void {
  const shares = createFairShares(maxConnections)
  const connections = new Map<string, Connection>()
  server.on('connection', (socket: Socket) => {
    const key = formatKey(socket)
    let connection: Connection | undefined
    const share = shares.take(socket.remoteAddress ?? '', 1, () => connection?.socket.destroy())
    if (share === null) {
      socket.destroy()
      return
    }
    connection = { share, socket }
    connections.set(key, connection)
    const forget = () => {
      share.release()
      if (connections.get(key) === connection) connections.delete(key)
    }
    socket.once('close', forget)
  })
  server.on('secureConnection', (socket: Socket) => {
    const connection = connections.get(formatKey(socket))
    if (connection === undefined) return
    connection.socket = socket
    socket.once('close', connection.share.release)
  })
  server.on('request', ({ socket }: IncomingMessage) => connections.get(formatKey(socket))?.share.touch())
}

const formatKey = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`
