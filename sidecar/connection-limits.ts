import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** How many connections a server keeps, and for how long. */
export interface ConnectionLimits {
  readonly perAddress: number
  readonly total: number
  /** The time for a whole request from the start of its connection. */
  readonly requestMs: number
  /** The time for the response. */
  readonly responseMs: number
}

interface OpenConnection {
  readonly address: string
  timer: NodeJS.Timeout
}

/**
 * Closes connections of the server so that no client can keep another one out. A new connection is always accepted: if its
 * address has too many, the oldest of that address is closed; if all addresses together have too many, the oldest of the
 * address that has most. An honest client sends its request at once and is answered at once, so that its connection is gone
 * before it is the oldest. Each connection is for one request, and for a limited time.
 */
export function limitConnectionsByAddress(server: Server, limits: ConnectionLimits): void {
  /** In the order in which they were opened. */
  const open = new Map<Socket, OpenConnection>()

  function close(socket: Socket): void {
    clearTimeout(open.get(socket)?.timer)
    open.delete(socket)
    socket.destroy()
  }

  /** Closes the connection after `limitMs`, unless another timer has begun for it by then. */
  function startTimer(socket: Socket, limitMs: number): NodeJS.Timeout {
    // Timers run before reads. A process that did not run finds both the timer and the request: the request is read first.
    const timer = setTimeout(() => setImmediate(closeIfCurrent), limitMs)
    const closeIfCurrent = () => {
      if (open.get(socket)?.timer === timer) close(socket)
    }
    return timer
  }

  function closeOldest(address: string): void {
    for (const [socket, connection] of open) {
      if (connection.address !== address) continue
      close(socket)
      return
    }
  }

  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? ''
    const counts = countAddresses(open.values())
    if ((counts.get(address) ?? 0) >= limits.perAddress) closeOldest(address)
    else if (open.size >= limits.total) closeOldest(findLargest(counts))
    open.set(socket, { address, timer: startTimer(socket, limits.requestMs) })
    socket.once('close', () => close(socket))
  })
  server.prependListener('request', ({ socket }, response) => {
    response.setHeader('connection', 'close')
    const connection = open.get(socket)
    if (connection === undefined) return
    clearTimeout(connection.timer)
    connection.timer = startTimer(socket, limits.responseMs)
  })
}

function countAddresses(connections: Iterable<OpenConnection>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { address } of connections) counts.set(address, (counts.get(address) ?? 0) + 1)
  return counts
}

/** The address with the most connections; of several, the one whose first connection is the oldest. */
function findLargest(counts: ReadonlyMap<string, number>): string {
  let largest = ''
  for (const [address, count] of counts) if (count > (counts.get(largest) ?? 0)) largest = address
  return largest
}
