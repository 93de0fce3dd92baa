import { createServer, type ServerResponse } from 'node:http'
import type { BlackBox } from './black-box.ts'
import type { SidecarLog } from './log.ts'
import { formatMetrics } from './metrics.ts'
import { passesReadiness, passesStartup, type SidecarState, toStatusJson } from './status.ts'

export interface StatusServerOptions {
  readonly port: number
  readonly version: string
  readonly log: SidecarLog
  readonly state: () => SidecarState
  /** Called at each request of /startedz or /readyz, which the kubelet makes only while the driver's container runs. */
  readonly onDriverProbe: () => void
  /** Null while there is no monitor. */
  readonly blackBox: () => Pick<BlackBox, 'summaries' | 'read'> | null
  /** The time between two tries to bind the port; 5 s by default. */
  readonly retryMs?: number
}

/**
 * Serves /readyz, /startedz, /livez, /status, /metrics, /blackbox (a list) and /blackbox/N on all addresses, because the
 * kubelet connects to the pod's IP. If the port is in use, the server retries to bind it. No client can end the sidecar or
 * fill its memory. Returns a function that closes the server.
 */
export function serveStatus(options: StatusServerOptions): () => void {
  const { port, version, log, state, onDriverProbe, retryMs = 5_000 } = options
  const server = createServer({
    requestTimeout: 5_000,
    headersTimeout: 5_000,
    connectionsCheckingInterval: 10_000,
    keepAliveTimeout: 5_000,
    maxHeaderSize: 8_192,
  })
  server.maxConnections = 16
  server.maxRequestsPerSocket = 100
  server.on('request', (request, response) => {
    request.resume()
    if (request.method !== 'GET' && request.method !== 'HEAD') return text(response, 405, 'GET only\n')
    switch (request.url?.split('?')[0]) {
      case '/readyz':
        onDriverProbe()
        return check(response, passesReadiness(state()))
      case '/startedz':
        onDriverProbe()
        return check(response, passesStartup(state()))
      case '/livez':
        return check(response, true)
      case '/status':
        return json(response, `${JSON.stringify(toStatusJson(state(), version), null, 2)}\n`)
      case '/metrics':
        response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8')
        return text(response, 200, formatMetrics(state(), version))
      default:
        return serveBlackBox(response, request.url ?? '', options.blackBox())
    }
  })
  server.on('clientError', (_error, socket) => socket.destroy())
  let failureLogged = false
  let retry: NodeJS.Timeout | undefined
  server.on('error', (error) => {
    if (!failureLogged) log.warn({ port, problem: error.message }, 'failed to bind the status port, retrying')
    failureLogged = true
    retry = setTimeout(() => server.listen(port), retryMs)
  })
  server.on('listening', () => {
    failureLogged = false
    log.debug({ port }, 'serving status')
  })
  server.listen(port)
  return () => {
    clearTimeout(retry)
    server.close()
    server.closeAllConnections()
  }
}

function check(response: ServerResponse, passes: boolean): void {
  text(response, passes ? 200 : 503, passes ? 'ok\n' : 'not yet\n')
}

function serveBlackBox(
  response: ServerResponse,
  url: string,
  blackBox: Pick<BlackBox, 'summaries' | 'read'> | null,
): void {
  const [, number] = /^\/blackbox(?:\/(\d))?$/.exec(url) ?? []
  const isList = url === '/blackbox'
  const body = number === undefined ? null : (blackBox?.read(Number(number)) ?? null)
  if (isList) json(response, `${JSON.stringify(blackBox?.summaries() ?? [], null, 2)}\n`)
  else if (body === null) text(response, 404, 'not found\n')
  else json(response, body)
}

function json(response: ServerResponse, body: string): void {
  response.setHeader('content-type', 'application/json')
  text(response, 200, body)
}

function text(response: ServerResponse, statusCode: number, body: string): void {
  response.statusCode = statusCode
  response.end(body)
}
