import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { WatchFault } from './fault.ts'

export interface WatchRelay {
  readonly response: ServerResponse
  /** Resets the connection. */
  reset(): void
  readonly fault: WatchFault
  open(): Promise<IncomingMessage>
  /** The network drops everything silently. */
  isCut(): boolean
}

const status = (code: number, reason: string) =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message: 'a fault', reason, code })

/** Relays one watch line by line until its fault or its end. Once silent, it stays silent. */
export async function relayWatch({ response, reset, fault, open, isCut }: WatchRelay): Promise<void> {
  const refuse = (code: number, reason: string, headers = {}) =>
    void response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(status(code, reason))
  switch (fault.kind) {
    case 'reset':
      reset()
      return
    case 'gone':
      return refuse(410, 'Expired')
    case 'refused':
      return fault.afterMs < 1_500
        ? refuse(429, 'TooManyRequests', { 'retry-after': '1' })
        : refuse(500, 'InternalError')
    case 'garbage-answer':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>\n<body>Log in</body>\n</html>')
      return
  }
  const upstream = await open()
  upstream.on('error', () => {})
  response.once('close', () => upstream.destroy())
  response.writeHead(upstream.statusCode ?? 0, { 'content-type': 'application/json' })
  let silent = false
  let dripping = fault.kind === 'dripped'
  const timer = setTimeout(() => {
    const finish = (last: string, then: () => void) => {
      silent = true
      response.write(last, then)
    }
    switch (fault.kind) {
      case 'ended':
        return finish('', () => response.end())
      case 'cut':
        return reset()
      case 'truncated-event':
        return finish('{"type":"MODIFIED","object":{"kind":"Pod","metadata":{"na', () => response.end())
      case 'garbage-event':
        return finish('\u0000\u0001 no JSON\n', () => {})
      case 'error-event':
        return finish(`{"type":"ERROR","object":${status(410, 'Expired')}}\n`, () => response.end())
      case 'dripped':
        dripping = false
        return
      case 'frozen':
        silent = true
        return
    }
  }, fault.afterMs)
  try {
    for await (const piece of upstream as AsyncIterable<Buffer>) {
      if (isCut()) silent = true
      if (silent) continue
      if (dripping) {
        const half = Math.floor(piece.length / 2)
        response.write(piece.subarray(0, half))
        await delay(30)
        response.write(piece.subarray(half))
      } else response.write(piece)
    }
    if (!silent && !isCut()) response.end()
  } finally {
    clearTimeout(timer)
  }
}
