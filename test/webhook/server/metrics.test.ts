import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { createMetricsServer } from '../../../webhook/server/metrics.ts'

/** A server whose rendering is answered by the test. */
async function startServer(t: TestContext) {
  const renderings: PromiseWithResolvers<string>[] = []
  let timeMs = 0
  const render = () => {
    const rendering = Promise.withResolvers<string>()
    renderings.push(rendering)
    return rendering.promise
  }
  const server = createMetricsServer({ contentType: 'text/plain', render }, () => timeMs)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const get = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`)
    return `${response.status} ${await response.text()}`
  }
  const begun = async (count: number) => {
    while (renderings.length < count && !t.signal.aborted) await new Promise(setImmediate)
  }
  return {
    get,
    port,
    renderings,
    begun,
    advance: (ms: number) => {
      timeMs += ms
    },
  }
}

describe('createMetricsServer', () => {
  test('requests during a rendering and within a second after it → one rendering', async (t) => {
    const { get, renderings, begun, advance } = await startServer(t)
    const first = [get(), get(), get()]
    await begun(1)
    renderings[0]?.resolve('a 1')
    assert.deepEqual(await Promise.all(first), ['200 a 1', '200 a 1', '200 a 1'])
    assert.equal(await get(), '200 a 1')
    assert.equal(renderings.length, 1)
    advance(1_000)
    const later = get()
    await begun(2)
    renderings[1]?.resolve('a 2')
    assert.equal(await later, '200 a 2')
  })

  test('a rendering that fails → an error, and the next request renders again', async (t) => {
    const { get, renderings, begun } = await startServer(t)
    const failing = get()
    await begun(1)
    renderings[0]?.reject(new Error('no'))
    assert.match(await failing, /^500/)
    const next = get()
    await begun(2)
    renderings[1]?.resolve('a 1')
    assert.equal(await next, '200 a 1')
  })

  test('one client holds as many connections as there may be → another client is served', async (t) => {
    const { get, port, renderings, begun } = await startServer(t)
    for (let index = 0; index < 64; index += 1) {
      const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' }).on('error', () => {})
      t.after(() => socket.destroy())
      await once(socket, 'connect')
    }
    const scrape = get()
    void begun(1).then(() => renderings[0]?.resolve('a 1'))
    assert.equal(await scrape, '200 a 1')
  })
})
