import { X509Certificate } from 'node:crypto'
import { parseAuthorities } from '../../certs/pki/ca-bundle.ts'
import type { Issuer } from '../../certs/pki/issuer.ts'
import { createReplica, type SelfSignedReplica } from '../../certs/self-signed/self-signed-replica.ts'
import type { HandshakeResult } from '../../certs/trust/handshake-probe.ts'
import type { KubernetesApi } from '../../kubernetes/api.ts'
import { createRecordingLog, type RecordedLine } from '../support/recording-log.ts'

export const host = 'spark-nanny.spark-nanny.svc'
export const hourMs = 3_600_000
export const dayMs = 24 * hourMs

/** A manual clock. */
export interface TestClock {
  wallMs: number
  elapsedMs: number
}

export const startMs = Date.parse('2026-01-01T00:00:00Z')
export const createTestClock = (): TestClock => ({ wallMs: startMs, elapsedMs: 0 })

export function advance(clock: TestClock, ms: number): void {
  clock.wallMs += ms
  clock.elapsedMs += ms
}

export interface TestReplica extends SelfSignedReplica {
  /** PEM of what it serves; null: nothing yet. */
  serving(): string | null
  readonly lines: readonly RecordedLine[]
  readonly figures: { healthy: boolean; leaf: number; ca: number; expiresMs: number; authorityExpiresMs: number }
  events(): readonly unknown[]
}

export interface TestReplicaOptions {
  readonly api: KubernetesApi
  readonly issuer: Issuer
  readonly clock: TestClock
  readonly holdMs?: number
  readonly hosts?: readonly [string, ...string[]]
  readonly leafValidityMs?: number
  dial?(authoritiesPem: string): Promise<HandshakeResult>
}

export function createTestReplica({
  api,
  issuer,
  clock,
  holdMs = 60_000,
  hosts = [host],
  leafValidityMs = 90 * dayMs,
  dial,
}: TestReplicaOptions): TestReplica {
  const { log, lines } = createRecordingLog()
  const figures = { healthy: false, leaf: 0, ca: 0, expiresMs: 0, authorityExpiresMs: 0 }
  let serving: string | null = null
  const replica = createReplica(
    {
      secretName: { namespace: 'spark-nanny', name: 'tls' },
      configurationName: 'spark-nanny',
      plan: { hosts, authorityValidityMs: 365 * dayMs, leafValidityMs, holdMs },
    },
    {
      api,
      issuer,
      log,
      probeHandshake: dial ?? (async (pem) => verification(serving, pem)),
      serve: ({ context }) => {
        serving = String(context.cert)
      },
      metrics: {
        setCertificateExpiry: (ms) => {
          figures.expiresMs = ms
        },
        setAuthorityExpiry: (ms) => {
          figures.authorityExpiresMs = ms
        },
        countRenewal: (kind) => {
          figures[kind] += 1
        },
        setCertificateSourceHealthy: (healthy) => {
          figures.healthy = healthy
        },
      },
      nowMs: () => clock.wallMs,
      elapsedMs: () => clock.elapsedMs,
      sleep: async () => {},
      random: () => 0.5,
    },
  )
  return {
    ...replica,
    serving: () => serving,
    lines,
    figures,
    events: () => lines.map(({ line }) => line.event),
  }
}

const verified = new Map<string, boolean>()

/** Whether a client that trusts these authorities accepts a certificate. */
export function verifies(certificatePem: string, authoritiesPem: string): boolean {
  const key = certificatePem + authoritiesPem
  const known = verified.get(key)
  if (known !== undefined) return known
  const certificate = new X509Certificate(certificatePem)
  const result = parseAuthorities(authoritiesPem).authorities.some((authority) => {
    const issuer = new X509Certificate(authority.certificatePem)
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
  })
  verified.set(key, result)
  return result
}

export function verification(serving: string | null, authoritiesPem: string): HandshakeResult {
  if (serving === null) return { kind: 'unreachable', detail: 'connection refused' }
  if (verifies(serving, authoritiesPem)) return { kind: 'verified' }
  return { kind: 'unverified', detail: 'unable to verify the first certificate' }
}

/** Runs rounds until `done`, and advances the clock by the delay that each round returns. */
export async function runRoundsUntil(
  replica: SelfSignedReplica,
  clock: TestClock,
  done: () => boolean,
  most = 200,
): Promise<void> {
  for (let rounds = 0; !done(); rounds += 1) {
    if (rounds > most) throw new Error(`not after ${most} rounds`)
    advance(clock, await replica.runRound())
  }
}
