import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { paceHandshakes } from '../../../webhook/server/handshake-pace.ts'

describe('paceHandshakes', () => {
  /** Accepts real connections, which the tests then pass to a paced server in one turn of the event loop. */
  const front = createServer()
  const clients: Socket[] = []
  before(async () => {
    front.listen(0, '127.0.0.1')
    await once(front, 'listening')
  })
  after(() => {
    for (const client of clients) client.destroy()
    front.close()
  })

  const accept = async (localAddress: string, count: number): Promise<readonly Socket[]> => {
    const sockets: Socket[] = []
    for (let index = 0; index < count; index += 1) {
      const accepted = once(front, 'connection')
      const { port } = front.address() as AddressInfo
      clients.push(connect({ port, host: '127.0.0.1', localAddress }).on('error', () => {}))
      const [socket] = await accepted
      sockets.push(socket)
    }
    return sockets
  }

  /** The addresses of the connections that were started, turn by turn, until nothing waits. */
  const startsOf = async (sockets: readonly Socket[]): Promise<readonly (readonly string[])[]> => {
    let started: string[] = []
    const server = createServer((socket) => started.push(socket.remoteAddress ?? ''))
    paceHandshakes(server)
    for (const socket of sockets) server.emit('connection', socket)
    assert.deepEqual(started, [])
    const turns: string[][] = []
    for (let idle = 0; idle < 3; idle += started.length === 0 ? 1 : 0) {
      if (started.length > 0) turns.push(started)
      started = []
      await nextTurn()
    }
    return turns
  }

  test('a client with 60 connections, and then one with 2 → a few in each turn, and the two are in the first', async () => {
    const turns = await startsOf([...(await accept('127.0.0.2', 60)), ...(await accept('127.0.0.3', 2))])
    assert.equal(turns.flat().length, 62)
    assert.ok(turns.every((addresses) => addresses.length <= 4))
    assert.equal(turns[0]?.filter((address) => address === '127.0.0.3').length, 2)
  })

  test('connections that are gone before their turn → are not started, and take no turn', async () => {
    const gone = await accept('127.0.0.2', 40)
    for (const socket of gone) socket.destroy()
    assert.deepEqual(await startsOf([...gone, ...(await accept('127.0.0.3', 1))]), [['127.0.0.3']])
  })
})
