import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import type { UiResponse } from '../core/spark/rest-api.ts'
import type { FailureCause } from '../core/verdict/witnesses.ts'
import type { UiAddress } from './ui-address.ts'

/** The result of one GET. */
export type UiResult =
  | { readonly kind: 'response'; readonly response: UiResponse; readonly tookMs: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'failed'; readonly cause: FailureCause; readonly detail: string; readonly tookMs: number }
  /** The request failed before it was sent: there was no socket, no memory or no address. */
  | { readonly kind: 'unsent'; readonly detail: string }

export interface UiRequest {
  readonly address: UiAddress
  readonly path: string
  /** Covers the time from the connect to the last byte of the body. */
  readonly timeoutMs: number
  /** A longer body is truncated. */
  readonly maxBodyBytes: number
}

/**
 * Sends one GET on its own connection, which is always closed afterwards. Open connections would fill the accept queue of a
 * hung JVM after two polls, and a reused connection that the UI has closed would look like a failure. Never rejects.
 */
export async function sendUiRequest({ address, path, timeoutMs, maxBodyBytes }: UiRequest): Promise<UiResult> {
  // TLS costs 3 MB that most sidecars never need.
  const request = address.scheme === 'https' ? (await import('node:https')).request : httpRequest
  return new Promise((resolve) => {
    const startedMs = performance.now()
    const tookMs = () => performance.now() - startedMs
    // Without TLS there is no handshake to wait for.
    let handshakeDone = address.scheme === 'http'
    let outgoing: ClientRequest | undefined
    const settle = (result: UiResult) => {
      clearTimeout(timer)
      resolve(result)
      outgoing?.destroy()
    }
    const fail = (error: NodeJS.ErrnoException) => settle(toUiResult(error, handshakeDone, tookMs()))
    // A process that was frozen may find the timeout and the response at the same time: the response is read first.
    const timer = setTimeout(() => setImmediate(timeOut), timeoutMs)
    const timeOut = () =>
      settle({ kind: 'failed', cause: 'timeout', detail: `no answer within ${timeoutMs} ms`, tookMs: tookMs() })
    try {
      outgoing = request({
        host: address.host,
        port: address.port,
        path,
        agent: false,
        headers: { accept: '*/*', 'user-agent': 'spark-nanny', connection: 'close' },
        maxHeaderSize: 65_536,
        rejectUnauthorized: false,
      })
      outgoing.once('socket', (socket) => {
        socket.once('secureConnect', () => {
          handshakeDone = true
        })
      })
      outgoing.on('error', fail)
      outgoing.once('response', (incoming) => {
        incoming.on('error', fail)
        readResponse(incoming, maxBodyBytes, (response) => settle({ kind: 'response', response, tookMs: tookMs() }))
      })
      outgoing.end()
    } catch (error) {
      settle({ kind: 'unsent', detail: String(error) })
    }
  })
}

/** Reads the body only if the status is 200. */
function readResponse(incoming: IncomingMessage, maxBodyBytes: number, done: (response: UiResponse) => void): void {
  const { statusCode = 0, headers } = incoming
  const head = { statusCode, location: headers.location }
  if (statusCode !== 200) {
    done({ ...head, body: '' })
    return
  }
  const chunks: Buffer[] = []
  let bytes = 0
  const finish = () => done({ ...head, body: Buffer.concat(chunks).toString('utf8', 0, maxBodyBytes) })
  incoming.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > maxBodyBytes) finish()
  })
  incoming.once('end', finish)
}

const resets: readonly string[] = ['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ETIMEDOUT']

/** Classifies an error of Node. An error that the UI did not clearly cause counts as this process's own. */
function toUiResult(error: NodeJS.ErrnoException, handshakeDone: boolean, tookMs: number): UiResult {
  const { code = '', message } = error
  const failed = (cause: FailureCause): UiResult => ({
    kind: 'failed',
    cause,
    detail: `${code} ${message}`.trim(),
    tookMs,
  })
  if (code === 'ECONNREFUSED') return { kind: 'refused' }
  // The port does not serve TLS, or the server requires a client certificate.
  if (/^(ERR_SSL|ERR_TLS|EPROTO)/.test(code) || (!handshakeDone && resets.includes(code))) return failed('malformed')
  if (resets.includes(code)) return failed('reset')
  if (code.startsWith('HPE_')) return failed('malformed')
  return { kind: 'unsent', detail: `${code} ${message}`.trim() }
}
