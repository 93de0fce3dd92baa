import type { Log } from '../core/log.ts'
import type { ServingCertificate } from './pki/serving-certificate.ts'

/** Where the serving certificate comes from: our own authority in a Secret, or files that somebody else writes. */
export interface CertificateSource {
  /** A first look, before the server listens; a certificate that is not there yet is no error. */
  prepare(): Promise<void>
  /** Run until stopped, by name; none rejects for what a file, the API or the network does. */
  readonly loops: Readonly<Record<string, (signal: AbortSignal) => Promise<void>>>
  /** What keeps the process from being ready, by name: `certificate`, `certificate-expired`, `ca-bundle`. */
  unready(): readonly string[]
}

export interface CertificateDeps {
  /** New connections are answered with it; those that are open go on. */
  serve(certificate: ServingCertificate): void
  readonly metrics: CertificateMetrics
  readonly log: Log
  /** The wall clock. */
  nowMs(): number
  /** A clock that nobody sets. */
  elapsedMs(): number
  /** Resolves after `ms` or on abort. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** From 0 to 1. */
  random(): number
}

export interface CertificateMetrics {
  certificateExpiry(expiresMs: number): void
  authorityExpiry(expiresMs: number): void
  certificateRenewed(kind: 'leaf' | 'ca'): void
  certificateSourceHealthy(healthy: boolean): void
}

/** By the time at which it ends, `nowMs` being the clock to go by. */
export function findUnreadyReasons(certificate: ServingCertificate | null, nowMs: number): readonly string[] {
  if (certificate === null) return ['certificate']
  return certificate.expiresMs <= nowMs ? ['certificate-expired'] : []
}
