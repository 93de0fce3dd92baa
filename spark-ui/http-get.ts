import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { UiResponse } from '../core/spark/rest-api.ts'
import type { FailureCause } from '../core/verdict/witnesses.ts'
import { type Heartbeat, isLate, startHeartbeat } from './active-time.ts'
import type { UiAddress } from './ui-address.ts'

/** The result of one GET. */
export type UiResult =
  | {
      readonly kind: 'response'
      readonly response: UiResponse
      readonly tookMs: number
      /** What the UI sent, with its headers. */
      readonly bytes: number
      /** Whether the body is longer than was asked for, or came in too many pieces: then only its start was read. */
      readonly isTruncated: boolean
    }
  | { readonly kind: 'refused' }
  | {
      readonly kind: 'failed'
      readonly cause: FailureCause
      readonly detail: string
      readonly tookMs: number
      /** Whether the connection was established: then the network to the UI works. */
      readonly connected: boolean
    }
  /** This process may be the cause: it had no socket, no memory or no address, or it did not run all the time. */
  | { readonly kind: 'inconclusive'; readonly detail: string }

export interface UiRequest {
  readonly address: UiAddress
  readonly path: string
  /** Covers the time from the connect to the last byte of the body. */
  readonly timeoutMs: number
  /** A longer body is truncated. */
  readonly maxBodyBytes: number
  /** Whether the start of a longer body is of no use. A body that is announced to be longer is then not read at all. */
  readonly onlyWhole?: boolean
}

/** How far a request came. A timeout is evidence about the UI only if the request left this process. */
interface RequestProgress {
  connected: boolean
  /** Without TLS there is no handshake to wait for. */
  handshakeDone: boolean
  /** The kernel has taken the whole request. */
  written: boolean
}

/**
 * Sends one GET on its own connection, which is always closed afterwards. Open connections would fill the accept queue of a
 * hung JVM after two polls, and a reused connection that the UI has closed would look like a failure. Never rejects.
 */
export async function sendUiRequest({
  address,
  path,
  timeoutMs,
  maxBodyBytes,
  onlyWhole = false,
}: UiRequest): Promise<UiResult> {
  // TLS costs 3 MB that most sidecars never need.
  const request = address.scheme === 'https' ? (await import('node:https')).request : httpRequest
  return new Promise((resolve) => {
    const startedMs = performance.now()
    const tookMs = () => performance.now() - startedMs
    const progress: RequestProgress = { connected: false, handshakeDone: address.scheme === 'http', written: false }
    const heartbeat = startHeartbeat(timeoutMs)
    let outgoing: ClientRequest | undefined
    const settle = (result: UiResult) => {
      clearTimeout(timer)
      heartbeat.stop()
      resolve(result)
      outgoing?.destroy()
    }
    const fail = (result: UiResult) => settle(discountOwnDelay(result, progress, heartbeat, timeoutMs))
    const failWith = (error: NodeJS.ErrnoException) => fail(toUiResult(error, progress, tookMs()))
    // A process that was frozen may find the timeout and the response at the same time: the response is read first.
    const timer = setTimeout(() => setImmediate(timeOut), timeoutMs)
    const timeOut = () => {
      const detail = `no answer within ${timeoutMs} ms`
      fail({ kind: 'failed', cause: 'timeout', detail, tookMs: tookMs(), connected: progress.connected })
    }
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
      trackProgress(outgoing, progress)
      outgoing.on('error', failWith)
      outgoing.once('response', (incoming) => {
        incoming.on('error', failWith)
        readResponse(incoming, { maxBodyBytes, onlyWhole }, (response, isTruncated) =>
          settle({ kind: 'response', response, tookMs: tookMs(), bytes: incoming.socket.bytesRead, isTruncated }),
        )
      })
      outgoing.end()
    } catch (error) {
      settle({ kind: 'inconclusive', detail: String(error) })
    }
  })
}

function trackProgress(outgoing: ClientRequest, progress: RequestProgress): void {
  outgoing.once('socket', (socket: Socket) => {
    socket.once('connect', () => {
      progress.connected = true
    })
    socket.once('secureConnect', () => {
      progress.handshakeDone = true
    })
  })
  outgoing.once('finish', () => {
    progress.written = true
  })
}

/**
 * A failure counts only if this process did its part: its event loop ran all the time, so that an answer would have been
 * read, and the request was written.
 *
 * A connection that is not established in time is the driver's silence as well: a frozen JVM accepts no connection, and
 * once its accept queue is full, the kernel drops each SYN. Nor does a frozen JVM answer a TLS handshake. In both cases no
 * request can be written, so it is enough that the loop ran.
 */
function discountOwnDelay(
  result: UiResult,
  progress: RequestProgress,
  heartbeat: Heartbeat,
  timeoutMs: number,
): UiResult {
  if (result.kind !== 'failed') return result
  if (heartbeat.wasHeldUp(timeoutMs) || isLate(result.tookMs, timeoutMs)) {
    const lagMs = Math.round(Math.max(heartbeat.lagMs(), result.tookMs - timeoutMs))
    return { kind: 'inconclusive', detail: `spark-nanny itself was ${lagMs} ms late (frozen or throttled)` }
  }
  const waitsForUi = !progress.connected || !progress.handshakeDone || progress.written
  if (result.cause !== 'timeout' || waitsForUi) return result
  return { kind: 'inconclusive', detail: 'the request was not written in time' }
}

/**
 * A body of one byte per chunk would need a thousand times its size if its pieces were kept, so all but the first are copied.
 * Servers send pieces of some kilobytes; the bound also limits the time that such a body takes.
 */
const maxPieces = 4_096

/** Reads the body only if the status is 200. */
function readResponse(
  incoming: IncomingMessage,
  { maxBodyBytes, onlyWhole }: Required<Pick<UiRequest, 'maxBodyBytes' | 'onlyWhole'>>,
  done: (response: UiResponse, isTruncated: boolean) => void,
): void {
  const { statusCode = 0, headers } = incoming
  const head = { statusCode, location: headers.location }
  if (statusCode !== 200) {
    done({ ...head, body: '' }, false)
    return
  }
  if (onlyWhole && Number(headers['content-length'] ?? 0) > maxBodyBytes) {
    done({ ...head, body: '' }, true)
    return
  }
  let buffer: Buffer | undefined
  let bytes = 0
  let pieces = 0
  const finish = (isTruncated: boolean) =>
    done({ ...head, body: buffer?.toString('utf8', 0, bytes) ?? '' }, isTruncated)
  incoming.on('data', (piece: Buffer) => {
    pieces += 1
    const end = Math.min(bytes + piece.length, maxBodyBytes)
    const wasCut = end - bytes < piece.length
    if (buffer === undefined) {
      buffer = piece
    } else {
      buffer = growTo(buffer, end, maxBodyBytes)
      piece.copy(buffer, bytes, 0, end - bytes)
    }
    bytes = end
    if (wasCut || pieces >= maxPieces) finish(true)
  })
  incoming.once('end', () => finish(false))
}

/** A buffer with at least `bytes`, and the content of this one. It doubles, so that the copies stay few. */
function growTo(buffer: Buffer, bytes: number, maxBytes: number): Buffer {
  if (bytes <= buffer.length) return buffer
  const larger = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(bytes, 2 * buffer.length)))
  buffer.copy(larger)
  return larger
}

const resets: readonly string[] = ['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ETIMEDOUT']

/** Classifies an error of Node. An error that the UI did not clearly cause counts as this process's own. */
function toUiResult(
  error: NodeJS.ErrnoException,
  { connected, handshakeDone }: RequestProgress,
  tookMs: number,
): UiResult {
  const { code = '', message } = error
  const failed = (cause: FailureCause): UiResult => ({
    kind: 'failed',
    cause,
    detail: `${code} ${message}`.trim(),
    tookMs,
    connected,
  })
  if (code === 'ECONNREFUSED') return { kind: 'refused' }
  // The port does not serve TLS, or the server requires a client certificate.
  if (/^(ERR_SSL|ERR_TLS|EPROTO)/.test(code) || (!handshakeDone && resets.includes(code))) return failed('malformed')
  if (resets.includes(code)) return failed('reset')
  if (code.startsWith('HPE_')) return failed('malformed')
  return { kind: 'inconclusive', detail: `${code} ${message}`.trim() }
}
