import { isRecord, toRecord, toStringOrEmpty } from '../../core/json.ts'

/** The defaults are those that client-go has for the controllers of Kubernetes (leaderelection.go). */
export interface LeaseTiming {
  /** How long other processes respect a lease that is not renewed. */
  readonly durationMs: number
  /** A leader that has not renewed the lease for this long steps down, well before another process may take over. */
  readonly renewDeadlineMs: number
  /** The time between two attempts. */
  readonly retryMs: number
}

export const leaseTiming: LeaseTiming = { durationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 }

/** A Lease of coordination.k8s.io/v1 as it was read. */
export interface LeaseRecord {
  readonly resourceVersion: string
  /** The whole metadata, including labels of other clients. It is written back unchanged. */
  readonly metadata: Readonly<Record<string, unknown>>
  /** The identity of the holder. Empty if the lease is free. */
  readonly holder: string
  readonly durationMs: number
  readonly transitions: number
  /** The time by the holder's clock. It is never compared with the clock of this process. */
  readonly renewTime: string
  readonly acquireTime: string
}

/** A Lease, and the time by this process's monotonic clock at which it was first seen in this state. */
export interface ObservedLease {
  readonly record: LeaseRecord
  readonly sinceMs: number
}

/** Returns undefined if the body is not a Lease. */
export function parseLease(body: unknown): LeaseRecord | undefined {
  if (!isRecord(body) || body.kind !== 'Lease') return undefined
  const spec = toRecord(body.spec)
  const metadata = toRecord(body.metadata)
  const count = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : 0)
  return {
    resourceVersion: toStringOrEmpty(metadata.resourceVersion),
    metadata,
    holder: toStringOrEmpty(spec.holderIdentity),
    durationMs: count(spec.leaseDurationSeconds) * 1000,
    transitions: count(spec.leaseTransitions),
    renewTime: toStringOrEmpty(spec.renewTime),
    acquireTime: toStringOrEmpty(spec.acquireTime),
  }
}

/** Updates the observed Lease with what was read. Its age counts from the last change that was seen, not from the times in it. */
export function observeLease(before: ObservedLease | undefined, record: LeaseRecord, nowMs: number): ObservedLease {
  const isUnchanged = before?.record.resourceVersion === record.resourceVersion
  return isUnchanged ? before : { record, sinceMs: nowMs }
}

/** What a process that wants to lead does about an existing Lease. */
export type LeaseStep =
  /** Another process holds it. */
  | { readonly kind: 'wait' }
  /** This process holds it, no process holds it, or its holder has not renewed it for its whole duration. */
  | { readonly kind: 'take'; readonly spec: LeaseSpec }

/** Whether this process holds the lease. */
export type Leadership =
  | { readonly kind: 'none' }
  /** `renewedMs`: when the request that last acquired or renewed the lease was sent, by the monotonic clock. */
  | { readonly kind: 'held'; readonly renewedMs: number }

/** The milliseconds until a process must stop to lead, unless it renews the lease. 0 or less if it does not lead. */
export function msUntilRenewDeadline(leadership: Leadership, nowMs: number, { renewDeadlineMs }: LeaseTiming): number {
  return leadership.kind === 'none' ? 0 : leadership.renewedMs + renewDeadlineMs - nowMs
}

export function isLeading(leadership: Leadership, nowMs: number, { renewDeadlineMs }: LeaseTiming): boolean {
  return leadership.kind === 'held' && nowMs - leadership.renewedMs < renewDeadlineMs
}

/** The spec of a Lease of coordination.k8s.io/v1. */
export interface LeaseSpec {
  readonly holderIdentity: string
  readonly leaseDurationSeconds: number
  readonly acquireTime: string
  readonly renewTime: string
  readonly leaseTransitions: number
}

/** Pure. `identity` is the identity of this process. */
export function decideLeaseStep({ record, sinceMs }: ObservedLease, identity: string, now: LeaseNow): LeaseStep {
  const isOwn = record.holder === identity
  const isFree = record.holder === ''
  const hasExpired = now.nowMs - sinceMs >= (record.durationMs || leaseTiming.durationMs)
  if (!isOwn && !isFree && !hasExpired) return { kind: 'wait' }
  const first = createLeaseSpec(identity, now)
  if (!isOwn) return { kind: 'take', spec: { ...first, leaseTransitions: record.transitions + 1 } }
  const acquireTime = record.acquireTime || first.acquireTime
  return { kind: 'take', spec: { ...first, acquireTime, leaseTransitions: record.transitions } }
}

export interface LeaseNow {
  /** By a clock that is never set. */
  readonly nowMs: number
  /** By the wall clock, for people who read the Lease. */
  readonly wallMs: number
  /** The duration of the lease. */
  readonly durationMs: number
}

/** The spec of a Lease that this process acquires now. */
export function createLeaseSpec(identity: string, { wallMs, durationMs }: LeaseNow): LeaseSpec {
  const time = formatMicroTime(wallMs)
  return {
    holderIdentity: identity,
    leaseDurationSeconds: Math.max(1, Math.round(durationMs / 1000)),
    acquireTime: time,
    renewTime: time,
    leaseTransitions: 0,
  }
}

/** The spec of a free Lease, which another process can acquire immediately. */
export function createReleasedSpec(record: LeaseRecord, wallMs: number): LeaseSpec {
  const time = formatMicroTime(wallMs)
  return {
    holderIdentity: '',
    leaseDurationSeconds: 1,
    acquireTime: time,
    renewTime: time,
    leaseTransitions: record.transitions,
  }
}

/** A MicroTime of apimachinery, which has six digits after the second. */
const formatMicroTime = (wallMs: number) => new Date(wallMs).toISOString().replace('Z', '000Z')
