import { connect } from 'node:tls'

export type HandshakeResult =
  | { readonly kind: 'verified' }
  /** A server answered, but its certificate does not verify. */
  | { readonly kind: 'unverified'; readonly detail: string }
  | { readonly kind: 'unreachable'; readonly detail: string }

export interface HandshakeTarget {
  readonly host: string
  readonly port: number
  /** The host name that the certificate must contain. */
  readonly servername: string
  readonly deadlineMs: number
}

/** Makes a new TLS connection as the API server does. Trusts only the given PEM authorities. Never rejects. */
export function probeHandshake(
  { host, port, servername, deadlineMs }: HandshakeTarget,
  authoritiesPem: string,
): Promise<HandshakeResult> {
  return new Promise((resolve) => {
    let connected = false
    const socket = connect({ host, port, servername, ca: authoritiesPem, rejectUnauthorized: true })
    const end = (outcome: HandshakeResult) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(outcome)
    }
    const fail = (detail: string) => end({ kind: connected ? 'unverified' : 'unreachable', detail })
    const timer = setTimeout(() => fail(`no TLS connection within ${deadlineMs} ms`), deadlineMs)
    socket.once('connect', () => {
      connected = true
    })
    socket.once('secureConnect', () => end({ kind: 'verified' }))
    socket.on('error', (error) => fail(error.message))
  })
}
