import type { Log } from '../core/log.ts'
import type { ServingCertificate } from './pki/serving-certificate.ts'

/** The source of the serving certificate: spark-nanny's own authority in a Secret, or mounted files. */
export interface CertificateSource {
  /** Reads the certificate before the server listens. A certificate that does not exist yet is not an error. */
  prepare(): Promise<void>
  /** The loops by name. Each one runs until it is aborted, and does not reject for errors of files, API or network. */
  readonly loops: Readonly<Record<string, (signal: AbortSignal) => Promise<void>>>
  /** Why the process is not ready: any of `certificate`, `certificate-expired` and `ca-bundle`. */
  unready(): readonly string[]
}

export interface CertificateDeps {
  /** Serves the certificate on new connections. Open connections continue. */
  serve(certificate: ServingCertificate): void
  readonly metrics: CertificateMetrics
  readonly log: Log
  /** Milliseconds of the wall clock. */
  nowMs(): number
  /** Milliseconds of a monotonic clock. */
  elapsedMs(): number
  /** Resolves after `ms` or on abort. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** A random number from 0 to 1. */
  random(): number
}

export interface CertificateMetrics {
  setCertificateExpiry(expiresMs: number): void
  setAuthorityExpiry(expiresMs: number): void
  countRenewal(kind: 'leaf' | 'ca'): void
  setCertificateSourceHealthy(healthy: boolean): void
}

/** Why this certificate keeps the process from being ready at `nowMs`. */
export function findUnreadyReasons(certificate: ServingCertificate | null, nowMs: number): readonly string[] {
  if (certificate === null) return ['certificate']
  return certificate.expiresMs <= nowMs ? ['certificate-expired'] : []
}
