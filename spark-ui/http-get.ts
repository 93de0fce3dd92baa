import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import type { UiResponse } from '../core/spark/rest-api.ts'
import type { FailureCause } from '../core/verdict/verdict.ts'
import type { UiAddress } from './ui-address.ts'

/** What became of one GET. */
export type UiResult =
  | { readonly kind: 'response'; readonly response: UiResponse; readonly tookMs: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'failed'; readonly cause: FailureCause; readonly detail: string; readonly tookMs: number }
  /** The request failed on our side: no socket, no memory, no address. */
  | { readonly kind: 'unsent'; readonly detail: string }

export interface UiRequest {
  readonly address: UiAddress
  readonly path: string
  /** From the connect to the last byte of the body. */
  readonly timeoutMs: number
  /** A longer body is cut. */
  readonly maxBodyBytes: number
}

/**
 * One GET on a connection of its own, which is closed in any case: a hung JVM's accept queue is full after two polls, and
 * a kept connection that the UI has closed meanwhile would look like a failure. Never rejects.
 */
export async function sendUiRequest({ address, path, timeoutMs, maxBodyBytes }: UiRequest): Promise<UiResult> {
  // TLS costs 3 MB that most sidecars never need.
  const request = address.scheme === 'https' ? (await import('node:https')).request : httpRequest
  return new Promise((resolve) => {
    const startedMs = performance.now()
    const tookMs = () => performance.now() - startedMs
    let secure = address.scheme === 'http'
    let outgoing: ClientRequest | undefined
    const settle = (reply: UiResult) => {
      clearTimeout(timer)
      resolve(reply)
      outgoing?.destroy()
    }
    const fail = (error: NodeJS.ErrnoException) => settle(toUiResult(error, secure, tookMs()))
    // A sidecar that was frozen may find the deadline and the answer at once: the answer is read first.
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
          secure = true
        })
      })
      outgoing.on('error', fail)
      outgoing.once('response', (response) => {
        response.on('error', fail)
        readAnswer(response, maxBodyBytes, (response) => settle({ kind: 'response', response, tookMs: tookMs() }))
      })
      outgoing.end()
    } catch (error) {
      settle({ kind: 'unsent', detail: String(error) })
    }
  })
}

/** Only the body of a 200 matters. */
function readAnswer(response: IncomingMessage, maxBodyBytes: number, done: (answer: UiResponse) => void): void {
  const { statusCode = 0, headers } = response
  const head = { statusCode, location: headers.location }
  if (statusCode !== 200) {
    done({ ...head, body: '' })
    return
  }
  const chunks: Buffer[] = []
  let bytes = 0
  const finish = () => done({ ...head, body: Buffer.concat(chunks).toString('utf8', 0, maxBodyBytes) })
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > maxBodyBytes) finish()
  })
  response.once('end', finish)
}

const resets: readonly string[] = ['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ETIMEDOUT']

/** What an error of Node says. Whatever is not surely the other side's doing is ours. */
function toUiResult(error: NodeJS.ErrnoException, secure: boolean, tookMs: number): UiResult {
  const { code = '', message } = error
  const failed = (cause: FailureCause): UiResult => ({
    kind: 'failed',
    cause,
    detail: `${code} ${message}`.trim(),
    tookMs,
  })
  if (code === 'ECONNREFUSED') return { kind: 'refused' }
  // Not a TLS server, or one that wants a certificate of ours.
  if (/^(ERR_SSL|ERR_TLS|EPROTO)/.test(code) || (!secure && resets.includes(code))) return failed('malformed')
  if (resets.includes(code)) return failed('reset')
  if (code.startsWith('HPE_')) return failed('malformed')
  return { kind: 'unsent', detail: `${code} ${message}`.trim() }
}
