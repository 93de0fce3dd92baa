import { createServer, type ServerResponse } from 'node:http'
import type { BlackBox } from './black-box.ts'
import { limitConnectionsByAddress } from './connection-limits.ts'
import type { SidecarLog } from './log.ts'
import { formatMetrics } from './metrics.ts'
import type { ProbePath, ProbeWitness } from './probe-requests.ts'
import { passesReadiness, passesStartup, type SidecarState, toStatusJson } from './status.ts'

export interface StatusServerOptions {
  readonly port: number
  readonly version: string
  readonly log: SidecarLog
  readonly state: () => SidecarState
  /** Called at each request of /startedz or /readyz, which the kubelet makes only while the driver's container runs. */
  readonly onDriverProbe: ProbeWitness['onRequest']
  /** Null while there is no monitor. */
  readonly blackBox: () => Pick<BlackBox, 'summaries' | 'read'> | null
  /** The time between two tries to bind the port; 5 s by default. */
  readonly retryMs?: number
}

/** The kubelet, the controller and Prometheus need one connection each, for milliseconds. */
const connectionLimits = { perAddress: 3, total: 64, requestMs: 1_000, responseMs: 5_000 } as const
/** Black boxes are as large as half a megabyte, and a client may be slow to read one. */
const maxBlackBoxesAtOnce = 2
const neverMs = 2 ** 31 - 1

/**
 * Serves /readyz, /startedz, /livez, /status, /metrics, /blackbox (a list) and /blackbox/N on all addresses, because the
 * kubelet connects to the pod's IP. If the port is in use, the server retries to bind it. No client can end the sidecar, fill
 * its memory, or keep clients of other addresses out. Returns a function that closes the server.
 */
export function serveStatus(options: StatusServerOptions): () => void {
  const { port, version, log, state, onDriverProbe, retryMs = 5_000 } = options
  // The limits of connections below replace Node's timeouts, whose check is a timer that always runs.
  const server = createServer({
    requestTimeout: 0,
    headersTimeout: 0,
    connectionsCheckingInterval: neverMs,
    maxHeaderSize: 8_192,
  })
  server.maxRequestsPerSocket = 1
  limitConnectionsByAddress(server, connectionLimits)
  const serveBlackBox = createBlackBoxHandler(options.blackBox)
  const checkDriver = (response: ServerResponse, path: ProbePath, passes: boolean) => {
    onDriverProbe(path, passes)
    check(response, passes)
  }
  server.on('request', (request, response) => {
    request.resume()
    if (request.method !== 'GET' && request.method !== 'HEAD') return text(response, 405, 'GET only\n')
    switch (request.url?.split('?')[0]) {
      case '/readyz':
        return checkDriver(response, '/readyz', passesReadiness(state()))
      case '/startedz':
        return checkDriver(response, '/startedz', passesStartup(state()))
      case '/livez':
        return check(response, true)
      case '/status':
        return json(response, `${JSON.stringify(toStatusJson(state(), version), null, 2)}\n`)
      case '/metrics':
        response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8')
        return text(response, 200, formatMetrics(state(), version))
      default:
        return serveBlackBox(response, request.url ?? '')
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

/** Serves the list of black boxes, and each of them to few clients at a time. */
function createBlackBoxHandler(find: StatusServerOptions['blackBox']) {
  let sending = 0

  function sendOne(response: ServerResponse, number: number): void {
    const body = sending < maxBlackBoxesAtOnce ? (find()?.read(number) ?? null) : 'busy'
    if (body === null) text(response, 404, 'not found\n')
    else if (body === 'busy') text(response, 503, 'busy\n')
    else {
      sending += 1
      response.once('close', () => {
        sending -= 1
      })
      json(response, body)
    }
  }

  return (response: ServerResponse, url: string): void => {
    const [, number] = /^\/blackbox\/(\d)$/.exec(url) ?? []
    if (url === '/blackbox') json(response, `${JSON.stringify(find()?.summaries() ?? [], null, 2)}\n`)
    else if (number === undefined) text(response, 404, 'not found\n')
    else sendOne(response, Number(number))
  }
}

function json(response: ServerResponse, body: string): void {
  response.setHeader('content-type', 'application/json')
  text(response, 200, body)
}

function text(response: ServerResponse, statusCode: number, body: string): void {
  response.statusCode = statusCode
  response.end(body)
}
