import { connect } from 'node:tls'

export type HandshakeResult =
  | { readonly kind: 'verified' }
  /** Something answered, but not with a certificate that verifies. */
  | { readonly kind: 'unverified'; readonly detail: string }
  | { readonly kind: 'unreachable'; readonly detail: string }

export interface HandshakeTarget {
  readonly host: string
  readonly port: number
  /** The name that the certificate must hold. */
  readonly servername: string
  readonly deadlineMs: number
}

/** A TLS connection as the API server makes one, a new one each time; trusts the authorities given, PEM, and no other. */
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
