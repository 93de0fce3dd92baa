import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import forge from 'node-forge'

/** A Spark UI on the loopback interface. */
export interface FakeSparkUi {
  readonly port: number
  /** The number of connections or requests so far. */
  readonly count: () => number
}

const listening = async (t: TestContext, server: Server, port = 0, host = '127.0.0.1'): Promise<number> => {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

/** A UI that speaks HTTP. */
export async function httpUi(t: TestContext, listener: RequestListener, port = 0): Promise<FakeSparkUi> {
  let requests = 0
  const server = createHttpServer((request, response) => {
    requests += 1
    listener(request, response)
  })
  return { port: await listening(t, server, port), count: () => requests }
}

/** A UI whose connections are handled by the test. */
export async function rawUi(
  t: TestContext,
  onConnection: (socket: Socket) => void,
  port = 0,
  host?: string,
): Promise<FakeSparkUi> {
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    onConnection(socket)
  })
  return { port: await listening(t, server, port, host), count: () => connections }
}

/** A UI over TLS with an untrusted certificate. */
export async function tlsUi(t: TestContext, listener: RequestListener): Promise<FakeSparkUi> {
  const keys = forge.pki.rsa.generateKeyPair(2048)
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = keys.publicKey
  certificate.validity.notBefore = new Date(Date.now() - 60_000)
  certificate.validity.notAfter = new Date(Date.now() + 3_600_000)
  certificate.setSubject([{ name: 'commonName', value: 'spark' }])
  certificate.setIssuer([{ name: 'commonName', value: 'spark' }])
  certificate.sign(keys.privateKey, forge.md.sha256.create())
  const server = createHttpsServer(
    { key: forge.pki.privateKeyToPem(keys.privateKey), cert: forge.pki.certificateToPem(certificate) },
    listener,
  )
  return { port: await listening(t, server), count: () => 0 }
}

export const applicationList = (...ids: readonly string[]) =>
  JSON.stringify(ids.map((id) => ({ id, name: 'app', attempts: [{ completed: false }] })))

/** Answers as the driver of this application. */
export const answersAs =
  (id: string): RequestListener =>
  (request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(request.url?.includes('/jobs') ? '[]' : applicationList(id))
  }

/** The UI of a driver that can hang: it accepts connections and never answers. */
export interface FakeDriverUi {
  readonly port: number
  hang(hung: boolean): void
  /** Closes the port. */
  stop(): Promise<void>
  polls(): number
}

/** A UI on the loopback interface that lists these applications until it hangs or stops. */
export async function startFakeDriverUi(t: TestContext, ids: readonly string[], host?: string): Promise<FakeDriverUi> {
  let hung = false
  let polls = 0
  const server = createHttpServer((_request, response) => {
    polls += 1
    if (hung) return
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(ids.map((id) => ({ id }))))
  })
  const port = await listening(t, server, 0, host)
  return {
    port,
    hang: (next) => {
      hung = next
    },
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
    polls: () => polls,
  }
}
