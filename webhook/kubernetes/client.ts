import { Agent, type Dispatcher, request } from 'undici'
import type { ApiAnswer, ApiRequest, KubernetesApi, WatchItem } from './api.ts'

/** Where the API server is and how to prove who we are. */
export interface ApiAccess {
  readonly server: string
  readonly tls: {
    readonly ca?: string
    readonly cert?: string
    readonly key?: string
    readonly rejectUnauthorized?: boolean
  }
  /** Asked before each request: a projected token is renewed in its file. */
  authorization(): Promise<string | undefined>
}

/** A client of the Kubernetes API over undici. Connections are kept; each request has its deadline. */
export function createClient(access: ApiAccess): KubernetesApi & { close(): Promise<void> } {
  const dispatcher = new Agent({ connect: { ...access.tls, timeout: 5_000 }, connections: 16, pipelining: 1 })
  const send = async (path: string, options: Partial<Dispatcher.RequestOptions>, headers: Record<string, string>) => {
    const authorization = await access.authorization()
    return request(`${access.server}${path}`, {
      ...options,
      dispatcher,
      headers: { accept: 'application/json', ...headers, ...(authorization !== undefined && { authorization }) },
    })
  }
  return {
    async request({
      method,
      path,
      body,
      contentType = 'application/json',
      deadlineMs,
    }: ApiRequest): Promise<ApiAnswer> {
      try {
        const signal = AbortSignal.timeout(deadlineMs)
        const sent = body === undefined ? {} : { body: JSON.stringify(body) }
        const type: Record<string, string> = body === undefined ? {} : { 'content-type': contentType }
        const response = await send(path, { method, signal, ...sent }, type)
        const text = await response.body.text()
        return { kind: 'answer', status: response.statusCode, body: text === '' ? null : parseJson(text) }
      } catch (error) {
        return { kind: 'failed', detail: describe(error) }
      }
    },
    async *watch(path, idleMs, signal): AsyncIterable<WatchItem> {
      try {
        const timeouts = { headersTimeout: idleMs, bodyTimeout: idleMs }
        const response = await send(path, { method: 'GET', signal, ...timeouts }, {})
        if (response.statusCode !== 200) {
          const detail = (await response.body.text()).slice(0, 300)
          yield { kind: 'failed', status: response.statusCode, detail }
          return
        }
        for await (const line of lines(response.body)) yield { kind: 'event', event: parseJson(line) }
      } catch (error) {
        yield { kind: 'failed', status: null, detail: describe(error) }
      }
    },
    close: () => dispatcher.destroy(),
  }
}

async function* lines(body: AsyncIterable<Buffer>): AsyncIterable<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const piece of body) {
    rest += decoder.decode(piece, { stream: true })
    const parts = rest.split('\n')
    rest = parts.pop() ?? ''
    yield* parts.filter((part) => part !== '')
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const describe = (error: unknown) => (error instanceof Error ? error.message || error.name : String(error))
