import type { IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { parseJson } from '../core/json.ts'
import type { ApiRequest, ApiResponse, KubernetesApi, WatchItem } from './api.ts'

/** The address of the API server, and the credentials. */
export interface ApiAccess {
  readonly server: string
  readonly tls: {
    readonly ca?: string
    readonly cert?: string
    readonly key?: string
    readonly rejectUnauthorized?: boolean
    /** The name in the API server's certificate, if it differs from the host in `server`. */
    readonly servername?: string
  }
  /** Called before each request, because the kubelet renews a projected token in its file. */
  authorization(): Promise<string | undefined>
}

interface RawRequest {
  readonly method: string
  readonly path: string
  readonly body?: string
  readonly contentType?: string
  readonly agent: Agent
}

/** What a client reads at most, because tenants decide how large the objects are. */
export interface ClientBounds {
  /** Of a response, if its request does not state a bound. */
  readonly maxResponseBytes: number
  /** Of one event of a watch, in characters. */
  readonly maxEventChars: number
}

const unbounded: ClientBounds = { maxResponseBytes: Infinity, maxEventChars: Infinity }

/**
 * A client of the Kubernetes API that keeps its connections. It uses node:https, because undici alone would take a tenth of
 * the webhook's memory limit.
 */
export function createClient(
  access: ApiAccess,
  { maxResponseBytes, maxEventChars }: ClientBounds = unbounded,
): KubernetesApi & { close(): void } {
  const agent = new Agent({ ...access.tls, keepAlive: true, maxSockets: 32 })
  // Each watch occupies one connection for minutes, and there are several for each namespace if only some may be read. If they
  // shared the connections of the requests, no request would get one. The configuration bounds their number.
  const watchAgent = new Agent({ ...access.tls, keepAlive: true })
  const send = async (
    { method, path, body, contentType, agent }: RawRequest,
    signal: AbortSignal,
  ): Promise<IncomingMessage> => {
    const authorization = await access.authorization()
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const headers = {
      accept: 'application/json',
      ...(authorization !== undefined && { authorization }),
      ...(body !== undefined && { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }),
    }
    signal.throwIfAborted()
    const outgoing = httpsRequest(`${access.server}${path}`, { method, headers, agent, signal }, resolve)
    outgoing.once('error', reject)
    // A request that waits for a connection does not emit its error before it gets one.
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    outgoing.end(body)
    return promise.finally(() => signal.removeEventListener('abort', abort))
  }
  return {
    async request({
      method,
      path,
      body,
      contentType = 'application/json',
      deadlineMs,
      onBytes,
      maxBytes = maxResponseBytes,
    }) {
      try {
        const content = body === undefined ? {} : { body: JSON.stringify(body), contentType }
        const response = await send({ method, path, ...content, agent }, AbortSignal.timeout(deadlineMs))
        return onBytes !== undefined && response.statusCode === 200
          ? await streamResponse(response, onBytes)
          : await readResponse(response, maxBytes)
      } catch (error) {
        return { kind: 'failed', detail: describeError(error) }
      }
    },
    async *watch(path, idleMs, signal): AsyncIterable<WatchItem> {
      const idle = new AbortController()
      const timer = setTimeout(() => idle.abort(new Error(`no data for ${idleMs} ms`)), idleMs)
      try {
        const response = await send({ method: 'GET', path, agent: watchAgent }, AbortSignal.any([signal, idle.signal]))
        if (response.statusCode !== 200) {
          const body = await readText(response, maxResponseBytes)
          const detail = body === undefined ? 'a response that is too large' : body.slice(0, 300)
          yield { kind: 'failed', status: response.statusCode ?? 0, detail, ...parseRetryAfter(response) }
          return
        }
        response.on('data', () => timer.refresh())
        for await (const line of splitLines(response, maxEventChars)) yield { kind: 'event', event: parseJson(line) }
      } catch (error) {
        yield { kind: 'failed', status: null, detail: describeError(error) }
      } finally {
        clearTimeout(timer)
        // Also if the reader stops early, so that the connection does not stay open.
        idle.abort()
      }
    },
    close: () => {
      agent.destroy()
      watchAgent.destroy()
    },
  }
}

async function readResponse(response: IncomingMessage, maxBytes: number): Promise<ApiResponse> {
  const body = await readText(response, maxBytes)
  if (body === undefined) {
    return { kind: 'failed', detail: `the response is larger than ${maxBytes} bytes`, isTooLarge: true }
  }
  return {
    kind: 'response',
    status: response.statusCode ?? 0,
    body: body === '' ? null : parseJson(body),
    bytes: Buffer.byteLength(body),
    ...parseDate(response),
    ...parseRetryAfter(response),
  }
}

/** Undefined if the body is larger than `maxBytes`. */
async function readText(response: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) {
    response.destroy()
    return undefined
  }
  for await (const piece of response) {
    bytes += piece.length
    // Leaving the loop closes the connection.
    if (bytes > maxBytes) return undefined
    text += decoder.decode(piece, { stream: true })
  }
  return text + decoder.decode()
}

async function streamResponse(
  response: IncomingMessage,
  onBytes: NonNullable<ApiRequest['onBytes']>,
): Promise<ApiResponse> {
  // Leaving the loop closes the connection.
  for await (const bytes of response) if (!onBytes(bytes)) break
  return { kind: 'response', status: 200, body: null }
}

/** The lines of a body that are not empty. A line that is too long is the last one, and is cut, so that it is not JSON. */
async function* splitLines(body: AsyncIterable<Buffer>, maxChars: number): AsyncIterable<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const piece of body) {
    // Only the new piece is searched: a line of many pieces would be searched again with each of them.
    const [end = '', ...lines] = decoder.decode(piece, { stream: true }).split('\n')
    rest += end
    for (const line of lines) {
      if (rest !== '') yield rest
      rest = line
    }
    if (rest.length > maxChars) {
      yield rest
      return
    }
  }
}

function parseDate({ headers }: IncomingMessage): { readonly dateMs?: number } {
  const dateMs = Date.parse(headers.date ?? '')
  return Number.isNaN(dateMs) ? {} : { dateMs }
}

/** API priority and fairness sends the delay in whole seconds. */
function parseRetryAfter({ headers }: IncomingMessage): { readonly retryAfterMs?: number } {
  const text = headers['retry-after']
  return text !== undefined && /^\d{1,4}$/.test(text) ? { retryAfterMs: Math.min(3600, Number(text)) * 1000 } : {}
}

const describeError = (error: unknown) => (error instanceof Error ? error.message || error.name : String(error))
