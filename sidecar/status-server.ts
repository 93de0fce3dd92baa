import type { BlackBox } from './black-box.ts'
import { createHttpServer, type HttpRequest, type HttpResponse } from './http-server.ts'
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
  /** The key that each request of the kubelet has. Null if it has none. */
  readonly probeKey: string | null
  /** Null while there is no monitor. */
  readonly blackBox: () => Pick<BlackBox, 'summaries' | 'read'> | null
  /** The time between two tries to bind the port; 5 s by default. */
  readonly retryMs?: number
}

/** The kubelet, the controller and Prometheus need one connection each, for milliseconds. */
const connectionLimits = { total: 64, requestMs: 1_000, responseMs: 5_000 } as const
/**
 * One request of /metrics costs 1 ms of CPU time with the flags of the image, so that a flood takes 10 % of a core, half of the
 * default limit.
 */
const acceptRate = { perSecond: 100, burst: 20 } as const
/**
 * How many connections wait in the kernel: 2.6 s at the rate. The kubelet asks once in two seconds, and fails a probe after five.
 * While as many wait, the kernel drops new ones, and clients try again after a second.
 */
const backlog = 256
/** Black boxes are as large as half a megabyte, and a client may be slow to read one, or ask for the next one at once. */
const maxBlackBoxesAtOnce = 4
const blackBoxPauseMs = 1_000

/**
 * Serves /readyz, /startedz, /livez, /status, /metrics, /blackbox (a list) and /blackbox/N on all addresses, because the
 * kubelet connects to the pod's IP. If the port is in use, the server retries to bind it. No client can end the sidecar, fill
 * its memory, use up its CPU time, or keep clients of other addresses out. Returns a function that closes the server.
 */
export function serveStatus(options: StatusServerOptions): () => void {
  const { port, log, retryMs = 5_000 } = options
  const server = createHttpServer({ ...connectionLimits, acceptRate, handle: createRouter(options) })
  let failureLogged = false
  let retry: NodeJS.Timeout | undefined
  server.on('error', (error) => {
    if (!failureLogged) log.warn({ port, problem: error.message }, 'failed to bind the status port, retrying')
    failureLogged = true
    retry = setTimeout(() => {
      if (!server.listening) server.listen({ port, backlog })
    }, retryMs)
  })
  server.on('listening', () => {
    failureLogged = false
    log.debug({ port }, 'serving status')
  })
  server.listen({ port, backlog })
  return () => {
    clearTimeout(retry)
    server.close()
  }
}

function createRouter({ version, log, state, onDriverProbe, probeKey, blackBox }: StatusServerOptions) {
  const serveBlackBox = createBlackBoxHandler(blackBox)
  let isLogged = false
  const checkDriver = (path: ProbePath, query: string, passes: boolean): HttpResponse => {
    if (probeKey === null || new URLSearchParams(query).get('key') === probeKey) onDriverProbe(path, passes)
    else if (!isLogged) {
      isLogged = true
      log.warn({ path }, 'a request without the key of this pod does not count as a probe of the kubelet')
    }
    return check(passes)
  }
  return ({ method, path, query }: HttpRequest): HttpResponse => {
    if (method !== 'GET' && method !== 'HEAD') return { statusCode: 405, body: 'GET only\n' }
    switch (path) {
      case '/readyz':
        return checkDriver('/readyz', query, passesReadiness(state()))
      case '/startedz':
        return checkDriver('/startedz', query, passesStartup(state()))
      case '/livez':
        return check(true)
      case '/status':
        return json(`${JSON.stringify(toStatusJson(state(), version), null, 2)}\n`)
      case '/metrics':
        return {
          statusCode: 200,
          contentType: 'text/plain; version=0.0.4; charset=utf-8',
          body: formatMetrics(state(), version),
        }
      default:
        return serveBlackBox(path)
    }
  }
}

const check = (passes: boolean): HttpResponse =>
  passes ? { statusCode: 200, body: 'ok\n' } : { statusCode: 503, body: 'not yet\n' }

const json = (body: string): HttpResponse => ({ statusCode: 200, contentType: 'application/json', body })

const notFound: HttpResponse = { statusCode: 404, body: 'not found\n' }

/** Serves the list of black boxes, and each of them to few clients at a time, and a second. */
function createBlackBoxHandler(find: StatusServerOptions['blackBox']) {
  let sending = 0
  const release = () => {
    sending -= 1
  }

  function sendOne(number: number): HttpResponse {
    if (sending >= maxBlackBoxesAtOnce) return { statusCode: 503, body: 'busy\n' }
    const body = find()?.read(number) ?? null
    if (body === null) return notFound
    sending += 1
    return { ...json(body), onClose: () => void setTimeout(release, blackBoxPauseMs) }
  }

  return (path: string): HttpResponse => {
    const [, number] = /^\/blackbox\/(\d)$/.exec(path) ?? []
    if (path === '/blackbox') return json(`${JSON.stringify(find()?.summaries() ?? [], null, 2)}\n`)
    return number === undefined ? notFound : sendOne(Number(number))
  }
}
