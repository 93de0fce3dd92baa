import { connect, type Socket } from 'node:net'
import type { UiResponse } from '../core/spark/rest-api.ts'
import type { FailureCause } from '../core/verdict/witnesses.ts'
import { decideWait, type Heartbeat, isLongPause, startHeartbeat } from './active-time.ts'
import { createResponseReader, type ResponseStep } from './http-response.ts'
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
      /** For a timeout, the time in which this process ran. */
      readonly tookMs: number
      /** Whether the connection was established: then the network to the UI works. */
      readonly connected: boolean
    }
  /** This process may be the cause: it had no socket, no memory or no address, or it did not run all the time. */
  | { readonly kind: 'inconclusive'; readonly detail: string }

export interface UiRequest {
  readonly address: UiAddress
  readonly path: string
  /** Covers the time from the connect to the last byte of the body. The time in which this process does not run is added. */
  readonly timeoutMs: number
  /** A longer body is truncated, whether or not it is compressed. */
  readonly maxBodyBytes: number
  /** Whether the start of a longer body is of no use. A body that is announced to be longer is then not read at all. */
  readonly onlyWhole?: boolean
  /**
   * Whether the server may compress the body. Spark's UI does so for all its pages: a thread dump then has a tenth of its bytes.
   * A compressed body that is longer than `maxBodyBytes` is lost as a whole.
   */
  readonly acceptsGzip?: boolean
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
export async function sendUiRequest(uiRequest: UiRequest): Promise<UiResult> {
  const { address, timeoutMs } = uiRequest
  // TLS costs 3 MB that most sidecars never need.
  const connectTls = address.scheme === 'https' ? (await import('node:tls')).connect : undefined
  return new Promise((resolve) => {
    const startedMs = performance.now()
    const tookMs = () => performance.now() - startedMs
    const progress: RequestProgress = { connected: false, handshakeDone: address.scheme === 'http', written: false }
    const heartbeat = startHeartbeat(timeoutMs)
    let socket: Socket | undefined
    let settled = false
    const settle = (result: UiResult) => {
      settled = true
      clearTimeout(timer)
      heartbeat.stop()
      resolve(result)
      socket?.destroy()
    }
    const fail = (result: UiResult) => settle(discountOwnPause(result, heartbeat, timeoutMs))
    const timeOut = () => {
      if (settled) return
      const lagMs = heartbeat.lagMs()
      const decision = decideWait(tookMs(), lagMs, timeoutMs)
      if (decision.kind === 'wait') timer = startTimer(decision.forMs)
      else if (decision.kind === 'inconclusive') settle(createLateResult(lagMs))
      else settle(toTimeout(reader.hasOnlyBreaks(), progress, timeoutMs, tookMs() - lagMs))
    }
    // A process that was frozen may find the timeout and the response at the same time: the response is read first.
    const startTimer = (ms: number) => setTimeout(() => setImmediate(timeOut), ms)
    let timer = startTimer(timeoutMs)
    const reader = createResponseReader(uiRequest)
    const follow = (step: ResponseStep) => {
      if (step.kind === 'incomplete') return
      if (step.kind === 'failed') return fail({ ...step, tookMs: tookMs(), connected: progress.connected })
      const { response, isTruncated } = step
      settle({ kind: 'response', response, tookMs: tookMs(), bytes: socket?.bytesRead ?? 0, isTruncated })
    }
    try {
      const { host, port } = address
      socket = connectTls?.({ host, port, rejectUnauthorized: false }) ?? connect({ host, port })
      trackProgress(socket, progress)
      socket.on('error', (error) => fail(toUiResult(error, progress, tookMs())))
      socket.on('data', (piece: Buffer) => follow(reader.add(piece)))
      socket.once('close', () => follow(reader.end()))
      socket.write(formatRequest(uiRequest), () => {
        progress.written = true
      })
    } catch (error) {
      settle({ kind: 'inconclusive', detail: String(error) })
    }
  })
}

function formatRequest({ address: { host, port }, path, acceptsGzip }: UiRequest): string {
  const encoding = acceptsGzip === true ? 'Accept-Encoding: gzip\r\n' : ''
  const hostName = host.includes(':') ? `[${host}]` : host
  return `GET ${path} HTTP/1.1\r\nHost: ${hostName}:${port}\r\nUser-Agent: spark-nanny\r\nAccept: */*\r\n${encoding}Connection: close\r\n\r\n`
}

function trackProgress(socket: Socket, progress: RequestProgress): void {
  socket.once('connect', () => {
    progress.connected = true
  })
  if (progress.handshakeDone) return
  socket.once('secureConnect', () => {
    progress.handshakeDone = true
  })
}

/**
 * The result of a request that had its whole timeout. A connection that is not established in time is the driver's silence as
 * well: a frozen JVM accepts no connection, and once its accept queue is full, the kernel drops each SYN. Nor does a frozen JVM
 * answer a TLS handshake. In both cases no request can be written, so it is enough that the loop ran.
 */
function toTimeout(
  sentOnlyBreaks: boolean,
  { connected, handshakeDone, written }: RequestProgress,
  timeoutMs: number,
  tookMs: number,
): UiResult {
  const cause = sentOnlyBreaks ? 'malformed' : 'timeout'
  const waitsForUi = !connected || !handshakeDone || written
  if (cause === 'timeout' && !waitsForUi) {
    return { kind: 'inconclusive', detail: 'the request was not written in time' }
  }
  return { kind: 'failed', cause, detail: `no answer within ${timeoutMs} ms`, tookMs, connected }
}

/**
 * A failure before the timeout counts only if no pause of this process can have caused it: a server that waits too long for the
 * rest of a request ends the connection. Many short pauses, as those of a throttled process, are no cause.
 */
function discountOwnPause(result: UiResult, heartbeat: Heartbeat, timeoutMs: number): UiResult {
  const pauseMs = heartbeat.longestPauseMs()
  return result.kind === 'failed' && isLongPause(pauseMs, timeoutMs) ? createLateResult(pauseMs) : result
}

const createLateResult = (lagMs: number): UiResult => ({
  kind: 'inconclusive',
  detail: `spark-nanny itself was ${Math.round(lagMs)} ms late (frozen or throttled)`,
})

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
  return { kind: 'inconclusive', detail: `${code} ${message}`.trim() }
}
