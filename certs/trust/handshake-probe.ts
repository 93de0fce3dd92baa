import { connect } from 'node:tls'

export type DialOutcome =
  | { readonly kind: 'verified' }
  /** Something answered, but not with a certificate that verifies. */
  | { readonly kind: 'unverified'; readonly detail: string }
  | { readonly kind: 'unreachable'; readonly detail: string }

export interface DialTarget {
  readonly host: string
  readonly port: number
  /** The name that the certificate must hold. */
  readonly servername: string
  readonly deadlineMs: number
}

/** A TLS connection as the API server makes one, a new one each time; trusts the authorities given, PEM, and no other. */
export function dial({ host, port, servername, deadlineMs }: DialTarget, authoritiesPem: string): Promise<DialOutcome> {
  return new Promise((resolve) => {
    let connected = false
    const socket = connect({ host, port, servername, ca: authoritiesPem, rejectUnauthorized: true })
    const end = (outcome: DialOutcome) => {
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
