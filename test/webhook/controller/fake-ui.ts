import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** A Spark UI on the loopback that lists these applications, or takes requests and never answers. */
export interface FakeUi {
  readonly port: number
  hang(hung: boolean): void
  /** Nobody listens any more. */
  stop(): Promise<void>
  polls(): number
}

export async function startFakeUi(t: TestContext, ids: readonly string[]): Promise<FakeUi> {
  let hung = false
  let polls = 0
  const server = createServer((_request, response) => {
    polls += 1
    if (hung) return
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(ids.map((id) => ({ id }))))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const stop = async () => {
    if (!server.listening) return
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  t.after(stop)
  return {
    port,
    hang: (next) => {
      hung = next
    },
    stop,
    polls: () => polls,
  }
}
