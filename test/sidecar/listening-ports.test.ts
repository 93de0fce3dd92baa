import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'
import { parseListeningPorts, readListeningPorts } from '../../sidecar/listening-ports.ts'

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1BA7 00000000:0000 0A 00000000:00000000 00:00000000 00000000   185        0 1 1 0 100 0 0 10 0
   1: 0100007F:0FC8 0100007F:8D2C 01 00000000:00000000 00:00000000 00000000   185        0 1 1 0 100 0 0 10 0
`
const table6 = `  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:23CD 00000000000000000000000000000000:0000 0A 0 0 0 0 0
`

describe('listening ports', () => {
  test('a table of sockets → only the listening ports', () => {
    assert.deepEqual([...parseListeningPorts(table)], [7079])
    assert.deepEqual([...parseListeningPorts(table6)], [9165])
    for (const text of ['', 'x', 'a\nb c d\n']) assert.equal(parseListeningPorts(text).size, 0)
  })

  test('a missing table → skipped, and the ports of the others are found', async (t) => {
    const server = createServer()
    t.after(() => server.close())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    if (process.platform !== 'linux') return t.skip('no /proc')
    assert.ok(readListeningPorts(['/nowhere', '/proc/net/tcp']).has(port))
  })
})
