import type { Server, Socket } from 'node:net'
import { createFairShares } from '../core/fair-shares.ts'

/** How many connections a server keeps, and for how long. */
export interface ConnectionLimits {
  readonly total: number
  /** The time for a whole request from the start of its connection. */
  readonly requestMs: number
  /** The time for the response. */
  readonly responseMs: number
}

export interface LimitedConnection {
  /** The request is complete: its response has begun. */
  respond(): void
}

/**
 * Closes connections of the server so that no client can keep another one out. A new connection is always accepted. If there
 * are too many, the oldest of the address that has most is closed. An honest client sends its request at once and is answered at
 * once, so that its connection is gone before it is the oldest. Each connection is for a limited time. `handle` gets each one.
 */
export function limitConnectionsByAddress(
  server: Server,
  { total, requestMs, responseMs }: ConnectionLimits,
  handle: (socket: Socket, connection: LimitedConnection) => void,
): void {
  const shares = createFairShares(total)
  server.on('connection', (socket: Socket) => {
    const share = shares.take(socket.remoteAddress ?? '', 1, () => socket.destroy())
    let timer: NodeJS.Timeout | undefined
    const closeAfter = (limitMs: number): void => {
      clearTimeout(timer)
      const closeIfCurrent = () => {
        if (timer === started) socket.destroy()
      }
      // Timers run before reads. A process that did not run finds both the timer and the request: the request is read first.
      const started = setTimeout(() => setImmediate(closeIfCurrent), limitMs)
      timer = started
    }
    closeAfter(requestMs)
    socket.once('close', () => {
      clearTimeout(timer)
      timer = undefined
      share?.release()
    })
    socket.on('error', () => {})
    handle(socket, { respond: () => closeAfter(responseMs) })
  })
}
