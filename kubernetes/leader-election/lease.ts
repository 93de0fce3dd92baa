import { isRecord, toRecord } from '../../core/json.ts'

/** Durations as client-go has them for the controllers of Kubernetes (leaderelection.go). */
export interface LeaseTiming {
  /** How long others leave a lease alone that is not renewed. */
  readonly durationMs: number
  /** A leader that has not renewed within this steps down: well before others may take over. */
  readonly renewDeadlineMs: number
  readonly retryMs: number
}

export const leaseTiming: LeaseTiming = { durationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 }

/** A coordination.k8s.io/v1 Lease, as it was read. */
export interface LeaseRecord {
  readonly resourceVersion: string
  /** All of it, with the labels of who made it: written back as it was. */
  readonly metadata: Readonly<Record<string, unknown>>
  readonly holder: string
  readonly durationMs: number
  readonly transitions: number
  /** As written: by the holder's clock, which is not ours and is compared with itself only. */
  readonly renewTime: string
  readonly acquireTime: string
}

/** A record and when, by our own clock, it was first seen to be so. */
export interface ObservedLease {
  readonly record: LeaseRecord
  readonly sinceMs: number
}

export function parseLease(body: unknown): LeaseRecord | undefined {
  if (!isRecord(body) || body.kind !== 'Lease') return undefined
  const spec = toRecord(body.spec)
  const metadata = toRecord(body.metadata)
  const text = (value: unknown) => (typeof value === 'string' ? value : '')
  const count = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : 0)
  return {
    resourceVersion: text(metadata.resourceVersion),
    metadata,
    holder: text(spec.holderIdentity),
    durationMs: count(spec.leaseDurationSeconds) * 1000,
    transitions: count(spec.leaseTransitions),
    renewTime: text(spec.renewTime),
    acquireTime: text(spec.acquireTime),
  }
}

/** The lease as it is known after reading `record`: time runs from the last change that was seen, not from its own times. */
export function observeLease(before: ObservedLease | undefined, record: LeaseRecord, nowMs: number): ObservedLease {
  const same = before?.record.resourceVersion === record.resourceVersion
  return same ? before : { record, sinceMs: nowMs }
}

/** What the one who wants to lead does about a lease that exists. */
export type LeaseStep =
  /** Another holds it. */
  | { readonly kind: 'wait' }
  /** Ours, free, or not renewed for as long as its holder said. */
  | { readonly kind: 'take'; readonly spec: LeaseSpec }

export interface LeaseSpec {
  readonly holderIdentity: string
  readonly leaseDurationSeconds: number
  readonly acquireTime: string
  readonly renewTime: string
  readonly leaseTransitions: number
}

export function decideLeaseStep({ record, sinceMs }: ObservedLease, identity: string, now: LeaseNow): LeaseStep {
  const ours = record.holder === identity
  const free = record.holder === ''
  const ended = now.nowMs - sinceMs >= (record.durationMs || leaseTiming.durationMs)
  if (!ours && !free && !ended) return { kind: 'wait' }
  const first = createLeaseSpec(identity, now)
  if (!ours) return { kind: 'take', spec: { ...first, leaseTransitions: record.transitions + 1 } }
  const acquireTime = record.acquireTime || first.acquireTime
  return { kind: 'take', spec: { ...first, acquireTime, leaseTransitions: record.transitions } }
}

export interface LeaseNow {
  /** Of a clock that no one sets. */
  readonly nowMs: number
  /** For people who read the lease. */
  readonly wallMs: number
  readonly durationMs: number
}

export function createLeaseSpec(identity: string, { wallMs, durationMs }: LeaseNow): LeaseSpec {
  const time = microTime(wallMs)
  return {
    holderIdentity: identity,
    leaseDurationSeconds: Math.max(1, Math.round(durationMs / 1000)),
    acquireTime: time,
    renewTime: time,
    leaseTransitions: 0,
  }
}

/** Nobody's; others need not wait out its duration. */
export function createReleasedSpec(record: LeaseRecord, wallMs: number): LeaseSpec {
  const time = microTime(wallMs)
  return {
    holderIdentity: '',
    leaseDurationSeconds: 1,
    acquireTime: time,
    renewTime: time,
    leaseTransitions: record.transitions,
  }
}

/** MicroTime of apimachinery: six digits. */
const microTime = (wallMs: number) => new Date(wallMs).toISOString().replace('Z', '000Z')
