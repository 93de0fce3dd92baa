import type { Server, Socket } from 'node:net'
import { createFairTurns } from './fair-turns.ts'

/**
 * A handshake takes a millisecond of the event loop, in which no review is answered. An API server begins several at the same time
 * when many objects are created.
 */
const handshakesPerTurn = 4

/**
 * Starts the TLS handshakes of new connections a few in each turn of the event loop, and in turns by address. A client that opens
 * hundreds of connections at once would otherwise hold the loop for as many handshakes, and each time that it repeats it.
 */
export function paceHandshakes(server: Server): void {
  const listeners = server.listeners('connection')
  const waiting = createFairTurns<Socket>()
  let isScheduled = false

  function start(socket: Socket): void {
    for (const listener of listeners) listener.call(server, socket)
  }

  function startSome(): void {
    for (let started = 0; started < handshakesPerTurn; ) {
      const next = waiting.take()
      if (next === undefined) break
      if (next.item.destroyed) continue
      start(next.item)
      next.spend(1)
      started += 1
    }
    isScheduled = waiting.size > 0
    if (isScheduled) setImmediate(startSome)
  }

  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    // Until TLS takes the socket over, nothing else listens to its errors.
    socket.on('error', () => {})
    waiting.add(socket.remoteAddress ?? '', socket)
    if (isScheduled) return
    isScheduled = true
    setImmediate(startSome)
  })
}
